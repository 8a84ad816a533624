"""The way to the nearest vectors: an exact scan, or where an agent holds very much, its own index.

An index on nearness that agents shared would be slower than a scan and leave out half; one of an
agent's own is neither. The planner is never asked: each way has a statement of its own.
"""

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

from eventlog.database import Conn
from eventlog.statements import statement
from service.memory.exactness import AMONG, Asked, lately
from service.memory.sending import fetch_by_vector, sent
from service.mind.place import Coordinate

if TYPE_CHECKING:
    from service.memory.embedder import Vector

PROSPECT: Final = statement(__package__, "prospect")
NEAREST: Final = statement(__package__, "nearest")

EXACT_MAX: Final = 10_000
"""Entries of one memory up to which every vector is looked at."""
BEYOND: Final = 1.2
"""How many more an index looks at than it is asked for: at just as many, it has to begin anew."""
LOOKED_AT_MAX: Final = 1000
"""The most that pgvector's `hnsw.ef_search` takes."""

SPACES_KEPT: Final = 1024


Near: TypeAlias = tuple[list[int], list[float]]
"""Entries, and how far each of them is; the nearest first."""


class Prospect(Struct, frozen=True, kw_only=True):
    """What a question to a memory has before it."""

    partition: int
    stream: str
    space: str | None
    entries: int
    is_head: bool
    """Whether it is asked of where the rows stand now."""
    is_indexed: bool
    version: int

    @property
    def can_use_index(self) -> bool:
        """Whether the agent's own index serves: it knows only what is live now."""
        return self.is_indexed and self.is_head and self.entries > EXACT_MAX


async def prospect_of(
    conn: Conn, partition: int, stream: str, place: Coordinate, space: str | None
) -> Prospect:
    """What a question to *stream* at *place* has before it."""
    name = None if space is None else index_name(partition, stream, space)
    row = await conn.fetchrow(PROSPECT, partition, stream, place.version, name)
    assert row is not None  # noqa: S101 - it has no from clause.
    return Prospect(partition=partition, stream=stream, space=space, version=place.version, **row)


async def nearest(conn: Conn, prospect: Prospect, vector: "Vector", most: int) -> Near | None:
    """About the *most* nearest entries by the agent's own index, and their distances.

    None where the rows have moved on: the index knows nothing of what was.
    """
    assert prospect.space is not None  # noqa: S101 - without one there is no index.
    sql = _nearest(prospect.partition, prospect.stream, prospect.space, len(vector), most)
    rows = await fetch_by_vector(conn, sql, sent(vector), prospect.version)
    if not rows:
        return None
    near = [row["entry"] for row in rows], [row["distance"] for row in rows]
    lately.note(
        Asked(
            partition=prospect.partition,
            stream=prospect.stream,
            version=prospect.version,
            space=prospect.space,
            vector=vector,
            distances=near[1][:AMONG],
        )
    )
    return near


def index_name(partition: int, stream: str, space: str) -> str:
    """The name of one agent's index in one space."""
    named = hashlib.sha256(f"{partition}/{stream}/{space}".encode()).hexdigest()
    return f"vectors_ann_{named[:32]}"


@lru_cache(SPACES_KEPT)
def _nearest(partition: int, stream: str, space: str, dimensions: int, most: int) -> str:
    """The statement, with what its index is chosen by written out: a parameter would hide it."""
    return NEAREST.format(
        partition=int(partition),
        stream=quoted(stream),
        space=quoted(space),
        dimensions=int(dimensions),
        most=int(most),
        looked_at=min(LOOKED_AT_MAX, int(most * BEYOND)),
    )


def quoted(text: str) -> str:
    """*text* as a literal of SQL; names of streams and spaces hold no odd character anyway."""
    return "'" + text.replace("'", "''") + "'"
