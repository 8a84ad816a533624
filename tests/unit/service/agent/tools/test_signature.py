from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from schema.errors import Invalid, Refused
from service.agent.tools import ToolContext
from service.agent.tools.signature import read_signature


@dataclass
class Place:
    """Somewhere."""

    x: int
    y: float = 0.0


class Options(TypedDict, total=False):
    deep: bool


class Person(BaseModel):
    name: str


def everything(  # noqa: PLR0913, PLR0917  # everything, once
    text: Annotated[str, "what to say"],
    number: float,
    place: Place,
    person: Person,
    options: Options,
    unit: Literal["m", "km"] = "m",
    count: Annotated[int, "how often", Field(ge=1)] = 3,
    tags: list[str] | None = None,
    extra: dict[str, Any] | None = None,
) -> None: ...


def test_hints_become_a_json_schema_that_allows_nothing_else():
    parameters = read_signature("everything", everything).parameters
    jsonschema.Draft202012Validator.check_schema(parameters)
    assert parameters["additionalProperties"] is False
    assert parameters["required"] == ["text", "number", "place", "person", "options"]
    assert parameters["properties"]["text"] == {"type": "string", "description": "what to say"}
    assert parameters["properties"]["unit"]["enum"] == ["m", "km"]
    assert parameters["properties"]["count"] == {
        "type": "integer",
        "description": "how often",
        "minimum": 1,
        "default": 3,
    }
    assert parameters["$defs"]["Place"]["additionalProperties"] is False
    assert parameters["$defs"]["Options"]["additionalProperties"] is False


def test_no_titles_repeat_the_names_but_a_parameter_may_be_called_title():
    def book(title: str, schema: str) -> None: ...

    parameters = read_signature("book", book).parameters
    assert parameters["properties"] == {"title": {"type": "string"}, "schema": {"type": "string"}}
    assert "title" not in parameters


def test_the_context_is_not_offered_to_the_model():
    def act(text: str, context: ToolContext) -> None: ...

    signature = read_signature("act", act)
    assert signature.context == "context"
    assert list(signature.parameters["properties"]) == ["text"]


def no_hint(a) -> None: ...  # noqa: ANN001
def many(*a: int) -> None: ...
def named(**a: int) -> None: ...
def by_place(a: int, /) -> None: ...
def no_json(a: "Exception") -> None: ...


@pytest.mark.parametrize("function", [no_hint, many, named, by_place, no_json])
def test_a_parameter_that_cannot_be_offered_is_refused_by_name(function: Callable[..., Any]):
    with pytest.raises(Refused, match=r"^act\.a: "):
        read_signature("act", function)


def test_hints_that_name_nothing_are_refused():
    def act(a: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(Invalid, match="act: its type hints"):
        read_signature("act", act)


def test_the_expected_arguments_are_told_in_short():
    assert read_signature("everything", everything).expected == (
        '{"text": string, "number": number, "place": object, "person": object, "options": object, '
        '"unit"?: "m" | "km", "count"?: integer, "tags"?: array | null, "extra"?: object | null}'
    )
