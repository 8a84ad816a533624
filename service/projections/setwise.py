"""What the projections share: the rows of a batch, and one statement for many rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from eventlog.database import Conn
from schema import events
from schema.envelope import RecordedEvent

T = TypeVar("T")

Row = tuple[object, ...]

SESSION_PREFIX: Final = "session-"


async def execute_for(conn: Conn, sql: str, rows: Iterable[Row]) -> None:
    """Run *sql* once, a parameter for each field: the array of all *rows*; not without rows."""
    if columns := list(zip(*rows, strict=True)):
        await conn.execute(sql, *columns)


async def fetch_for(conn: Conn, sql: str, rows: Iterable[Row], *more: object) -> list[Any]:
    """As `execute_for`, with the parameters *more* behind the columns; what the statement gives."""
    columns = list(zip(*rows, strict=True))
    return await conn.fetch(sql, *columns, *more) if columns else []


def groups_of(rows: Iterable[T], weight: Callable[[T], int], most: int) -> Iterator[list[T]]:
    """*rows* in order, as many at a time as together weigh *most*, or one that weighs more."""
    group: list[T] = []
    left = most
    for row in rows:
        left -= weight(row)
        if group and left < 0:
            yield group
            group, left = [], most - weight(row)
        group.append(row)
    if group:
        yield group


def of_sessions(batch: Sequence[RecordedEvent]) -> list[RecordedEvent]:
    """The events of *batch* that stand in a session's stream."""
    return [recorded for recorded in batch if recorded.stream.startswith(SESSION_PREFIX)]


def erased_versions(batch: Sequence[RecordedEvent]) -> Iterator[Row]:
    """Partition, stream and version of each event that *batch* says was erased."""
    for recorded in batch:
        if isinstance(recorded.event, events.EventsErased):
            for version in recorded.event.versions:
                yield recorded.partition, recorded.stream, version


def place(recorded: RecordedEvent) -> tuple[int, str, int]:
    """Where *recorded* stands: partition, stream, version."""
    return recorded.partition, recorded.stream, recorded.version


def made(recorded: RecordedEvent) -> tuple[int, str, int, str, datetime]:
    """Where *recorded* stands, whose it is, and when it was recorded."""
    return *place(recorded), recorded.agent_id, recorded.recorded_at
