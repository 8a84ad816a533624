"""Vectors on their way to the database: as pgvector takes them, since arrays are slow to encode."""

from typing import TYPE_CHECKING, Any

import asyncpg

from eventlog.database import Conn

if TYPE_CHECKING:
    from service.memory.embedder import Vector


def sent(vector: "Vector") -> bytes:
    """*vector* in pgvector's binary form: 2 bytes of dimensions, 2 unused, 4 for each number."""
    return len(vector).to_bytes(2) + b"\0\0" + vector.astype(">f4").tobytes()


async def fetch_by_vector(conn: Conn, sql: str, *values: Any) -> list[Any]:
    """The rows of *sql*, among whose *values* are vectors as `sent` makes them.

    A connection learns to take them the first time: until then the driver wants text there, and
    says so before anything is sent.
    """
    try:
        return await conn.fetch(sql, *values)
    except asyncpg.DataError:
        await conn.set_type_codec(
            "vector", schema="public", encoder=bytes, decoder=bytes, format="binary"
        )
        return await conn.fetch(sql, *values)
