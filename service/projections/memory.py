"""The read models of memory: episodes, facts, working memory, their words, counts and vectors.

When events of a stream are erased, its rows are made anew from the log, up to where the projection
stands: what an erased event had ended or changed then shows again, as a rebuild would show it. So
an erasure may also change what an older version of the stream shows.

What models derived of texts is only read here: it is copied when the log says that it is there.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from eventlog.database import Conn
from eventlog.project import Projection
from eventlog.statements import statement
from schema import events
from schema.envelope import RecordedEvent
from service.projections.anew import add_or_make_anew
from service.projections.entries import apply_entries
from service.projections.recalls import apply_recalls
from service.projections.vectors import apply_vectors
from service.projections.working import apply_working

IS_MARKED: Final = statement(__package__, "stream_is_marked")

TABLES: Final = (
    *("episodes", "facts", "working_memory", "postings", "corpora", "recall_counts", "vectors"),
    *("memory_spaces", "unembedded"),
)

Erased = Mapping[tuple[int, str], Sequence[int]]
"""The versions of each stream that were erased."""


async def apply(conn: Conn, batch: Sequence[RecordedEvent]) -> None:
    """Bring the rows of all streams in *batch* to their last event."""
    erased = _erased(batch)
    marked = {
        stream
        for stream, versions in erased.items()
        if await conn.fetchval(IS_MARKED, *stream, versions)
    }
    await add_or_make_anew(conn, batch, marked=marked, tables=TABLES, add=_add)


def _erased(batch: Sequence[RecordedEvent]) -> Erased:
    erased: dict[tuple[int, str], list[int]] = {}
    for recorded in batch:
        if isinstance(event := recorded.event, events.EventsErased):
            erased.setdefault((recorded.partition, recorded.stream), []).extend(event.versions)
    return erased


async def _add(conn: Conn, batch: Sequence[RecordedEvent]) -> None:
    entries = await apply_entries(conn, batch)
    await apply_vectors(conn, batch, entries)
    await apply_recalls(conn, batch)
    await apply_working(conn, batch)


memory = Projection(
    "memory",
    tables=TABLES,
    apply=apply,
    handles=frozenset(
        {
            events.EpisodeRecorded,
            events.EpisodeEvicted,
            events.EpisodeForgotten,
            events.EpisodePinned,
            events.RecallsCounted,
            events.EmbeddingSpaceActivated,
            events.EpisodesEmbedded,
            events.FactStored,
            events.FactRemoved,
            events.WorkingSet,
            events.WorkingRead,
            events.WorkingRemoved,
            events.WorkingEvicted,
            events.EventsErased,
        }
    ),
    kinds=frozenset({"memory"}),
)
