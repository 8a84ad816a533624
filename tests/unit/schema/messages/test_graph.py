"""What is sent to put into a graph and to ask about it: what it takes, and what it refuses."""

import math
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schema.errors import Invalid, NestedTooDeep, NotFinite, PayloadTooLarge
from schema.events.graph import EntityPut, RelationshipPut
from schema.messages.checked import checked
from schema.messages.graph import (
    QUERIES,
    Bfs,
    GraphQuery,
    PutEntity,
    PutRelationship,
    checked_query,
)

ENTITY = {"id": "a", "label": "person"}
RELATIONSHIP = {"from": "a", "to": "b", "kind": "knows"}
names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=128
).filter(str.strip)
LEAST: dict[str, dict[str, Any]] = {
    "bfs": {"start": "a"},
    "dfs": {"start": "a"},
    "shortest_path": {"from": "a", "to": "b"},
    "path_exists": {"from": "a", "to": "b"},
    "subgraph": {"ids": ["a"]},
    "neighbours": {"start": "a"},
}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": " "}, "id"),
        ({"id": "x" * 257}, "id"),
        ({"id": 7}, "id"),
        ({"id": "a\x00"}, "id"),
        ({"label": "\ud800"}, "label"),
        ({"label": ""}, "label"),
        ({"label": "x" * 129}, "label"),
        ({"properties": []}, "properties"),
        ({"properties": {"a": object()}}, "properties"),
        ({"properties": {"a": [{"b": "\ud800"}]}}, "properties"),
        ({"properties": {"a\x00": 1}}, "properties"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_an_entity_that_cannot_be_is_refused_by_its_field(values: dict[str, Any], field: str):
    with pytest.raises(Invalid) as refused:
        checked(PutEntity, {**ENTITY, **values})

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"from": ""}, "from"),
        ({"to": "x" * 257}, "to"),
        ({"kind": " "}, "kind"),
        ({"kind": "\ud800"}, "kind"),
        ({"kind": "x" * 129}, "kind"),
        ({"weight": "heavy"}, "weight"),
        ({"weight": 1.1e15}, "weight"),
        ({"weight": -1.1e15}, "weight"),
        ({"source": "a"}, "source"),
    ],
)
def test_a_relationship_that_cannot_be_is_refused_by_its_field(values: dict[str, Any], field: str):
    with pytest.raises(Invalid) as refused:
        checked(PutRelationship, {**RELATIONSHIP, **values})

    assert refused.value.field == field


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_weight_that_is_no_number_is_refused_by_name(number: float):
    with pytest.raises(NotFinite, match="weight"):
        checked(PutRelationship, {**RELATIONSHIP, "weight": number})


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_property_that_is_no_number_is_refused_by_its_place(number: float):
    with pytest.raises(NotFinite) as refused:
        checked(PutEntity, {**ENTITY, "properties": {"size": {"height": number}}})

    assert refused.value.field == "properties.size.height"


def test_properties_that_are_nested_too_deep_are_refused():
    deep: Any = "bottom"
    for _ in range(300):
        deep = [deep]

    with pytest.raises(NestedTooDeep, match="properties"):
        checked(PutEntity, {**ENTITY, "properties": {"deep": deep}})


def test_properties_are_measured_as_json():
    fits = {"a": "x" * (65_536 - len('{"a":""}'))}
    assert checked(PutEntity, {**ENTITY, "properties": fits}).properties == fits

    with pytest.raises(PayloadTooLarge, match="65537 bytes") as refused:
        checked(PutEntity, {**ENTITY, "properties": {"a": fits["a"] + "x"}})

    assert refused.value.field == "properties"


@given(names, st.floats(-1e15, 1e15))
def test_any_text_of_rows_may_be_a_name_and_is_kept(name: str, weight: float):
    entity = checked(PutEntity, {"id": name, "label": name, "properties": {name: name}})
    related = checked(PutRelationship, {"from": name, "to": "b", "kind": name, "weight": weight})

    assert entity.as_event("s", "1.0") == EntityPut(
        id=name, label=name, properties={name: name}, session="s", call_id="1.0"
    )
    assert related.as_event("s", "1.0") == RelationshipPut(
        source=name, target="b", kind=name, weight=weight, session="s", call_id="1.0"
    )


def test_the_least_that_is_put():
    assert checked(PutEntity, ENTITY).as_event() == EntityPut(id="a", label="person")
    assert checked(PutRelationship, RELATIONSHIP).as_event() == RelationshipPut(
        source="a", target="b", kind="knows", weight=1.0
    )


@pytest.mark.parametrize("op", QUERIES)
def test_the_least_that_is_asked(op: str):
    values = {"op": op, **LEAST.get(op, {})}

    query = checked_query(values)

    assert type(query) is QUERIES[op]
    assert (query.kinds, query.labels, query.as_of) == ((), (), None)
    assert TypeAdapter(GraphQuery).validate_python(values) == query


def test_all_questions_are_in_the_union():
    assert set(get_args(get_args(GraphQuery)[0])) == set(QUERIES.values())


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "op"),
        ({"op": "guess"}, "op"),
        ({"op": ["bfs"]}, "op"),
        ({"op": "bfs"}, "start"),
        ({"op": "bfs", "start": ""}, "start"),
        ({"op": "bfs", "start": "a", "max_depth": 0}, "max_depth"),
        ({"op": "bfs", "start": "a", "max_nodes": 0}, "max_nodes"),
        ({"op": "bfs", "start": "a", "max_nodes": 100_001}, "max_nodes"),
        ({"op": "bfs", "start": "a", "direction": "up"}, "direction"),
        ({"op": "bfs", "start": "a", "limit": 1}, "limit"),
        ({"op": "shortest_path", "from": "a"}, "to"),
        ({"op": "betweenness", "samples": 1}, "samples"),
        ({"op": "betweenness", "seed": -1}, "seed"),
        ({"op": "betweenness", "seed": 2**32}, "seed"),
        ({"op": "communities", "method": "leiden"}, "method"),
        ({"op": "cycles", "limit": 10_001}, "limit"),
        ({"op": "cycles", "max_length": 101}, "max_length"),
        ({"op": "subgraph", "ids": []}, "ids"),
        ({"op": "subgraph", "ids": ["a"] * 10_001}, "ids"),
        ({"op": "subgraph", "ids": ["a", ""]}, "ids.1"),
        ({"op": "degree", "limit": 0}, "limit"),
        ({"op": "degree", "kinds": [""]}, "kinds.0"),
        ({"op": "degree", "kinds": "knows"}, "kinds"),
        ({"op": "degree", "labels": ["x"] * 65}, "labels"),
        ({"op": "degree", "as_of": -1}, "as_of"),
        ({"op": "degree", "as_of": True}, "as_of"),
        ({"op": "degree", "as_of": " "}, "as_of"),
    ],
)
def test_a_question_that_cannot_be_is_refused_by_its_field(values: dict[str, Any], field: str):
    with pytest.raises(Invalid) as refused:
        checked_query(values)

    assert refused.value.field == field


def test_what_is_asked_is_kept():
    query = checked_query(
        {"op": "bfs", "start": "a", "max_depth": 2, "kinds": ["knows"], "as_of": " s@3 "}
    )

    assert isinstance(query, Bfs)
    assert (query.start, query.max_depth, query.kinds, query.as_of) == ("a", 2, ("knows",), "s@3")
