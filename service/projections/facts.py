"""The read model `facts`: what stood under a key, from when on and until when."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from eventlog.database import Conn
from eventlog.statements import statement
from schema import events
from schema.envelope import RecordedEvent
from schema.row_text import projected, projected_json, projected_key
from service.projections.opened import Opened, Words, in_utc
from service.projections.setwise import Row, execute_for, fetch_for
from service.projections.spans import Key, Spans, spans_of

OPEN: Final = statement(__package__, "open_facts")
CLOSE: Final = statement(__package__, "close_facts")

SEPARATOR: Final = ": "
"""Between key and value of a fact, in the text that it is found by; the statements have it too."""


def fact_spans(batch: Sequence[RecordedEvent]) -> Spans[Opened]:
    """The facts that *batch* stores, and the keys whose facts it ends."""
    spans = spans_of(_changes(batch))
    for span in spans.begun:
        span.value.valid_to = span.valid_to
    return spans


async def close_facts(conn: Conn, spans: Spans[Opened]) -> list[Any]:
    """End what was superseded or removed; what has gone, with its entry and its words."""
    ended = ((*key[:2], version, key[2]) for key, version in spans.ended.items())
    return await fetch_for(conn, CLOSE, ended)


async def open_facts(conn: Conn, opened: Iterable[Opened], words: Words) -> None:
    """A row for each."""
    await execute_for(conn, OPEN, (_row(fact, words) for fact in opened))


def _changes(batch: Sequence[RecordedEvent]) -> Iterator[tuple[Key, int, Opened | None]]:
    for recorded in batch:
        match event := recorded.event:
            case events.FactStored():
                key, value = projected_key(event.key)[0], projected(event.value)[0]
                opened = Opened(recorded, event, f"{key}{SEPARATOR}{value}")
                yield (recorded.partition, recorded.stream, key), recorded.version, opened
            case events.FactRemoved():
                key, _ = projected_key(event.key)
                yield (recorded.partition, recorded.stream, key), recorded.version, None
            case _:
                pass


def _row(opened: Opened, words: Words) -> Row:
    event, (_, stream, entry) = opened.event, opened.place
    assert isinstance(event, events.FactStored)  # noqa: S101 - only such are given.
    (key, key_altered), (value, value_altered) = projected_key(event.key), projected(event.value)
    tags, tags_altered = projected_json(event.tags)
    session, session_altered = projected(event.session) if event.session else (None, False)
    altered = key_altered or value_altered or tags_altered or session_altered
    return (
        *(*opened.place, key, opened.valid_to, opened.recorded.event_id),
        *(opened.recorded.recorded_at, in_utc(event.expires_at), words[stream, entry], altered),
        *(session, event.call_id and projected(event.call_id)[0], tags, value),
    )
