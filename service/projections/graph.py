"""The read models of the graph: entities, relationships, names, and how many there are.

When events of a stream are erased, its rows are made anew from the log, as those of memory are.
"""

from collections.abc import Sequence
from typing import Final

from eventlog.database import Conn
from eventlog.project import Projection
from eventlog.read import read_stream
from eventlog.statements import statement
from schema import events
from schema.envelope import RecordedEvent
from schema.events.graph import EntityPut, EntityRemoved, RelationshipPut, RelationshipRemoved
from service.projections.graph_rows import change_rows, standing_of
from service.projections.graph_texts import changes_in
from service.projections.graph_walk import walked
from service.projections.setwise import erased_versions, fetch_for

MARKED: Final = statement(__package__, "marked_graphs")
CLEAR: Final = statement(__package__, "clear_graph")

CLEARED_ROWS: Final = 50_000
"""Rows that one statement takes away, so that none takes long."""
GRAPH_PREFIX: Final = "graph-"

TABLES: Final = ("entities", "relationships", "entity_names", "graph_sizes")


async def apply(conn: Conn, batch: Sequence[RecordedEvent]) -> None:
    """Bring the rows of all graphs in *batch* to their last event."""
    facts = [recorded for recorded in batch if recorded.stream.startswith(GRAPH_PREFIX)]
    rows = await fetch_for(conn, MARKED, erased_versions(facts))
    marked = {(row["partition"], row["stream"]) for row in rows}
    await _add(conn, [r for r in facts if (r.partition, r.stream) not in marked])
    for stream in sorted(marked):
        up_to = max(r.version for r in facts if (r.partition, r.stream) == stream)
        await _make_anew(conn, *stream, up_to=up_to)


async def _add(conn: Conn, batch: Sequence[RecordedEvent]) -> None:
    changes = changes_in(batch)
    await change_rows(conn, walked(changes, await standing_of(conn, changes)))


async def _make_anew(conn: Conn, partition: int, stream: str, *, up_to: int) -> None:
    """All rows of *stream* again, from its first event; its erased events say nothing any more."""
    for table in TABLES:
        clear = CLEAR.replace("table_of_graph", table)
        while await conn.execute(clear, partition, stream, CLEARED_ROWS) != "DELETE 0":
            pass
    after = 0
    while block := await read_stream(conn, partition, stream, after=after, up_to=up_to):
        await _add(conn, block)
        after = block[-1].version


graph = Projection(
    "graph",
    tables=TABLES,
    apply=apply,
    handles=frozenset(
        {EntityPut, EntityRemoved, RelationshipPut, RelationshipRemoved, events.EventsErased}
    ),
    kinds=frozenset({"graph"}),
)
