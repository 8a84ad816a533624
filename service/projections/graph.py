"""The read models of the graph: entities, relationships, names, and how many there are.

When events of a stream are erased, its rows are made anew from the log, as those of memory are.
"""

from collections.abc import Sequence
from typing import Final

from eventlog.database import Conn
from eventlog.project import Projection
from eventlog.statements import statement
from schema import events
from schema.envelope import RecordedEvent
from schema.events.graph import EntityPut, EntityRemoved, RelationshipPut, RelationshipRemoved
from service.projections.anew import add_or_make_anew
from service.projections.graph_rows import change_rows, standing_of
from service.projections.graph_texts import changes_in
from service.projections.graph_walk import walked
from service.projections.setwise import erased_versions, fetch_for

MARKED: Final = statement(__package__, "marked_graphs")
GRAPH_PREFIX: Final = "graph-"

TABLES: Final = ("entities", "relationships", "entity_names", "graph_sizes")


async def apply(conn: Conn, batch: Sequence[RecordedEvent]) -> None:
    """Bring the rows of all graphs in *batch* to their last event."""
    facts = [recorded for recorded in batch if recorded.stream.startswith(GRAPH_PREFIX)]
    rows = await fetch_for(conn, MARKED, erased_versions(facts))
    marked = {(row["partition"], row["stream"]) for row in rows}
    await add_or_make_anew(conn, facts, marked=marked, tables=TABLES, add=_add)


async def _add(conn: Conn, batch: Sequence[RecordedEvent]) -> None:
    changes = changes_in(batch)
    await change_rows(conn, walked(changes, await standing_of(conn, changes)))


graph = Projection(
    "graph",
    tables=TABLES,
    apply=apply,
    handles=frozenset(
        {EntityPut, EntityRemoved, RelationshipPut, RelationshipRemoved, events.EventsErased}
    ),
    kinds=frozenset({"graph"}),
)
