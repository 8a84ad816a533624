"""What a batch does to graphs: which rows end and begin, by what is live in them before.

Relationships that the batch does not name are not looked at here: those of an entity that goes end
with it, in the rows themselves.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from schema.events import EventsErased
from schema.events.graph import EntityPut, EntityRemoved, RelationshipPut, RelationshipRemoved
from service.projections.graph_texts import Change, EntityKey, RelationshipKey
from service.projections.setwise import place

Place: TypeAlias = tuple[int, str, int]
"""Partition, stream, version."""


@dataclass(frozen=True)
class Standing:
    """What is live in the rows, of what a batch names."""

    entities: set[EntityKey]
    relationships: set[RelationshipKey]


@dataclass(slots=True)
class Begun:
    """A row that the batch begins, and may end."""

    change: Change
    valid_to: int | None = None


@dataclass(slots=True)
class Growth:
    """How much a graph has gained at a version, or lost."""

    entities: int = 0
    relationships: int = 0
    is_erasure: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a batch comes to."""

    ended_entities: dict[EntityKey, int] = field(default_factory=dict)
    """When what was live before the batch has ended, or was changed."""
    ended_relationships: dict[RelationshipKey, int] = field(default_factory=dict)
    removed: dict[EntityKey, int] = field(default_factory=dict)
    """When an entity has gone that was live before the batch, for the first time."""
    entities: list[Begun] = field(default_factory=list)
    relationships: list[Begun] = field(default_factory=list)
    growth: dict[Place, Growth] = field(default_factory=lambda: defaultdict(Growth))
    """At each version that changes a row, besides what ends with entities in the rows."""


def walked(changes: Iterable[Change], standing: Standing) -> Outcome:
    """What *changes*, in order, come to."""
    walk = _Walk(standing)
    for change in changes:
        match change.recorded.event:
            case RelationshipPut():
                walk.put_relationship(change)
            case RelationshipRemoved():
                walk.remove_relationship(change)
            case EntityPut():
                walk.put_entity(change)
            case EntityRemoved():
                walk.remove_entity(change)
            case EventsErased():
                walk.outcome.growth[place(change.recorded)].is_erasure = True
            case _:
                pass
    return walk.outcome


class _Walk:
    def __init__(self, standing: Standing) -> None:
        self.outcome = Outcome()
        self._before = standing.entities
        # What is live, and its row, where the batch has begun that.
        self._entities: dict[EntityKey, Begun | None] = dict.fromkeys(standing.entities)
        self._relationships: dict[RelationshipKey, Begun | None] = {}
        self._touching: defaultdict[EntityKey, set[RelationshipKey]] = defaultdict(set)
        for key in standing.relationships:
            self._relationships[key] = None
            self._touch(key)

    def put_entity(self, change: Change) -> None:
        key, growth = change.entity, self.outcome.growth[place(change.recorded)]
        assert key is not None  # noqa: S101 - it is an entity's.
        if key in self._entities:
            self._end_entity(key, change.recorded.version)
        else:
            growth.entities += 1
        self._entities[key] = begun = Begun(change)
        self.outcome.entities.append(begun)

    def remove_entity(self, change: Change) -> None:
        key, version = change.entity, change.recorded.version
        if key is None or key not in self._entities:
            return
        growth = self.outcome.growth[place(change.recorded)]
        growth.entities -= 1
        self._end_entity(key, version)
        for relationship in list(self._touching[key]):
            growth.relationships -= 1
            self._end_relationship(relationship, version)
        if key in self._before:
            self.outcome.removed.setdefault(key, version)

    def put_relationship(self, change: Change) -> None:
        key = change.relationship
        assert key is not None  # noqa: S101 - it is a relationship's.
        if not all(end in self._entities for end in change.ends):
            return
        growth = self.outcome.growth[place(change.recorded)]
        if key in self._relationships:
            self._end_relationship(key, change.recorded.version)
        else:
            growth.relationships += 1
        self._relationships[key] = begun = Begun(change)
        self._touch(key)
        self.outcome.relationships.append(begun)

    def remove_relationship(self, change: Change) -> None:
        key = change.relationship
        if key is not None and key in self._relationships:
            self.outcome.growth[place(change.recorded)].relationships -= 1
            self._end_relationship(key, change.recorded.version)

    def _end_entity(self, key: EntityKey, version: int) -> None:
        begun = self._entities.pop(key)
        if begun is None:
            self.outcome.ended_entities[key] = version
        else:
            begun.valid_to = version

    def _end_relationship(self, key: RelationshipKey, version: int) -> None:
        begun = self._relationships.pop(key)
        if begun is None:
            self.outcome.ended_relationships[key] = version
        else:
            begun.valid_to = version
        for end in _ends(key):
            self._touching[end].discard(key)

    def _touch(self, key: RelationshipKey) -> None:
        for end in _ends(key):
            self._touching[end].add(key)


def _ends(key: RelationshipKey) -> tuple[EntityKey, EntityKey]:
    partition, stream, source, target, _ = key
    return (partition, stream, source), (partition, stream, target)
