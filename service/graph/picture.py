"""An agent's graph as it was at one version of its stream, folded forward as events arrive."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec import Struct

from schema import events, json_text
from schema.envelope import RecordedEvent
from schema.errors import Broken, NotFound
from schema.events import Event
from schema.events.graph import EntityPut, EntityRemoved, RelationshipPut, RelationshipRemoved

__all__ = ["Entity", "Graph", "Kinds", "Links", "Relationship", "absent"]

Kinds: TypeAlias = dict[str, float]
"""The weight of each kind in which one entity relates to another; never empty."""
Links: TypeAlias = dict[str, Kinds]
"""What one entity relates to, or what relates to it, by id."""

ENTITY_BYTES: Final = 300
"""About what an entity takes besides its texts: a record, and its places in three tables."""
PAIR_BYTES: Final = 250
"""About what two entities take that relate: a table of kinds, and its places in two others."""
KIND_BYTES: Final = 24
"""About what each kind between two entities takes: its weight."""


class Entity(Struct, frozen=True):
    """A thing that the agent knows of."""

    id: str
    label: str
    properties: dict[str, Any] = {}

    def as_json(self) -> dict[str, Any]:
        """It, as everybody is shown it."""
        return {"id": self.id, "label": self.label, "properties": self.properties}

    @property
    def bytes(self) -> int:
        """About what it takes in memory, its relationships not counted."""
        return ENTITY_BYTES + len(self.id) + len(self.label) + _bytes_of(self.properties)

    def is_alike(self, label: str, properties: dict[str, Any]) -> bool:
        """Whether it has this label, and properties that JSON says in the same words."""
        # As text: in Python 1, 1.0 and True are equal.
        return self.label == label and (
            json_text.encode(self.properties) == json_text.encode(properties)
        )


class Relationship(NamedTuple):
    """One entity relates to another in a kind."""

    source: str
    target: str
    kind: str
    weight: float = 1.0

    def as_json(self) -> dict[str, Any]:
        """It, as everybody is shown it."""
        return {"from": self.source, "to": self.target, "kind": self.kind, "weight": self.weight}


class Graph:
    """The entities and relationships after the first *version* events of a graph's stream.

    What it holds is decided by the events; the order in which its tables are walked also by how
    it came about, so answers are ordered by ids. Only `evolve` and what calls it change it.
    """

    def __init__(self, version: int = 0) -> None:
        self.version = version
        self.erased = 0
        """The version of the last erasure, if one was folded here: earlier events that were
        folded before may be gone now, so only a graph that is built anew is right."""
        self.entities: dict[str, Entity] = {}
        self.out: dict[str, Links] = {}
        """For each entity what it relates to; `into` shares the tables of kinds."""
        self.into: dict[str, Links] = {}
        """For each entity what relates to it."""
        self.relationships = 0
        """How many there are, each kind counted."""
        self.negative: set[tuple[str, str, str]] = set()
        """The relationships (from, to, kind) that weigh less than 0."""
        self.bytes = 0
        """About what all of this takes in memory."""

    @classmethod
    def of(
        cls,
        version: int,
        entities: Iterable[tuple[str, str, dict[str, Any]]],
        relationships: Iterable[tuple[str, str, str, float]],
    ) -> "Graph":
        """The graph at *version*: (id, label, properties) and (from, to, kind, weight)."""
        graph = cls(version)
        for id_, label, properties in entities:
            graph.put_entity(id_, label, properties)
        for source, target, kind, weight in relationships:
            graph.put_relationship(source, target, kind, weight)
        return graph

    def evolve(self, recorded: RecordedEvent) -> "Graph":
        """The graph itself, changed by *recorded*, the next event of its stream.

        An event that was folded already changes nothing; `Broken` where one was left out.
        """
        return self.fold(recorded.version, recorded.event)

    def fold(self, version: int, event: Event) -> "Graph":
        """As `evolve`, for an event whose place is known."""
        if version <= self.version:
            return self
        if version > self.version + 1:
            raise Broken(f"version {version} cannot follow on {self.version}")
        self.version = version
        change = _CHANGES.get(type(event))
        if change is not None:
            change(self, event)
        return self

    def entity(self, id_: str) -> Entity:
        """The entity of that id; `NotFound` names it."""
        entity = self.entities.get(id_)
        if entity is None:
            raise absent(id_, self.version)
        return entity

    def all_relationships(self) -> Iterator[Relationship]:
        """Every relationship, in no order that may be relied on."""
        for source, links in self.out.items():
            for target, kinds in links.items():
                for kind, weight in kinds.items():
                    yield Relationship(source, target, kind, weight)

    def add(self, part: "Graph") -> None:
        """Hold also what another *part* of the same graph holds."""
        for entity in part.entities.values():
            self.put_entity(entity.id, entity.label, entity.properties)
        for one in part.all_relationships():
            self.put_relationship(*one)

    def put_entity(self, id_: str, label: str, properties: dict[str, Any]) -> None:
        """There is this entity from here on, or it has this label and these properties."""
        former = self.entities.get(id_)
        if former is None:
            self.out[id_] = {}
            self.into[id_] = {}
        else:
            id_ = former.id  # The tables hold one object per id: one text, and quick to compare.
            self.bytes -= former.bytes
        entity = Entity(id_, sys.intern(label), properties)
        self.entities[id_] = entity
        self.bytes += entity.bytes

    def remove_entity(self, id_: str) -> None:
        """The entity is gone, and so is every relationship from it or to it."""
        entity = self.entities.pop(id_, None)
        if entity is None:
            return
        for target in list(self.out[id_]):
            self._part(id_, target)
        for source in list(self.into[id_]):
            self._part(source, id_)
        del self.out[id_], self.into[id_]
        self.bytes -= entity.bytes

    def put_relationship(self, source: str, target: str, kind: str, weight: float) -> None:
        """One relates to the other from here on; passed by where one of them is not there."""
        links = self.out.get(source)
        if links is None or target not in self.entities:
            return
        kinds = links.get(target)
        if kinds is None:
            kinds = self._join(source, target)
        if kind not in kinds:
            self.relationships += 1
            self.bytes += KIND_BYTES
        kinds[sys.intern(kind)] = weight
        if weight < 0:
            self.negative.add((source, target, kind))
        elif self.negative:
            self.negative.discard((source, target, kind))

    def remove_relationship(self, source: str, target: str, kind: str) -> None:
        """One relates to the other no more in this kind."""
        kinds = self.out.get(source, {}).get(target, {})
        if kind not in kinds:
            return
        if len(kinds) == 1:
            self._part(source, target)
            return
        del kinds[kind]
        self.negative.discard((source, target, kind))
        self.relationships -= 1
        self.bytes -= KIND_BYTES

    def _join(self, source: str, target: str) -> Kinds:
        kinds: Kinds = {}
        self.out[source][self.entities[target].id] = kinds
        self.into[target][self.entities[source].id] = kinds
        self.bytes += PAIR_BYTES
        return kinds

    def _part(self, source: str, target: str) -> None:
        kinds = self.out[source].pop(target)
        del self.into[target][source]
        self.negative.difference_update((source, target, kind) for kind in kinds)
        self.relationships -= len(kinds)
        self.bytes -= PAIR_BYTES + KIND_BYTES * len(kinds)


def absent(id_: str, version: int, where: str = "") -> NotFound:
    """The error that there is no entity of that id; it begins with *where*."""
    return NotFound(f"{where}no entity {id_!r} at version {version} of the graph")


def _entity_put(graph: Graph, event: EntityPut) -> None:
    graph.put_entity(event.id, event.label, event.properties)


def _entity_removed(graph: Graph, event: EntityRemoved) -> None:
    graph.remove_entity(event.id)


def _relationship_put(graph: Graph, event: RelationshipPut) -> None:
    graph.put_relationship(event.source, event.target, event.kind, event.weight)


def _relationship_removed(graph: Graph, event: RelationshipRemoved) -> None:
    graph.remove_relationship(event.source, event.target, event.kind)


def _erased(graph: Graph, _event: events.EventsErased) -> None:
    graph.erased = graph.version


_CHANGES: Final[dict[type[Event], Callable[[Graph, Any], None]]] = {
    EntityPut: _entity_put,
    EntityRemoved: _entity_removed,
    RelationshipPut: _relationship_put,
    RelationshipRemoved: _relationship_removed,
    events.EventsErased: _erased,
}


def _bytes_of(value: Any) -> int:
    own = sys.getsizeof(value)
    if isinstance(value, dict):
        return own + sum(_bytes_of(key) + _bytes_of(item) for key, item in value.items())
    if isinstance(value, list):
        return own + sum(map(_bytes_of, value))
    return own
