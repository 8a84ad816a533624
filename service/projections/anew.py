"""Makes the rows of a stream anew where what they were made of was erased."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final, TypeAlias

from eventlog.database import Conn
from eventlog.read import read_stream
from eventlog.statements import statement
from schema.envelope import RecordedEvent

CLEAR: Final = statement(__package__, "clear_stream")

CLEARED_ROWS: Final = 50_000
"""Rows that one statement takes away, so that none takes long."""

AddFn: TypeAlias = Callable[[Conn, Sequence[RecordedEvent]], Awaitable[None]]
Stream: TypeAlias = tuple[int, str]
"""Its partition and its name."""


async def add_or_make_anew(
    conn: Conn,
    batch: Sequence[RecordedEvent],
    *,
    marked: Collection[Stream],
    tables: Sequence[str],
    add: AddFn,
) -> None:
    """*add* what *batch* says; of the *marked* streams all that there ever was, to empty *tables*.

    So these come to where the batch ends, and their erased events say nothing any more.
    """
    await add(conn, [r for r in batch if (r.partition, r.stream) not in marked])
    for stream in sorted(marked):
        up_to = max(r.version for r in batch if (r.partition, r.stream) == stream)
        await _clear(conn, stream, tables)
        await _add_all(conn, stream, up_to, add)


async def _clear(conn: Conn, stream: Stream, tables: Sequence[str]) -> None:
    for table in tables:
        clear = CLEAR.replace("table_of_stream", table)
        while await conn.execute(clear, *stream, CLEARED_ROWS) != "DELETE 0":
            pass


async def _add_all(conn: Conn, stream: Stream, up_to: int, add: AddFn) -> None:
    after = 0
    while block := await read_stream(conn, *stream, after=after, up_to=up_to):
        await add(conn, block)
        after = block[-1].version
