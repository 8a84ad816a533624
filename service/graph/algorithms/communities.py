"""Which entities belong together, directions left aside."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

import networkx as nx

from service.graph.algorithms.scope import Scope
from service.graph.picture import Kinds

__all__ = ["Method", "communities"]

Method: TypeAlias = Literal["label_propagation", "louvain"]


def communities(
    scope: Scope, *, method: Method = "louvain", seed: int = 0, weighted: bool = False
) -> dict[str, Any]:
    """The communities, the largest first, of equals the one with the first id.

    Two entities hold together as often as they relate, either way, or by the sum of those weights,
    where *weighted* (`NegativeWeight` where one is below 0). That one relates to itself says
    nothing. The same *seed* gives the same answer.
    """
    if weighted:
        scope.refuse_negative()
    ids = scope.ids()
    graph = _bound(scope, ids, weighted=weighted)
    if graph.number_of_edges() == 0:
        found: Iterable[Iterable[int]] = ([number] for number in graph)
    elif method == "louvain":
        found = nx.community.louvain_communities(graph, weight="weight", seed=seed)
    else:
        found = nx.community.asyn_lpa_communities(graph, weight="weight", seed=seed)
    groups = [[ids[number] for number in sorted(group)] for group in found]
    groups.sort(key=lambda group: (-len(group), group[0]))
    return {"communities": groups, "method": method, "seed": seed}


def _bound(scope: Scope, ids: list[str], *, weighted: bool) -> "nx.Graph[int]":
    numbers = {id_: number for number, id_ in enumerate(ids)}
    bonds: defaultdict[tuple[int, int], float] = defaultdict(float)
    for number, id_ in enumerate(ids):
        for other, kinds in sorted(scope.links(scope.graph.out, id_)):
            there = numbers[other]
            if there != number:
                bonds[min(number, there), max(number, there)] += _bond(kinds, weighted=weighted)
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(len(ids)))
    graph.add_weighted_edges_from((*pair, bond) for pair, bond in sorted(bonds.items()) if bond)
    return graph


def _bond(kinds: Kinds, *, weighted: bool) -> float:
    return sum(weight for _, weight in sorted(kinds.items())) if weighted else len(kinds)
