"""Two graphs made one."""

from typing import Any

from hypothesis import given

from schema.events.graph import EntityPut, RelationshipPut
from service.graph.algorithms.merging import merge
from tests.graph_model import Model, graph_of, histories, linked, model_of


@given(histories(-2), histories(-2))
def test_after_it_there_is_what_either_holds_and_the_other_wins(own: list[Any], other: list[Any]):
    mine, theirs = model_of(own), model_of(other)

    merged = model_of([*own, *merge(graph_of(own), graph_of(other))])

    assert merged == Model(
        mine.entities | theirs.entities, mine.relationships | theirs.relationships
    )


@given(histories(), histories())
def test_nothing_is_left_to_do_after_it(own: list[Any], other: list[Any]):
    merged = [*own, *merge(graph_of(own), graph_of(other))]

    assert list(merge(graph_of(merged), graph_of(other))) == []


def test_it_says_what_is_new_in_order():
    own, other = graph_of(linked("ab")), graph_of([*linked("ab", "cb"), *linked("ab", weight=2.0)])

    assert list(merge(own, other)) == [
        EntityPut(id="c", label="letter"),
        RelationshipPut(source="a", target="b", kind="knows", weight=2.0),
        RelationshipPut(source="c", target="b", kind="knows", weight=1.0),
    ]


def test_what_only_python_holds_for_equal_is_not_the_same():
    own = graph_of([EntityPut(id="a", label="letter", properties={"vowel": 1})])
    other = graph_of([EntityPut(id="a", label="letter", properties={"vowel": True})])

    assert list(merge(own, other)) == [
        EntityPut(id="a", label="letter", properties={"vowel": True}),
    ]
