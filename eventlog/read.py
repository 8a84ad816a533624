"""Reads the log block by block: in constant memory, and with no transaction held in between."""

from collections.abc import AsyncIterator
from typing import Final

from eventlog.database import Conn
from eventlog.rows import recorded
from eventlog.statements import statement
from schema.envelope import RecordedEvent

BLOCK_EVENTS: Final = 1000
BLOCK_BYTES: Final = 4 << 20
"""Stored bytes of data in one block; a larger event comes alone."""
EVERYTHING: Final = (1 << 63) - 1
"""Behind every version and position."""

READ_STREAM: Final = statement(__package__, "read_stream")
READ_PARTITION: Final = statement(__package__, "read_partition")

Block = list[RecordedEvent]


async def read_stream(
    conn: Conn, partition: int, stream: str, *, after: int = 0, up_to: int = EVERYTHING
) -> AsyncIterator[Block]:
    """The stream's events with *after* < version ≤ *up_to*, in order."""
    while after < up_to:
        rows = await conn.fetch(
            READ_STREAM, partition, stream, after, up_to, BLOCK_EVENTS, BLOCK_BYTES
        )
        if not rows:
            return
        yield [recorded(partition, row) for row in rows]
        after = rows[-1]["version"]


async def read_partition(
    conn: Conn, partition: int, *, after: int = 0, up_to: int = EVERYTHING
) -> AsyncIterator[Block]:
    """The partition's events with *after* < position ≤ *up_to*, in order."""
    while after < up_to:
        rows = await conn.fetch(READ_PARTITION, partition, after, up_to, BLOCK_EVENTS, BLOCK_BYTES)
        if not rows:
            return
        yield [recorded(partition, row) for row in rows]
        after = rows[-1]["position"]
