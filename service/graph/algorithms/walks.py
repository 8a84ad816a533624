"""Walks from one entity, and everything that can be reached."""

from collections.abc import Iterator
from typing import Any

import networkx as nx

from schema.errors import PayloadTooLarge
from service.graph.algorithms.scope import Direction, Numbered, Scope
from service.graph.limits import CLOSURE_ENTITIES_MAX, CLOSURE_PAIRS_MAX

__all__ = ["bfs", "closure", "closures", "dfs"]


def bfs(
    scope: Scope,
    start: str,
    *,
    direction: Direction = "out",
    max_depth: int | None = None,
    max_nodes: int | None = None,
) -> dict[str, Any]:
    """What is reached from *start*, nearest first, itself excluded."""
    return _first(_by_breadth(scope, start, direction, max_depth), max_nodes)


def dfs(
    scope: Scope,
    start: str,
    *,
    direction: Direction = "out",
    max_depth: int | None = None,
    max_nodes: int | None = None,
) -> dict[str, Any]:
    """What is reached from *start*, itself excluded: each entity, then all that is new behind it.

    With a depth, an entity is met where the walk met it first, even if a shorter way leads there.
    """
    return _first(_by_depth(scope, start, direction, max_depth), max_nodes)


def closure(
    scope: Scope, start: str, *, direction: Direction = "out", max_nodes: int | None = None
) -> dict[str, Any]:
    """All that is reached from *start*, itself included, in order; cut, the nearest are there."""
    found = bfs(scope, start, direction=direction, max_nodes=max_nodes)
    return {**found, "entities": sorted([start, *found["entities"]])}


def closures(scope: Scope) -> dict[str, list[str]]:
    """For each entity all that is reached from it, itself included.

    `PayloadTooLarge` where that is more than an answer may hold.
    """
    graph, ids = scope.numbered()
    if len(ids) > CLOSURE_ENTITIES_MAX:
        raise _too_much(f"{len(ids)} entities are more than {CLOSURE_ENTITIES_MAX}")
    reached = _reached(graph)
    pairs = sum(bits.bit_count() for bits in reached)
    if pairs > CLOSURE_PAIRS_MAX:
        raise _too_much(f"{pairs} pairs are more than {CLOSURE_PAIRS_MAX}")
    return {id_: [ids[n] for n in _ones(reached[number])] for number, id_ in enumerate(ids)}


def _by_breadth(
    scope: Scope, start: str, direction: Direction, max_depth: int | None
) -> Iterator[str]:
    seen = {start}
    level = [start]
    depth = 0
    while level and (max_depth is None or depth < max_depth):
        depth += 1
        following = []
        for id_ in level:
            for other in scope.onward(id_, direction):
                if other not in seen:
                    seen.add(other)
                    following.append(other)
                    yield other
        level = following


def _by_depth(
    scope: Scope, start: str, direction: Direction, max_depth: int | None
) -> Iterator[str]:
    seen = {start}
    open_walks = [iter(scope.onward(start, direction))]
    while open_walks:
        other = next(open_walks[-1], None)
        if other is None:
            open_walks.pop()
        elif other not in seen:
            seen.add(other)
            yield other
            if max_depth is None or len(open_walks) < max_depth:
                open_walks.append(iter(scope.onward(other, direction)))


def _first(walk: Iterator[str], max_nodes: int | None) -> dict[str, Any]:
    entities: list[str] = []
    for id_ in walk:
        if len(entities) == max_nodes:
            return {"entities": entities, "complete": False}
        entities.append(id_)
    return {"entities": entities, "complete": True}


def _reached(graph: Numbered) -> list[int]:
    # What goes round in circles reaches the same: one set of bits for each such component.
    parts = nx.condensation(graph)
    reached = [0] * len(graph)
    of_part: dict[int, int] = {}
    for part in reversed(list(nx.topological_sort(parts))):
        members = parts.nodes[part]["members"]
        bits = sum(1 << member for member in members)
        for following in parts.successors(part):
            bits |= of_part[following]
        of_part[part] = bits
        for member in members:
            reached[member] = bits
    return reached


def _ones(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _too_much(detail: str) -> PayloadTooLarge:
    return PayloadTooLarge("start", f"{detail}: name the entity to start from")
