"""The read models `vectors`, `memory_spaces` and `unembedded`: what is compared, and what waits."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Final

from eventlog.database import Conn
from eventlog.statements import statement
from schema import events
from schema.envelope import RecordedEvent
from schema.messages.base import DIMENSIONS_MAX
from schema.row_text import projected
from service.projections.entries import Entries
from service.projections.episodes import named
from service.projections.opened import Opened
from service.projections.setwise import Row, execute_for, fetch_for, place
from service.projections.spans import Key, spans_of

ADD_GIVEN: Final = statement(__package__, "add_given_vectors")
ADD_DERIVED: Final = statement(__package__, "add_derived_vectors")
CLOSE: Final = statement(__package__, "close_vectors")
OPEN_SPACES: Final = statement(__package__, "open_memory_spaces")
CLOSE_SPACES: Final = statement(__package__, "close_memory_spaces")
LIVE_ENTRIES: Final = statement(__package__, "live_entries")
FORGET_UNEMBEDDED: Final = statement(__package__, "forget_unembedded")
SETTLE_UNEMBEDDED: Final = statement(__package__, "settle_unembedded")

Entry = tuple[int, str, int]
"""Partition, stream, and the version at which it was recorded."""


async def apply_vectors(conn: Conn, batch: Sequence[RecordedEvent], entries: Entries) -> None:
    """Bring vectors and spaces to the last event in *batch*, which did *entries*."""
    await _add_given(conn, entries.opened)
    await execute_for(conn, CLOSE, entries.closed)
    embedded = await _add_derived(conn, batch)
    activated = await _change_spaces(conn, batch)
    touched = {
        *(opened.place for opened in entries.opened),
        *(closed[:3] for closed in entries.closed),
        *embedded,
        *await _entries(conn, LIVE_ENTRIES, activated),
    }
    await execute_for(conn, FORGET_UNEMBEDDED, touched)
    await execute_for(conn, SETTLE_UNEMBEDDED, touched)


async def _add_given(conn: Conn, opened: Iterable[Opened]) -> None:
    rows: list[Row] = []
    numbers = array("f")
    for entry in opened:
        vector = array("f", entry.event.embedding)
        if _comparable(vector):
            numbers.extend(vector)
            rows.append((*entry.place, entry.valid_to, len(vector), len(numbers)))
    await fetch_for(conn, ADD_GIVEN, rows, numbers)


def _comparable(vector: "array[float]") -> bool:
    """Whether it has a direction; what has none is refused before it is appended, by today's rules.

    The log may hold others, and a vector is no reason to lose the memory.
    """
    return len(vector) <= DIMENSIONS_MAX and 0 < max(map(abs, vector), default=0) < inf


async def _add_derived(conn: Conn, batch: Sequence[RecordedEvent]) -> list[Entry]:
    """The entries that *batch* gives a vector."""
    return await _entries(conn, ADD_DERIVED, _embedded(batch))


def _embedded(batch: Sequence[RecordedEvent]) -> Iterator[Row]:
    for recorded in batch:
        if isinstance(event := recorded.event, events.EpisodesEmbedded):
            space, _ = projected(event.space)
            for id_ in map(named, event.ids):
                if id_ is not None:
                    yield *place(recorded), recorded.agent_id, space, id_


async def _change_spaces(conn: Conn, batch: Sequence[RecordedEvent]) -> set[Row]:
    """The streams in which a space was activated."""
    spans = spans_of(_activations(batch))
    ended = ((*key[:2], version) for key, version in spans.ended.items())
    await execute_for(conn, CLOSE_SPACES, ended)
    begun = ((*span.key[:2], span.valid_from, span.valid_to, *span.value) for span in spans.begun)
    await execute_for(conn, OPEN_SPACES, begun)
    return {key[:2] for key in spans.ended}


def _activations(batch: Sequence[RecordedEvent]) -> Iterator[tuple[Key, int, Row]]:
    for recorded in batch:
        if isinstance(event := recorded.event, events.EmbeddingSpaceActivated):
            space = (projected(event.space)[0], projected(event.model)[0], event.dimensions)
            yield (recorded.partition, recorded.stream, ""), recorded.version, space


async def _entries(conn: Conn, sql: str, rows: Iterable[Row]) -> list[Entry]:
    found = await fetch_for(conn, sql, rows)
    return [(row["partition"], row["stream"], row["entry"]) for row in found]
