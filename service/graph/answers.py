"""What is answered about an agent's graph, with the version that it is true of."""

from msgspec import Struct

from service.graph.looking import Difference
from service.graph.mind import Answered
from service.graph.picture import Entity, Relationship
from service.graph.rows import Sizes

__all__ = ["Answered", "Changes", "Known", "Merged", "Seen"]


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
