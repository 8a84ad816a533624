"""Walks, against the library's on a freshly built graph."""

from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import NotFound, PayloadTooLarge
from service.graph.algorithms import walks
from service.graph.algorithms.scope import Direction, Scope
from service.graph.picture import Graph
from tests.graph_model import IDS, filters, graph_of, histories, model_of, scope_of

depths = st.none() | st.integers(1, 4)
directions = st.sampled_from(["out", "in", "both"])


def turned(fresh: "nx.DiGraph[str]", direction: Direction) -> Any:
    if direction == "both":
        return nx.to_undirected(fresh)
    return fresh if direction == "out" else fresh.reverse()


@given(histories(), filters, depths, directions)
def test_walks_are_the_librarys(
    history: list[Any], seen: dict[str, Any], depth: int | None, direction: Direction
):
    for start in model_of(history).entities:
        fresh = turned(model_of(history).seen(**seen, named=[start]).library(), direction)
        scope = Scope(graph_of(history), **seen, named=[start])
        broad = [
            other
            for _, other in nx.bfs_edges(fresh, start, depth_limit=depth, sort_neighbors=sorted)
        ]
        deep = list(nx.dfs_preorder_nodes(fresh, start, depth_limit=depth, sort_neighbors=sorted))
        said: dict[str, Any] = {"direction": direction, "max_depth": depth}

        assert walks.bfs(scope, start, **said) == {"entities": broad, "complete": True}
        assert walks.dfs(scope, start, **said) == {"entities": deep[1:], "complete": True}


@given(histories(), filters)
def test_closures_are_the_librarys(history: list[Any], seen: dict[str, Any]):
    graph, model = graph_of(history), model_of(history)
    fresh = nx.transitive_closure(model.seen(**seen).library(), reflexive=True)
    assert walks.closures(Scope(graph, **seen)) == {
        id_: sorted(fresh.successors(id_)) for id_ in sorted(fresh)
    }
    for start in model.entities:
        reached = nx.descendants(model.seen(**seen, named=[start]).library(), start) | {start}
        scope = Scope(graph, **seen, named=[start])
        assert walks.closure(scope, start)["entities"] == sorted(reached)


def test_depth_first_follows_each_way_to_its_end():
    """The seed listed all siblings before it went down."""
    scope = scope_of("ab", "ac", "bd", "ce")

    assert walks.dfs(scope, "a")["entities"] == ["b", "d", "c", "e"]
    assert walks.bfs(scope, "a")["entities"] == ["b", "c", "d", "e"]


@pytest.mark.parametrize("walk", [walks.bfs, walks.dfs])
def test_a_cut_walk_says_so(walk: Any):
    scope = scope_of("ab", "ac", "bd")

    assert walk(scope, "a", max_nodes=3)["complete"]
    assert walk(scope, "a", max_nodes=1) == {"entities": ["b"], "complete": False}


def test_a_cut_closure_holds_the_nearest():
    assert walks.closure(scope_of("az", "zb"), "a", max_nodes=1) == {
        "entities": ["a", "z"],
        "complete": False,
    }


@pytest.mark.parametrize("id_", IDS)
def test_a_start_that_is_not_there_is_named(id_: str):
    with pytest.raises(NotFound) as refused:
        Scope(Graph(), named=[id_])

    assert repr(id_) in str(refused.value)


def test_all_closures_of_a_large_graph_are_too_much():
    graph = Graph.of(1, [(str(number), "x", {}) for number in range(10_001)], [])

    with pytest.raises(PayloadTooLarge, match="10001 entities"):
        walks.closures(Scope(graph))


def test_all_closures_of_a_ring_are_too_much():
    ids = [str(number) for number in range(1001)]
    ring = [(one, other, "next", 1.0) for one, other in zip(ids, ids[1:] + ids[:1], strict=True)]

    with pytest.raises(PayloadTooLarge, match="1002001 pairs"):
        walks.closures(Scope(Graph.of(1, [(id_, "x", {}) for id_ in ids], ring)))
