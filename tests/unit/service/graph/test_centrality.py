"""Scores, against the library's on a freshly built graph."""

from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Invalid
from service.graph.algorithms import centrality
from service.graph.algorithms.scope import Scope
from service.graph.picture import Graph
from tests.graph_model import filters, graph_of, histories, linked, model_of, scope_of


def scores(found: dict[str, Any]) -> dict[str, float]:
    return {one["id"]: one["score"] for one in found["scores"]}


@given(histories(), filters)
def test_degrees_are_the_librarys(history: list[Any], seen: dict[str, Any]):
    fresh = model_of(history).seen(**seen).parallel()

    found = centrality.degree(Scope(graph_of(history), **seen))

    expected = nx.degree_centrality(fresh) if len(fresh) > 1 else dict.fromkeys(fresh, 0.0)
    assert scores(found) == pytest.approx(expected)


@given(histories(), filters)
def test_betweenness_is_the_librarys(history: list[Any], seen: dict[str, Any]):
    fresh = model_of(history).seen(**seen).library()

    found = centrality.betweenness(Scope(graph_of(history), **seen))

    assert scores(found) == pytest.approx(nx.betweenness_centrality(fresh))
    assert found["exact"]


@given(histories(), st.integers(2, 5), st.integers(0, 9))
def test_sampled_betweenness_is_the_librarys(history: list[Any], samples: int, seed: int):
    fresh = model_of(history).library()
    exact = samples >= len(fresh)

    found = centrality.betweenness(Scope(graph_of(history)), samples=samples, seed=seed)

    expected = nx.betweenness_centrality(fresh, k=None if exact else samples, seed=seed)
    assert scores(found) == pytest.approx(expected)
    assert (found["exact"], found["samples"]) == (exact, min(samples, len(fresh)))


@given(histories())
def test_the_most_central_come_first_and_equals_by_id(history: list[Any]):
    scope = Scope(graph_of(history))
    for found in (centrality.degree(scope), centrality.betweenness(scope)):
        keys = [(-one["score"], one["id"]) for one in found["scores"]]
        assert keys == sorted(keys)


def test_the_middle_of_a_chain_lies_on_a_third_of_the_ways():
    """The seed's example, whose constant was that of graphs without directions: 2/3."""
    found = centrality.betweenness(scope_of("ab", "bc", "cd"))

    assert scores(found) == pytest.approx({"b": 1 / 3, "c": 1 / 3, "a": 0, "d": 0})


def test_parallel_relationships_are_one_way():
    """The seed counted them as several."""
    twice = [*linked("ab", "bd", "ac", "cd"), *linked("ab", "bd", kind="likes")]

    found = scores(centrality.betweenness(Scope(graph_of(twice))))

    assert found["b"] == found["c"] == pytest.approx(1 / 12)


def test_degrees_count_each_kind_and_both_ends():
    twice = [*linked("ab", "aa"), *linked("ab", kind="likes")]

    assert scores(centrality.degree(Scope(graph_of(twice)))) == {"a": 4.0, "b": 2.0}


def test_who_is_alone_has_no_degree():
    alone = Scope(Graph.of(1, [("a", "x", {})], [("a", "a", "knows", 1.0)]))

    assert scores(centrality.degree(alone)) == {"a": 0.0}


def test_a_cut_list_says_so():
    scope = scope_of("ab", "bc")

    assert centrality.degree(scope, limit=1) == {
        "scores": [{"id": "b", "score": 1.0}],
        "complete": False,
    }
    assert centrality.degree(scope, limit=3)["complete"]


def test_more_sources_than_there_is_time_for_are_refused():
    graph = Graph.of(1, [(str(number), "x", {}) for number in range(8000)], [])

    with pytest.raises(Invalid, match="use at most 7500") as refused:
        centrality.betweenness(Scope(graph))

    assert refused.value.field == "samples"


def test_nobody_is_told_to_use_no_sample(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(centrality, "SOURCES_TIMES_SIZE_MAX", 7)

    with pytest.raises(Invalid, match="take too long: ask about less, by kinds or labels"):
        centrality.betweenness(scope_of("ab", "bc", "cd"), samples=2)
