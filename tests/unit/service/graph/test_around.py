"""A part of the graph as events keep it."""

from hypothesis import given
from hypothesis import strategies as st

from schema import json_text
from schema.events import GraphRecalled, KnownEntity, KnownRelationship
from service.graph.around import BYTES_MAX, around, fitting, heaviest
from service.graph.picture import Graph, Relationship
from tests.graph_model import IDS, KINDS
from tests.minds import AT

GRAPHS = st.lists(
    st.tuples(
        st.sampled_from(IDS), st.sampled_from(IDS), st.sampled_from(KINDS), st.sampled_from((1, 2))
    )
).map(lambda found: Graph.of(1, [(id_, "thing", {}) for id_ in IDS], found))
SOME = st.lists(st.sampled_from((*IDS, "nobody")), unique=True, max_size=3)


@given(GRAPHS, st.sampled_from(IDS), st.integers(0, 5), st.sets(st.sampled_from(KINDS)))
def test_the_heaviest_are_the_first_of_all_that_touch_the_entity(
    graph: Graph, id_: str, limit: int, kinds: set[str]
):
    touching = [
        one
        for one in graph.all_relationships()
        if id_ in (one.source, one.target) and (not kinds or one.kind in kinds)
    ]
    ordered = sorted(touching, key=lambda one: (-one.weight, one.kind, one.source, one.target))
    assert heaviest(graph, id_, limit, kinds) == ordered[:limit]


def test_what_relates_to_itself_is_one_relationship():
    graph = Graph.of(1, [("a", "thing", {})], [("a", "a", "is", 1.0)])
    assert heaviest(graph, "a", 9) == [Relationship("a", "a", "is", 1.0)]
    assert heaviest(graph, "nobody", 9) == []


@given(GRAPHS, SOME, st.integers(0, 3))
def test_the_named_come_first_and_then_what_they_lead_to(graph: Graph, ids: list[str], limit: int):
    entities, relationships = around(graph, ids, limit)
    named = [id_ for id_ in ids if id_ in graph.entities]
    told = [one.id for one in entities]
    assert told[: len(named)] == named
    ends = {end for one in relationships for end in (one.source, one.target)}
    assert set(told) == {*named, *ends}
    assert len(told) == len(set(told))
    expected = {one for id_ in named for one in heaviest(graph, id_, limit)}
    assert len(relationships) == len(expected)
    assert all(
        Relationship(one.source, one.target, one.kind, one.weight) in expected
        for one in relationships
    )


def test_what_fits_is_taken_in_order_and_half_of_the_room_is_kept_for_entities():
    entities = tuple(
        KnownEntity(id=str(n), label="thing", properties={"bio": "x" * 60_000}) for n in range(20)
    )
    relationships = tuple(
        KnownRelationship(source="a" * 200, target="b" * 200, kind=str(n)) for n in range(5000)
    )
    whole = GraphRecalled(version=1, at=AT, entities=entities, relationships=relationships)
    part = fitting(whole)
    assert len(json_text.encode(part)) <= BYTES_MAX
    assert part.entities == entities[: len(part.entities)]
    assert part.relationships == relationships[: len(part.relationships)]
    assert (len(part.entities), 400 < len(part.relationships) < 1000) == (4, True)
    assert fitting(part) == part


def test_what_is_small_stays_as_it_is():
    small = GraphRecalled(version=1, at=AT, entities=(KnownEntity(id="a", label="b"),))
    assert fitting(small) == small
