"""What goes round in circles, and the order of what does not."""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Any

import networkx as nx

from schema.errors import CycleFound
from service.graph.algorithms.scope import Numbered, Scope
from service.graph.limits import CYCLE_STEPS_MAX

__all__ = ["cycles", "has_cycle", "topological_sort"]


def cycles(
    scope: Scope, *, limit: int, max_length: int, steps_max: int = CYCLE_STEPS_MAX
) -> dict[str, Any]:
    """The first *limit* cycles of at most *max_length* entities: short ones first, then by ids.

    Each begins at the first of its ids. Not `complete` where there are more, or where the search
    took more than *steps_max*.
    """
    graph, ids = scope.numbered()
    parts = [part for part in nx.strongly_connected_components(graph) if _turns(graph, part)]
    search = _Search(graph, parts, steps_max)
    found: list[list[str]] = []
    for cycle in search.cycles(max_length):
        if len(found) == limit:
            return {"cycles": found, "complete": False}
        found.append([ids[number] for number in cycle])
    return {"cycles": found, "complete": search.steps <= steps_max}


def has_cycle(scope: Scope) -> bool:
    """Whether anything goes round in a circle; what relates to itself does."""
    return bool(_ordered(scope)[1])


def topological_sort(scope: Scope) -> dict[str, Any]:
    """All entities, none before one that relates to it; where that leaves it open, by id.

    `CycleFound` names a cycle, where there is one.
    """
    order, left = _ordered(scope)
    if left:
        raise CycleFound(_cycle_in(scope, left))
    return {"entities": order}


class _Search:
    """Looks for cycles, and counts its steps."""

    def __init__(self, graph: Numbered, parts: list[set[int]], steps_max: int) -> None:
        self.steps = 0
        self._steps_max = steps_max
        self._longest = max(map(len, parts), default=0)
        within = [(number, part) for part in parts for number in part]
        self._out = {n: sorted(part.intersection(graph.successors(n))) for n, part in within}
        self._into = {n: sorted(part.intersection(graph.predecessors(n))) for n, part in within}

    def cycles(self, max_length: int) -> Iterator[list[int]]:
        """Every cycle once, from its lowest number on."""
        for length in range(1, min(max_length, self._longest) + 1):
            for root in sorted(self._out):
                yield from self._from(root, length)

    def _from(self, root: int, length: int) -> Iterator[list[int]]:
        back = self._hops_back(root, length - 1)
        path = [root]
        ways = [iter(self._out[root])]
        while ways and self._goes_on():
            number = next(ways[-1], None)
            if number is None:
                ways.pop()
                path.pop()
            elif len(path) == length:
                if number == root:
                    yield list(path)
            elif back.get(number, length) <= length - len(path) and number not in path:
                path.append(number)
                ways.append(iter(self._out[number]))

    def _hops_back(self, root: int, hops_max: int) -> dict[int, int]:
        """How far it is back to *root* for what may be in its cycles: higher numbers alone."""
        back: dict[int, int] = {}
        level = [root]
        for hops in range(1, hops_max + 1):
            following = []
            for number in level:
                for other in self._into[number]:
                    if other > root and other not in back and self._goes_on():
                        back[other] = hops
                        following.append(other)
            level = following
        return back

    def _goes_on(self) -> bool:
        self.steps += 1
        return self.steps <= self._steps_max


def _turns(graph: Numbered, part: set[int]) -> bool:
    return len(part) > 1 or all(graph.has_edge(number, number) for number in part)


def _ordered(scope: Scope) -> tuple[list[str], dict[str, int]]:
    """The entities in order as far as there is one; how many wait for what of the rest."""
    into, out = scope.graph.into, scope.graph.out
    waiting = {id_: len(list(scope.links(into, id_))) for id_ in scope.ids()}
    ready = [id_ for id_, others in waiting.items() if not others]
    heapify(ready)
    order = []
    while ready:
        id_ = heappop(ready)
        order.append(id_)
        del waiting[id_]
        for other, _ in scope.links(out, id_):
            waiting[other] -= 1
            if not waiting[other]:
                heappush(ready, other)
    return order, waiting


def _cycle_in(scope: Scope, left: dict[str, int]) -> list[str]:
    # Each that is left waits for another that is left: going back must come round.
    places: dict[str, int] = {}
    id_ = min(left)
    while id_ not in places:
        places[id_] = len(places)
        id_ = next(other for other in scope.onward(id_, "in") if other in left)
    cycle = list(places)[places[id_] :][::-1]
    first = cycle.index(min(cycle))
    return cycle[first:] + cycle[:first]
