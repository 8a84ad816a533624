"""Communities, against the library's on a freshly built graph."""

from itertools import combinations
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import NegativeWeight
from service.graph.algorithms.communities import Method, communities
from service.graph.algorithms.scope import Scope
from service.graph.picture import Graph
from tests.graph_model import Model, filters, graph_of, histories, linked, model_of

methods = st.sampled_from(["label_propagation", "louvain"])


def bound(model: Model, *, weighted: bool) -> "nx.Graph[int]":
    numbers = {id_: number for number, id_ in enumerate(sorted(model.entities))}
    fresh: nx.Graph[int] = nx.Graph()
    fresh.add_nodes_from(numbers.values())
    sums: dict[tuple[int, int], float] = {}
    for (source, target, _), weight in model.relationships.items():
        low, high = sorted((numbers[source], numbers[target]))
        if low != high:
            sums[low, high] = sums.get((low, high), 0) + (weight if weighted else 1)
    fresh.add_weighted_edges_from((*pair, total) for pair, total in sorted(sums.items()) if total)
    return fresh


@given(histories(), filters, methods, st.booleans(), st.integers(0, 9))
def test_communities_are_the_librarys(
    history: list[Any], seen: dict[str, Any], method: Method, weighted: bool, seed: int
):
    model = model_of(history).seen(**seen)
    fresh, ids = bound(model, weighted=weighted), sorted(model.entities)
    ask: Any = (
        nx.community.louvain_communities
        if method == "louvain"
        else nx.community.asyn_lpa_communities
    )
    expected = ask(fresh, weight="weight", seed=seed) if fresh.size() else [{n} for n in fresh]

    scope = Scope(graph_of(history), **seen)
    found = communities(scope, method=method, seed=seed, weighted=weighted)

    assert {frozenset(group) for group in found["communities"]} == {
        frozenset(ids[number] for number in group) for group in expected
    }
    keys = [(-len(group), group[0]) for group in found["communities"]]
    assert keys == sorted(keys)
    assert all(group == sorted(group) for group in found["communities"])


@pytest.mark.parametrize("method", ["label_propagation", "louvain"])
@pytest.mark.parametrize("seed", range(5))
def test_two_circles_of_friends_are_two(method: Method, seed: int):
    friends = [one + other for circle in ("abcd", "wxyz") for one, other in combinations(circle, 2)]

    found = communities(Scope(graph_of(linked(*friends, "dw"))), method=method, seed=seed)

    assert found["communities"] == [list("abcd"), list("wxyz")]


def test_whoever_is_alone_is_a_community():
    alone = Graph.of(1, [(id_, "x", {}) for id_ in "ab"], [("a", "a", "knows", 1.0)])

    assert communities(Scope(alone))["communities"] == [["a"], ["b"]]


def test_what_weighs_nothing_binds_nothing():
    graph = graph_of(linked("ab", weight=0.0))

    assert communities(Scope(graph), weighted=True)["communities"] == [["a"], ["b"]]
    assert communities(Scope(graph))["communities"] == [["a", "b"]]


def test_a_negative_weight_is_named_where_weights_count():
    graph = graph_of(linked("ab", weight=-1.0))

    assert communities(Scope(graph))["communities"] == [["a", "b"]]
    with pytest.raises(NegativeWeight, match="'a' to 'b'"):
        communities(Scope(graph), weighted=True)
