"""Bodies and parameters: what is wrong with them is pointed at, all of it."""

from typing import Annotated

import pytest
from multidict import MultiDict
from pydantic import Field

from schema.messages.base import Message
from schema.messages.graph import GraphQuery
from schema.messages.http import ListEntities
from schema.messages.sessions import StartSession
from service.api.reading import read_body, read_query
from service.api.refusals import Misfit


class Bag(Message):
    items: dict[str, Annotated[int, Field(ge=0)]]


def pointers(kind: object, said: object) -> list[str]:
    with pytest.raises(Misfit) as refused:
        read_body(kind, said)
    return [error["pointer"] for error in refused.value.errors]


def test_every_field_that_is_wrong_is_pointed_at():
    said = {"prompt": "", "limits": {"calls_max": 0, "depth": 1}, "tools": ["a", 2]}
    assert sorted(pointers(StartSession, said)) == [
        "/agent",
        "/limits/calls_max",
        "/limits/depth",
        "/prompt",
        "/tools/1",
    ]


def test_a_pointer_escapes_what_stands_in_names():
    assert pointers(Bag, {"items": {"a/b~c": -1}}) == ["/items/a~1b~0c"]


def test_which_of_several_messages_it_was_is_no_part_of_the_place():
    assert pointers(GraphQuery, {"op": "bfs", "start": "a", "max_depth": 0}) == ["/max_depth"]
    assert pointers(GraphQuery, {"op": "bfs"}) == ["/start"]
    assert pointers(GraphQuery, {"op": "guess"}) == [""]
    assert pointers(GraphQuery, []) == [""]


def test_a_name_that_takes_several_values_may_be_said_again_and_no_other():
    asked = read_query(ListEntities, MultiDict([("labels", "a"), ("labels", "b")]))
    assert isinstance(asked, ListEntities)
    assert asked.labels == ("a", "b")
    with pytest.raises(Misfit, match="limit"):
        read_query(ListEntities, MultiDict([("limit", "1"), ("limit", "1")]))
    with pytest.raises(Misfit, match="colour"):
        read_query(ListEntities, MultiDict(colour="red"))
