"""The shortest way from one entity to another, by hops or by weight."""

import math
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any, TypeAlias

from schema.errors import NotFinite
from service.graph.algorithms.scope import Scope
from service.graph.picture import Kinds, Links, Relationship

__all__ = ["path_exists", "shortest_path"]

Halves: TypeAlias = tuple[dict[str, int], dict[str, int]]
"""How many hops entities are from the one end, and to the other."""
Distances: TypeAlias = tuple[dict[str, float], dict[str, float]]
"""The same, by weight."""


def shortest_path(
    scope: Scope, source: str, target: str, *, weighted: bool = False
) -> dict[str, Any] | None:
    """The entities from *source* to *target*, and by which relationships; None if no way leads.

    By hops, the way whose ids come first. By weight, `total` is what the lightest relationships
    sum up to; `NegativeWeight` where there is one below 0, on the way or elsewhere.
    """
    if weighted:
        scope.refuse_negative()
        path = _lightest(scope, source, target)
    else:
        path = _fewest_hops(scope, source, target)
    if path is None:
        return None
    steps = [_step(scope, one, other, weighted=weighted) for one, other in pairwise(path)]
    found = {"path": path, "hops": len(steps), "relationships": steps}
    return {**found, "total": _total(steps)} if weighted else found


def path_exists(scope: Scope, source: str, target: str) -> bool:
    """Whether a way leads from *source* to *target*; to itself there is always one."""
    return _fewest_hops(scope, source, target) is not None


def _step(scope: Scope, source: str, target: str, *, weighted: bool) -> dict[str, Any]:
    kinds: Kinds = dict(scope.links(scope.graph.out, source))[target]
    kind = min(kinds, key=lambda kind: (kinds[kind] if weighted else 0.0, kind))
    return Relationship(source, target, kind, kinds[kind]).as_json()


def _total(steps: list[dict[str, Any]]) -> float:
    total = sum((step["weight"] for step in steps), 0.0)
    if not math.isfinite(total):
        raise NotFinite("weight", "the weights along the way sum up to more than a number holds")
    return total


def _fewest_hops(scope: Scope, source: str, target: str) -> list[str] | None:
    """From both ends, a whole level at a time, always on the side that has less to do."""
    out, into = scope.graph.out, scope.graph.into
    ahead, behind = {source: 0}, {target: 0}
    front, back = [source], [target]
    meeting = {source} & {target}
    while front and back and not meeting:
        if len(front) <= len(back):
            front = _next_level(scope, out, front, ahead)
            meeting = behind.keys() & front
        else:
            back = _next_level(scope, into, back, behind)
            meeting = ahead.keys() & back
    return _first_by_id(scope, source, (ahead, behind), meeting) if meeting else None


def _next_level(
    scope: Scope, table: dict[str, Links], level: list[str], seen: dict[str, int]
) -> list[str]:
    following = []
    for id_ in level:
        hops = seen[id_] + 1
        for other, _ in scope.links(table, id_):
            if other not in seen:
                seen[other] = hops
                following.append(other)
    return following


def _first_by_id(scope: Scope, source: str, halves: Halves, meeting: set[str]) -> list[str]:
    ahead, behind = halves
    # What lies on a shortest way, level by level, from where the halves met back to the source.
    levels = [meeting]
    for hops in range(ahead[next(iter(meeting))] - 1, -1, -1):
        before = (other for id_ in levels[-1] for other, _ in scope.links(scope.graph.into, id_))
        levels.append({other for other in before if ahead.get(other) == hops})
    path = [source]
    for level in reversed(levels[:-1]):
        path.append(min(other for other in scope.onward(path[-1]) if other in level))
    for hops in range(behind[path[-1]] - 1, -1, -1):
        path.append(min(other for other in scope.onward(path[-1]) if behind.get(other) == hops))
    return path


def _lightest(scope: Scope, source: str, target: str) -> list[str] | None:
    """Dijkstra's way from both ends, as networkx goes it; of equals, the one met first by id."""
    if source == target:
        return [source]
    tables = (scope.graph.out, scope.graph.into)
    done: Distances = ({}, {})
    seen: Distances = ({source: 0.0}, {target: 0.0})
    before: tuple[dict[str, str], dict[str, str]] = ({}, {})
    fringe: tuple[list[tuple[float, str]], list[tuple[float, str]]] = (
        [(0.0, source)],
        [(0.0, target)],
    )
    best: tuple[float, str] | None = None
    side = 1
    while fringe[0] and fringe[1]:
        side = 1 - side
        distance, id_ = heappop(fringe[side])
        if id_ in done[side]:
            continue
        done[side][id_] = distance
        if id_ in done[1 - side]:
            break
        seen_here, seen_there = seen[side], seen[1 - side]
        for other, kinds in scope.links(tables[side], id_):
            reached = distance + min(kinds.values())
            if other not in seen_here or reached < seen_here[other]:
                seen_here[other] = reached
                before[side][other] = id_
                heappush(fringe[side], (reached, other))
                if other in seen_there:
                    met = (reached + seen_there[other], other)
                    best = met if best is None else min(best, met)
    return None if best is None else _joined(best[1], before)


def _joined(meeting: str, before: tuple[dict[str, str], dict[str, str]]) -> list[str]:
    return [*reversed(_chain(meeting, before[0])), *_chain(meeting, before[1])[1:]]


def _chain(id_: str, before: dict[str, str]) -> list[str]:
    chain = [id_]
    while (following := before.get(chain[-1])) is not None:
        chain.append(following)
    return chain
