"""What is answered about an agent's graph, with the version that it is true of."""

from collections.abc import AsyncIterator

from msgspec import Struct

from service.graph.looking import Difference
from service.graph.mind import Answered
from service.graph.picture import Entity, Graph, Relationship
from service.graph.rows import Sizes

__all__ = ["Answered", "Changes", "Known", "Merged", "Pictured", "Seen", "Whole"]


class Known(Struct, frozen=True, kw_only=True):
    """An entity, and what it relates to."""

    version: int
    entity: Entity
    relationships: list[Relationship]
    """From it and to it, in the order of the others' ids; the first ones."""
    complete: bool
    """Whether these are all."""


class Seen(Struct, frozen=True, kw_only=True):
    """A graph as it was at a version: its size, and a page of what it held."""

    version: int
    head: int
    """The last version that there is by now."""
    sizes: Sizes
    entities: list[Entity]
    relationships: list[Relationship]


class Whole(Struct, frozen=True, kw_only=True):
    """All that a graph held at a version, to be read once, entities first."""

    version: int
    entities: AsyncIterator[list[Entity]]
    """In the order of their ids, some at a time."""
    relationships: AsyncIterator[list[Relationship]]
    """In the order of from, to and kind."""


class Pictured(Struct, frozen=True, kw_only=True):
    """What is worth a picture."""

    graph: Graph
    """The most connected entities, and what is between them."""
    complete: bool
    """Whether these are all."""


class Changes(Struct, frozen=True, kw_only=True):
    """What lies between two versions of a graph."""

    since: int
    version: int
    differences: list[Difference]
    """The first ones."""


class Merged(Struct, frozen=True, kw_only=True):
    """What it took for a graph to hold another."""

    events: int
    version: int
    """Of the graph from then on."""
