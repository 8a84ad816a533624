"""The graph that events add up to."""

import gc
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Broken, NotFound
from schema.events import Erased, EventsErased
from schema.events.graph import EntityPut, EntityRemoved, RelationshipPut, RelationshipRemoved
from service.graph.picture import Graph
from tests.graph_model import Model, graph_of, histories, linked, model_of


def held(graph: Graph) -> Model:
    return Model(
        {id_: (entity.label, entity.properties) for id_, entity in graph.entities.items()},
        {(one, other, kind): w for one, other, kind, w in graph.all_relationships()},
    )


@given(histories(-2))
def test_at_every_version_it_holds_what_the_events_say(history: list[Any]):
    graph, model = Graph(), Model()
    for version, event in enumerate(history, 1):
        model.fold(event)

        assert graph.fold(version, event).version == version
        assert held(graph) == model


@given(histories(-2))
def test_what_follows_from_the_rest_is_kept_up_with_it(history: list[Any]):
    graph, model = graph_of(history), model_of(history)

    assert graph.relationships == len(model.relationships)
    assert graph.negative == {key for key, weight in model.relationships.items() if weight < 0}
    assert {(one, two) for one, links in graph.out.items() for two in links} == {
        (one, two) for two, links in graph.into.items() for one in links
    }
    assert all(
        graph.into[two][one] is kinds
        for one, links in graph.out.items()
        for two, kinds in links.items()
    )


@given(histories(-2), st.randoms(use_true_random=False))
def test_it_is_the_same_when_loaded_from_rows(history: list[Any], chance: Any):
    folded, model = graph_of(history), model_of(history)
    entities = [(id_, *said) for id_, said in model.entities.items()]
    relationships = [(*key, weight) for key, weight in model.relationships.items()]
    chance.shuffle(entities)
    chance.shuffle(relationships)

    loaded = Graph.of(folded.version, entities, relationships)

    assert held(loaded) == held(folded)
    assert (loaded.bytes, loaded.relationships) == (folded.bytes, folded.relationships)
    assert (loaded.negative, loaded.version) == (folded.negative, folded.version)


def test_an_event_that_was_folded_changes_nothing_more():
    graph = graph_of(linked("ab"))

    graph.fold(1, EntityRemoved(id="a"))

    assert held(graph) == model_of(linked("ab"))


def test_an_event_that_was_left_out_is_noticed():
    with pytest.raises(Broken, match="version 2 cannot follow on 0"):
        Graph().fold(2, EntityPut(id="a", label="letter"))


def test_what_it_does_not_know_only_moves_the_version():
    graph = Graph().fold(1, Erased(erased_type="entity_put"))

    assert (graph.version, graph.entities) == (1, {})


def test_an_erasure_says_from_where_it_must_be_built_anew():
    erasure = EventsErased(versions=(1,), reason="asked")

    assert Graph().fold(1, erasure).erased == 1


def test_what_is_not_there_is_named():
    with pytest.raises(NotFound, match="'x'"):
        Graph().entity("x")


def test_a_removed_entity_that_comes_back_comes_back_alone():
    history = [*linked("ab", "ba", "aa"), EntityRemoved(id="a"), EntityPut(id="a", label="letter")]

    graph = graph_of(history)

    assert (graph.out, graph.into, graph.relationships) == (
        {"a": {}, "b": {}},
        {"a": {}, "b": {}},
        0,
    )


def test_what_is_gone_takes_nothing():
    history = [*linked("ab", "ba", "aa"), EntityRemoved(id="a"), EntityRemoved(id="b")]

    assert graph_of(history).bytes == 0


def test_the_estimate_of_its_size_is_near_the_truth():
    gc.collect()
    tracemalloc.start()
    graph = Graph()
    for number in range(2000):
        graph.put_entity(f"entity-{number}", "thing", {"name": f"the {number}th", "tags": ["x"]})
    for number in range(10_000):
        source, target = f"entity-{number % 2000}", f"entity-{number * 7919 % 1999}"
        graph.put_relationship(source, target, f"kind-{number % 3}", number / 2)
    truth, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 0.7 < graph.bytes / truth < 1.4


def test_events_share_the_text_of_ids():
    source, target = (f"{letter}!" for letter in "ab")
    graph = graph_of(
        [
            EntityPut(id="a!", label="x"),
            EntityPut(id="b!", label="x"),
            EntityPut(id="".join(reversed("!b")), label="y"),
            RelationshipPut(source=source, target=target, kind="knows"),
        ]
    )

    assert next(iter(graph.out["a!"])) is graph.entities["b!"].id
    assert next(iter(graph.into["b!"])) is graph.entities["a!"].id
    assert all(id_ is graph.entities[id_].id for id_ in (*graph.out, *graph.into))


def test_a_negative_kind_among_others_is_forgotten_when_it_is_removed():
    history = [*linked("ab"), *linked("ab", kind="owes", weight=-1.0)]
    removed = RelationshipRemoved(source="a", target="b", kind="owes")

    graph = graph_of([*history, removed])

    assert (graph.negative, graph.relationships) == (set(), 1)
