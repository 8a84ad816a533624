"""Cycles and order, against the library's on a freshly built graph."""

from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import CycleFound
from service.graph.algorithms.cycles import cycles, has_cycle, topological_sort
from service.graph.algorithms.scope import Scope
from service.graph.picture import Graph
from tests.graph_model import filters, graph_of, histories, model_of, scope_of


def from_the_first(cycle: list[str]) -> list[str]:
    place = cycle.index(min(cycle))
    return cycle[place:] + cycle[:place]


@given(histories(), filters, st.integers(1, 9), st.integers(1, 60))
def test_cycles_are_the_librarys_short_ones_first(
    history: list[Any], seen: dict[str, Any], max_length: int, limit: int
):
    fresh = model_of(history).seen(**seen).library()
    all_of_them = sorted(
        map(from_the_first, nx.simple_cycles(fresh, length_bound=max_length)),
        key=lambda cycle: (len(cycle), cycle),
    )

    found = cycles(Scope(graph_of(history), **seen), limit=limit, max_length=max_length)

    assert found["cycles"] == all_of_them[:limit]
    assert found["complete"] == (len(all_of_them) <= limit)


@given(histories(), filters)
def test_order_is_the_librarys_or_a_cycle_is_named(history: list[Any], seen: dict[str, Any]):
    fresh = model_of(history).seen(**seen).library()
    scope = Scope(graph_of(history), **seen)

    assert has_cycle(scope) != nx.is_directed_acyclic_graph(fresh)
    if not has_cycle(scope):
        expected = list(nx.lexicographical_topological_sort(fresh))
        assert topological_sort(scope) == {"entities": expected}
        return
    with pytest.raises(CycleFound) as refused:
        topological_sort(scope)
    cycle = refused.value.cycle
    assert len(set(cycle)) == len(cycle)
    assert cycle[0] == min(cycle)
    assert nx.is_path(fresh, [*cycle, cycle[0]])


def test_what_relates_to_itself_is_a_cycle():
    scope = scope_of("aa", "ab")

    assert has_cycle(scope)
    assert cycles(scope, limit=9, max_length=9) == {"cycles": [["a"]], "complete": True}


def test_a_named_cycle_is_said():
    with pytest.raises(CycleFound, match="'b' → 'd' → 'c' → 'b'"):
        topological_sort(scope_of("ab", "bd", "dc", "cb", "ce"))


def test_of_a_long_cycle_the_sentence_says_the_beginning():
    ids = [f"{number:04}" for number in range(1000)]
    ring = [(one, other, "next", 1.0) for one, other in zip(ids, ids[1:] + ids[:1], strict=True)]

    with pytest.raises(CycleFound, match="… 990 more …") as refused:
        topological_sort(Scope(Graph.of(1, [(id_, "x", {}) for id_ in ids], ring)))

    assert refused.value.cycle == tuple(ids)
    assert len(str(refused.value)) < 200


def test_a_search_that_takes_too_long_says_that_it_is_not_complete():
    ids = [str(number) for number in range(40)]
    everybody = [(one, other, "knows", 1.0) for one in ids for other in ids if one != other]
    scope = Scope(Graph.of(1, [(id_, "x", {}) for id_ in ids], everybody))

    found = cycles(scope, limit=10_000, max_length=40, steps_max=20_000)

    assert not found["complete"]
    assert 0 < len(found["cycles"]) < 10_000
