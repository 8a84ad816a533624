"""The read model `recall_counts`: how often, and when last, an agent was given a memory."""

from collections.abc import Iterator, Sequence
from typing import Final

from eventlog.database import Conn
from eventlog.statements import statement
from schema import events
from schema.envelope import RecordedEvent
from service.projections.episodes import named
from service.projections.opened import in_utc
from service.projections.setwise import Row, execute_for, place

COUNT: Final = statement(__package__, "count_recalls")


async def apply_recalls(conn: Conn, batch: Sequence[RecordedEvent]) -> None:
    """Count what *batch* says was recalled; a recall counts a memory once."""
    await execute_for(conn, COUNT, _recalls(batch))


def _recalls(batch: Sequence[RecordedEvent]) -> Iterator[Row]:
    for recorded in batch:
        if isinstance(event := recorded.event, events.RecallsCounted):
            for id_ in map(named, dict.fromkeys(event.ids)):
                if id_ is not None:
                    yield *place(recorded), id_, in_utc(event.at)
