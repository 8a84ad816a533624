"""Ways through the graph, against the library's on a freshly built graph."""

from itertools import pairwise
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import NegativeWeight, NotFinite
from schema.events.graph import EntityPut, RelationshipPut
from service.graph.algorithms import paths
from service.graph.algorithms.scope import Scope
from service.graph.picture import Graph
from tests.graph_model import filters, graph_of, histories, linked, model_of, scope_of


def lightest_step(model: Any, one: str, other: str, *, weighted: bool) -> dict[str, Any]:
    ways = [(key[2], w) for key, w in model.relationships.items() if key[:2] == (one, other)]
    kind, weight = min(ways, key=lambda way: (way[1] if weighted else 0, way[0]))
    return {"from": one, "to": other, "kind": kind, "weight": weight}


@given(histories(), filters)
def test_the_shortest_ways_are_the_librarys(history: list[Any], seen: dict[str, Any]):
    ids = list(model_of(history).entities)
    for source, target in [(one, other) for one in ids for other in ids]:
        model = model_of(history).seen(**seen, named=[source, target])
        scope = Scope(graph_of(history), **seen, named=[source, target])
        fresh = model.library()

        by_hops = paths.shortest_path(scope, source, target)
        by_weight = paths.shortest_path(scope, source, target, weighted=True)

        assert paths.path_exists(scope, source, target) == nx.has_path(fresh, source, target)
        assert (by_hops is None) == (by_weight is None) == (not nx.has_path(fresh, source, target))
        if by_hops is None or by_weight is None:
            continue
        assert by_hops["path"] == min(nx.all_shortest_paths(fresh, source, target))
        assert by_hops["hops"] == len(by_hops["path"]) - 1
        assert by_weight["path"] in nx.all_shortest_paths(fresh, source, target, weight="weight")
        assert by_weight["total"] == nx.dijkstra_path_length(fresh, source, target)
        for found, weighted in ((by_hops, False), (by_weight, True)):
            assert found["relationships"] == [
                lightest_step(model, *pair, weighted=weighted)
                for pair in nx.utils.pairwise(found["path"])
            ]


@given(histories(), st.randoms(use_true_random=False))
def test_a_way_does_not_depend_on_how_the_graph_came_about(history: list[Any], chance: Any):
    model = model_of(history)
    rows = [(*key, weight) for key, weight in model.relationships.items()]
    chance.shuffle(rows)
    entities = [(id_, *said) for id_, said in model.entities.items()]
    folded, loaded = graph_of(history), Graph.of(len(history), entities, rows)

    for source in model.entities:
        for target in model.entities:
            for weighted in (False, True):
                assert paths.shortest_path(
                    Scope(folded), source, target, weighted=weighted
                ) == paths.shortest_path(Scope(loaded), source, target, weighted=weighted)


@given(st.lists(st.tuples(*[st.integers(0, 30)] * 2, st.floats(0, 1e15)), max_size=120))
def test_totals_of_any_weights_are_the_librarys(rows: list[tuple[int, int, float]]):
    graph = Graph.of(1, [(str(n), "x", {}) for n in range(31)], [])
    fresh: nx.DiGraph[str] = nx.DiGraph()
    fresh.add_nodes_from(graph.entities)
    for one, other, weight in rows:
        graph.put_relationship(str(one), str(other), "k", weight)
        fresh.add_edge(str(one), str(other), weight=weight)

    found = {
        id_: way["total"]
        for id_ in graph.entities
        if (way := paths.shortest_path(Scope(graph), "0", id_, weighted=True))
    }

    assert found == pytest.approx(nx.single_source_dijkstra_path_length(fresh, "0"))


def test_a_way_to_itself_has_no_steps():
    scope = scope_of("ab", "aa")

    nowhere = {"path": ["a"], "hops": 0, "relationships": []}
    assert paths.shortest_path(scope, "a", "a") == nowhere
    assert paths.shortest_path(scope, "a", "a", weighted=True) == {**nowhere, "total": 0.0}


def test_no_way_is_absent():
    assert paths.shortest_path(scope_of("ab"), "b", "a") is None
    assert paths.shortest_path(scope_of("ab"), "b", "a", weighted=True) is None


def test_a_detour_may_weigh_less():
    graph = graph_of([*linked("ab", "bc"), *linked("ac", weight=3)])

    assert paths.shortest_path(Scope(graph), "a", "c", weighted=True) == {
        "path": ["a", "b", "c"],
        "hops": 2,
        "total": 2.0,
        "relationships": [
            {"from": "a", "to": "b", "kind": "knows", "weight": 1.0},
            {"from": "b", "to": "c", "kind": "knows", "weight": 1.0},
        ],
    }


def test_a_negative_weight_is_named_wherever_it_is():
    graph = graph_of([*linked("ab", "cd"), *linked("dc", "cb", weight=-2, kind="owes")])

    with pytest.raises(NegativeWeight) as refused:
        paths.shortest_path(Scope(graph), "a", "b", weighted=True)

    assert refused.value.field == "weight"
    assert "'c' to 'b', kind 'owes', weighs -2" in str(refused.value)


def test_a_negative_weight_that_is_not_looked_at_does_not_matter():
    history = [*linked("ab", "bc"), EntityPut(id="z", label="end")]
    owed = [RelationshipPut(source=one, target="z", kind="owes", weight=-1.0) for one in "ab"]
    graph = graph_of([*history, *owed])

    for scope in (Scope(graph, kinds=["knows"]), Scope(graph, labels=["letter"])):
        found = paths.shortest_path(scope, "a", "c", weighted=True)
        assert found is not None
        assert found["total"] == 2.0


def test_a_sum_beyond_all_numbers_is_refused():
    graph = graph_of(linked("ab", "bc", weight=1.7e308))

    with pytest.raises(NotFinite, match="sum up to more"):
        paths.shortest_path(Scope(graph), "a", "c", weighted=True)


def test_of_many_shortest_ways_the_first_by_id_is_taken_from_end_to_end():
    columns = ["s", "edcba", "ihg", "lkj", "nom", "t"]
    steps = [one + other for left, right in pairwise(columns) for one in left for other in right]

    found = paths.shortest_path(scope_of(*steps), "s", "t")

    assert found is not None
    assert found["path"] == list("sagjmt")
