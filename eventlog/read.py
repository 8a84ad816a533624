"""Reads the log block by block: in constant memory, and with no transaction held in between."""

from typing import Final

from eventlog.database import Conn
from eventlog.rows import recorded
from eventlog.statements import statement
from schema.envelope import RecordedEvent
from schema.errors import Broken

BLOCK_EVENTS: Final = 1000
BLOCK_BYTES: Final = 4 << 20
"""Stored bytes of data in one block; a larger event comes alone."""
EVERYTHING: Final = (1 << 63) - 1
"""Behind every version and position."""

READ_STREAM: Final = statement(__package__, "read_stream")
READ_PARTITION: Final = statement(__package__, "read_partition")

Block = list[RecordedEvent]


async def read_stream(
    conn: Conn, partition: int, stream: str, *, after: int, up_to: int = EVERYTHING
) -> Block:
    """The stream's next events with *after* < version ≤ *up_to*, in order; none at its end.

    Raises `UnknownEvent` for what this program cannot read. Whether a version is missing is for
    verifying to find, which can name it.
    """
    rows = await conn.fetch(READ_STREAM, partition, stream, after, up_to, BLOCK_EVENTS, BLOCK_BYTES)
    return [recorded(partition, row) for row in rows]


async def read_partition(
    conn: Conn, partition: int, *, after: int, up_to: int = EVERYTHING
) -> Block:
    """The partition's next events with *after* < position ≤ *up_to*, in order; none at its end.

    Raises `UnknownEvent` as `read_stream` does, and `Broken` where a position is missing, which an
    append makes impossible.
    """
    rows = await conn.fetch(READ_PARTITION, partition, after, up_to, BLOCK_EVENTS, BLOCK_BYTES)
    if rows and rows[-1]["position"] != after + len(rows):
        raise Broken(f"partition {partition} of the log has a gap behind position {after}")
    return [recorded(partition, row) for row in rows]
