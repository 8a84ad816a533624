"""A part of the graph as events keep it: some entities, and what is around them."""

from collections.abc import Collection, Iterable
from typing import Final, TypeVar

from msgspec.structs import replace

from schema import json_text
from schema.errors import NestedTooDeep
from schema.events import GraphRecalled, KnownEntity, KnownRelationship
from service.graph.picture import Entity, Graph, Relationship

__all__ = ["around", "as_known", "as_known_entities", "fitting", "heaviest"]

BYTES_MAX: Final = 512 << 10
"""Of what one `graph_recalled` holds, as it is stored; an event may hold 1 MiB."""

K = TypeVar("K", KnownEntity, KnownRelationship)


def around(
    graph: Graph, ids: Collection[str], limit: int
) -> tuple[tuple[KnownEntity, ...], tuple[KnownRelationship, ...]]:
    """The entities of *ids* that are there, and their *limit* heaviest relationships each.

    Behind them the entities at the other ends. All are in the order in which *ids* lead to them.
    """
    named = [graph.entities[id_] for id_ in dict.fromkeys(ids) if id_ in graph.entities]
    found = dict.fromkeys(one for entity in named for one in heaviest(graph, entity.id, limit))
    ends = (graph.entities[end] for one in found for end in (one.source, one.target))
    entities = {entity.id: entity for entity in (*named, *ends)}
    return as_known_entities(entities.values()), as_known(found)


def heaviest(graph: Graph, id_: str, limit: int, kinds: Collection[str] = ()) -> list[Relationship]:
    """The *limit* heaviest relationships from an entity and to it, of *kinds* if any are named.

    Of equal ones those whose (kind, from, to) come first.
    """
    found = {
        one for one in (*_from(graph, id_), *_to(graph, id_)) if not kinds or one.kind in kinds
    }
    return sorted(found, key=lambda one: (-one.weight, one.kind, one.source, one.target))[:limit]


def as_known_entities(found: Iterable[Entity]) -> tuple[KnownEntity, ...]:
    """*found* as an event keeps them."""
    return tuple(
        KnownEntity(id=one.id, label=one.label, properties=one.properties) for one in found
    )


def as_known(found: Iterable[Relationship]) -> tuple[KnownRelationship, ...]:
    """*found* as an event keeps them."""
    return tuple(
        KnownRelationship(source=one.source, target=one.target, kind=one.kind, weight=one.weight)
        for one in found
    )


def fitting(recalled: GraphRecalled) -> GraphRecalled:
    """*recalled* without what the event has no room for; what comes first is taken first.

    Half of the room is the entities' alone: there may be any number of relationships.
    """
    half_bytes = BYTES_MAX // 2
    relationships, left_bytes = _fitting(recalled.relationships, half_bytes)
    entities, _ = _fitting(recalled.entities, half_bytes + left_bytes)
    return replace(recalled, entities=entities, relationships=relationships)


def _fitting(known: tuple[K, ...], room_bytes: int) -> tuple[tuple[K, ...], int]:
    """Those of *known* that fit into *room_bytes*, and the room behind them."""
    kept = []
    for one in known:
        size_bytes = _size_bytes(one)
        if size_bytes is not None and size_bytes <= room_bytes:
            room_bytes -= size_bytes
            kept.append(one)
    return tuple(kept), room_bytes


def _size_bytes(one: KnownEntity | KnownRelationship) -> int | None:
    """As an event holds it; None where its properties are too deep to stand in another event."""
    try:
        return len(json_text.encode([[one]]).encode())
    except NestedTooDeep:
        return None


def _from(graph: Graph, id_: str) -> Iterable[Relationship]:
    for target, kinds in graph.out.get(id_, {}).items():
        for kind, weight in kinds.items():
            yield Relationship(id_, target, kind, weight)


def _to(graph: Graph, id_: str) -> Iterable[Relationship]:
    for source, kinds in graph.into.get(id_, {}).items():
        for kind, weight in kinds.items():
            yield Relationship(source, id_, kind, weight)
