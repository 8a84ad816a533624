"""The read model `working_memory`: what sessions, and agents that share it, have at hand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from eventlog.database import Conn
from eventlog.statements import statement
from schema import events
from schema.envelope import RecordedEvent
from schema.row_text import projected, projected_key
from service.projections.setwise import Row, execute_for
from service.projections.spans import Key, Spans, spans_of

OPEN: Final = statement(__package__, "open_working")
USE: Final = statement(__package__, "use_working")


@dataclass
class Standing:
    """What stands under a key."""

    value: str
    altered: bool
    used_version: int
    """When it was last written or read."""


async def apply_working(conn: Conn, batch: Sequence[RecordedEvent]) -> None:
    """Bring working memory to the last event in *batch*; a use of what is not there is none."""
    used: dict[Key, int] = {}
    spans = spans_of(_changes(batch, used))
    before = {**used, **spans.ended}
    await execute_for(conn, USE, ((*key, used.get(key), spans.ended.get(key)) for key in before))
    await execute_for(conn, OPEN, _rows(spans))


def _changes(
    batch: Sequence[RecordedEvent], used: dict[Key, int]
) -> Iterator[tuple[Key, int, Standing | None]]:
    """What is written and removed; *used* is told when what stood there before was last read."""
    now: dict[Key, Standing | None] = {}
    for recorded in batch:
        match event := recorded.event:
            case events.WorkingSet() | events.WorkingRead():
                text, altered = projected_key(event.key)
            case events.WorkingRemoved() | events.WorkingEvicted():
                text, altered = projected_key(event.key)
            case _:
                continue
        key, version = (recorded.partition, recorded.stream, text), recorded.version
        match event:
            case events.WorkingRead():
                standing = now.get(key)
                if key not in now:
                    used[key] = version
                elif standing is not None:
                    standing.used_version = version
                continue
            case events.WorkingSet(value=value):
                fit, value_altered = projected(value)
                now[key] = Standing(fit, altered or value_altered, version)
            case _:
                now[key] = None
        yield key, version, now[key]


def _rows(spans: Spans[Standing]) -> Iterator[Row]:
    for span in spans.begun:
        now = span.value
        yield (
            *(*span.key, span.valid_from, span.valid_to),
            *(now.used_version, now.value, now.altered),
        )
