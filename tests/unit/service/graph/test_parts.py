"""Parts of the graph, against the library's on a freshly built graph."""

from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import NotFound, PayloadTooLarge
from schema.events.graph import EntityPut
from service.graph.algorithms import parts
from service.graph.algorithms.scope import Scope
from service.graph.picture import Graph
from tests.graph_model import IDS, filters, graph_of, histories, linked, model_of, scope_of


@given(histories(-2), filters, st.sets(st.sampled_from(IDS)))
def test_a_subgraph_is_the_librarys(history: list[Any], seen: dict[str, Any], some: set[str]):
    ids = some & model_of(history).entities.keys()
    model = model_of(history).seen(**seen)
    fresh = nx.subgraph(model.parallel(), ids)

    found = parts.subgraph(Scope(graph_of(history), **seen), ids)

    assert found["entities"] == [
        {"id": id_, "label": model.entities[id_][0], "properties": model.entities[id_][1]}
        for id_ in sorted(fresh)
    ]
    assert found["relationships"] == [
        {"from": one, "to": other, "kind": kind, "weight": weight}
        for one, other, kind, weight in sorted(fresh.edges(keys=True, data="weight"))
    ]


@given(histories(-2), filters)
def test_neighbours_are_the_librarys(history: list[Any], seen: dict[str, Any]):
    for start in model_of(history).entities:
        model = model_of(history).seen(**seen, named=[start])
        fresh = model.parallel()
        ways = {
            "out": [
                (other, "out", *way)
                for _, other, *way in fresh.out_edges(start, keys=True, data="weight")
            ],
            "in": [
                (other, "in", *way)
                for other, _, *way in fresh.in_edges(start, keys=True, data="weight")
            ],
        }
        scope = Scope(graph_of(history), **seen, named=[start])
        for direction, expected in {**ways, "both": ways["out"] + ways["in"]}.items():
            found = parts.neighbours(scope, start, direction=direction)  # type: ignore[arg-type]

            assert [tuple(row.values()) for row in found["neighbours"]] == [
                (id_, model.entities[id_][0], *way) for id_, *way in sorted(expected)
            ]


def test_a_neighbour_is_told_with_what_binds_it():
    assert parts.neighbours(scope_of("ab"), "a") == {
        "neighbours": [
            {"id": "b", "label": "letter", "direction": "out", "kind": "knows", "weight": 1.0}
        ],
        "complete": True,
    }


def test_a_cut_list_of_neighbours_says_so():
    assert not parts.neighbours(scope_of("ab", "ac"), "a", limit=1)["complete"]


def test_a_member_that_is_not_there_is_named():
    with pytest.raises(NotFound, match="'x'"):
        parts.subgraph(scope_of("ab"), ["a", "x"])


def test_members_of_other_labels_are_left_out():
    graph = graph_of([*linked("ab"), EntityPut(id="z", label="end")])

    found = parts.subgraph(Scope(graph, labels=["letter"]), ["a", "z"])

    assert [entity["id"] for entity in found["entities"]] == ["a"]


def test_a_part_with_too_many_relationships_is_refused():
    ids = [str(number) for number in range(317)]
    everybody = [(one, other, "knows", 1.0) for one in ids for other in ids]
    graph = Graph.of(1, [(id_, "x", {}) for id_ in ids], everybody)

    with pytest.raises(PayloadTooLarge, match="100489 relationships"):
        parts.subgraph(Scope(graph), ids)
