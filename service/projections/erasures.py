"""Takes away what a model had derived of texts that were erased.

It has no rows of its own: what it deletes stands outside of all rebuilds.
"""

from collections.abc import Sequence
from typing import Final

from eventlog.database import Conn
from eventlog.project import Projection
from eventlog.statements import statement
from schema.envelope import RecordedEvent
from schema.events import EventsErased

FORGET_DIGESTS: Final = statement(__package__, "forget_digests")
FORGET_VECTORS: Final = statement(__package__, "forget_vectors")


async def apply(conn: Conn, batch: Sequence[RecordedEvent]) -> None:
    """Forget the vectors of what is gone; a vector that another entry's text shares stays."""
    streams = sorted({(fact.partition, fact.stream) for fact in batch})
    agents = sorted({(fact.partition, fact.agent_id) for fact in batch})
    await conn.execute(FORGET_DIGESTS, *_columns(streams))
    await conn.execute(FORGET_VECTORS, *_columns(agents))


def _columns(pairs: Sequence[tuple[int, str]]) -> tuple[list[int], list[str]]:
    return [partition for partition, _ in pairs], [name for _, name in pairs]


erasures = Projection(
    "erasures", tables=(), apply=apply, handles=frozenset({EventsErased}), kinds=frozenset()
)
