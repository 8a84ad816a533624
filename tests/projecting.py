"""What tests of projections need: rows to compare, and a way to bring read models level."""

from collections.abc import Iterable

from eventlog.block import BlockLimits
from eventlog.database import Conn, Database
from eventlog.progress import catch_up
from eventlog.project import Projection

MEMORY_TABLES = (
    *("episodes", "facts", "working_memory", "postings", "corpora", "recall_counts", "vectors"),
    *("memory_spaces", "unembedded"),
)
STEPS_TABLES = ("steps", "completions", "tool_calls", "recalls")
GRAPH_TABLES = ("entities", "relationships", "entity_names", "graph_sizes")
TABLES = ("sessions", *STEPS_TABLES, "changes", *MEMORY_TABLES, *GRAPH_TABLES, "heads")

Rows = dict[str, list[str]]


async def rows_of(conn: Conn, tables: Iterable[str] = TABLES) -> Rows:
    """Every row of *tables*, whole, as text, in the order of their keys."""
    rows = {}
    for table in tables:
        found = await conn.fetch(f"select t::text as row from readmodel.{table} t order by 1")
        rows[table] = [row["row"] for row in found]
    return rows


async def level(
    database: Database, projections: Iterable[Projection], limits: BlockLimits | None = None
) -> None:
    """Bring *projections* to where the log stands."""
    await catch_up(
        database, list(projections), lambda _: None, limits=limits or BlockLimits(events=100)
    )
