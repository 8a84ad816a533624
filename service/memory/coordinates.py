"""Places of an agent's memory."""

from typing import Any, Final

from eventlog.database import Conn
from eventlog.statements import statement
from schema.events import Event, MemoryRecalled
from schema.ids import memory_stream
from service.mind.part import Part
from service.mind.place import Coordinate

SPACE_AT: Final = statement(__package__, "space_at")


async def space_at(conn: Conn, partition: int, stream: str, version: int) -> Any:
    """The row of the space that was active then: `space`, `model`, `dimensions`; None for none."""
    return await conn.fetchrow(SPACE_AT, partition, stream, version)


def _read_at(event: Event) -> Coordinate | None:
    if isinstance(event, MemoryRecalled):
        return Coordinate(version=event.version, at=event.at)
    return None


MEMORY: Final = Part(name="memory", stream_of=memory_stream, read_at=_read_at)
