"""Places of an agent's graph."""

from typing import Final

from schema.events import Event
from schema.events.graph import GraphRecalled
from schema.ids import graph_stream
from service.mind.part import Part
from service.mind.place import Coordinate


def _read_at(event: Event) -> Coordinate | None:
    if isinstance(event, GraphRecalled):
        return Coordinate(version=event.version, at=event.at)
    return None


GRAPH: Final = Part(name="graph", stream_of=graph_stream, read_at=_read_at)
