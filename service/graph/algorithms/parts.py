"""A part of the graph as it stands: some entities and what is between them, or around one."""

from collections.abc import Collection
from typing import Any

from schema.errors import PayloadTooLarge
from service.graph.algorithms.scope import Direction, Scope
from service.graph.limits import SUBGRAPH_RELATIONSHIPS_MAX
from service.graph.picture import Relationship

__all__ = ["neighbours", "subgraph"]


def subgraph(scope: Scope, ids: Collection[str]) -> dict[str, Any]:
    """The entities of *ids* that are looked at, and all relationships between them, in order."""
    entities = sorted(
        id_ for id_ in {scope.graph.entity(id_).id for id_ in ids} if scope.shows(id_)
    )
    members = set(entities)
    between = sorted(
        Relationship(id_, other, kind, weight)
        for id_ in entities
        for other, kinds in scope.links(scope.graph.out, id_)
        if other in members
        for kind, weight in kinds.items()
    )
    if len(between) > SUBGRAPH_RELATIONSHIPS_MAX:
        raise PayloadTooLarge(
            "ids",
            f"there are {len(between)} relationships between them, more than "
            f"{SUBGRAPH_RELATIONSHIPS_MAX}: name fewer entities",
        )
    return {
        "entities": [scope.graph.entities[id_].as_json() for id_ in entities],
        "relationships": [one.as_json() for one in between],
    }


def neighbours(
    scope: Scope, start: str, *, direction: Direction = "both", limit: int | None = None
) -> dict[str, Any]:
    """What *start* relates to (`out`) and what relates to it (`in`), by id; once per kind.

    What relates to itself is its own neighbour, in either direction.
    """
    tables = {"in": scope.graph.into, "out": scope.graph.out}
    ways = tables if direction == "both" else {direction: tables[direction]}
    found = sorted(
        (other, way, kind, weight)
        for way, table in ways.items()
        for other, kinds in scope.links(table, start)
        for kind, weight in kinds.items()
    )
    rows = [
        {
            "id": other,
            "label": scope.graph.entities[other].label,
            "direction": way,
            "kind": kind,
            "weight": weight,
        }
        for other, way, kind, weight in found[:limit]
    ]
    return {"neighbours": rows, "complete": len(rows) == len(found)}
