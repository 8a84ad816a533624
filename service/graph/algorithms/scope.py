"""The part of a graph that a question is about: its kinds of relationships, its labels."""

from collections.abc import Collection, Iterable
from typing import Literal, TypeAlias

import networkx as nx

from schema.errors import NegativeWeight
from service.graph.picture import Graph, Kinds, Links

Direction: TypeAlias = Literal["out", "in", "both"]
"""Along relationships, against them, or either way."""
Numbered: TypeAlias = "nx.DiGraph[int]"
"""A library's graph of the numbers 0, 1, …: places in the sorted ids, so nothing hangs on hashes,
nor on how the graph came about."""


class Scope:
    """What of *graph* is looked at; entities *named* in the question are, whatever their label."""

    def __init__(
        self,
        graph: Graph,
        *,
        kinds: Collection[str] = (),
        labels: Collection[str] = (),
        named: Collection[str] = (),
    ) -> None:
        """No *kinds* stand for all, and so do no *labels*; `NotFound` where one *named* is not."""
        for id_ in named:
            graph.entity(id_)
        self.graph = graph
        self._kinds = frozenset(kinds)
        self._labels = frozenset(labels)
        self._named = frozenset(named)

    def shows(self, id_: str) -> bool:
        """Whether the entity is looked at."""
        if not self._labels or id_ in self._named:
            return True
        return self.graph.entities[id_].label in self._labels

    def ids(self) -> list[str]:
        """The entities that are looked at, in order."""
        return sorted(filter(self.shows, self.graph.entities))

    def links(self, table: dict[str, Links], id_: str) -> Iterable[tuple[str, Kinds]]:
        """What *table* (the graph's `out` or `into`) has for the entity, in no order."""
        if not self._kinds and not self._labels:
            return table[id_].items()
        return [
            (other, shown)
            for other, kinds in table[id_].items()
            if (shown := self._shown(kinds)) and self.shows(other)
        ]

    def onward(self, id_: str, direction: Direction = "out") -> list[str]:
        """The entities one step away, in order, each once."""
        if direction == "both":
            return sorted({*self.onward(id_, "out"), *self.onward(id_, "in")})
        table = self.graph.out if direction == "out" else self.graph.into
        return sorted(other for other, _ in self.links(table, id_))

    def refuse_negative(self) -> None:
        """`NegativeWeight` where a relationship that is looked at weighs less than 0."""
        for source, target, kind in sorted(self.graph.negative):
            if kind in (self._kinds or {kind}) and self.shows(source) and self.shows(target):
                weight = self.graph.out[source][target][kind]
                raise NegativeWeight(
                    "weight",
                    f"{source!r} to {target!r}, kind {kind!r}, weighs {weight:g}: "
                    "leave its kind out, or let it weigh 0 or more",
                )

    def numbered(self) -> tuple[Numbered, list[str]]:
        """The same for a library, and the id of each number."""
        ids = self.ids()
        numbers = {id_: number for number, id_ in enumerate(ids)}
        found: Numbered = nx.DiGraph()
        found.add_nodes_from(range(len(ids)))
        found.add_edges_from(
            (number, numbers[target])
            for number, id_ in enumerate(ids)
            for target in self.onward(id_)
        )
        return found, ids

    def _shown(self, kinds: Kinds) -> Kinds:
        if not self._kinds:
            return kinds
        return {kind: weight for kind, weight in kinds.items() if kind in self._kinds}
