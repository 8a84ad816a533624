import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.agent.tools import ToolError
from service.agent.tools.arguments import read_arguments
from service.agent.tools.signature import Signature, read_signature


class Colour(StrEnum):
    RED = "red"


@dataclass
class Place:
    x: int


def paint(text: str, count: int = 1, colour: Colour = Colour.RED, at: Place | None = None): ...


def zoned(zone: str = "UTC"): ...


def two(first: str, second: str): ...


PAINT = read_signature("paint", paint)
ZONED = read_signature("zoned", zoned)
TWO = read_signature("two", two)


def refusal(signature: Signature, arguments: Any) -> str:
    with pytest.raises(ToolError) as raised:
        read_arguments(signature, arguments)
    assert raised.value.kind == "permanent"
    return str(raised.value)


def test_objects_and_their_json_text_are_the_same():
    expected = {"text": "x", "at": Place(3), "colour": Colour.RED}
    assert read_arguments(PAINT, {"text": "x", "at": {"x": 3}, "colour": "red"}) == expected
    assert read_arguments(PAINT, '{"text": "x", "at": {"x": 3}, "colour": "red"}') == expected


def test_what_was_not_given_is_left_to_the_function():
    assert read_arguments(PAINT, {"text": "x"}) == {"text": "x"}


def test_plain_text_stands_for_the_one_string_that_is_required_or_the_only_one():
    assert read_arguments(PAINT, "two red lines") == {"text": "two red lines"}
    assert read_arguments(ZONED, "Asia/Tokyo") == {"zone": "Asia/Tokyo"}
    assert read_arguments(PAINT, 391) == {"text": "391"}
    assert "no JSON object" in refusal(TWO, "two strings are needed")


@pytest.mark.parametrize("nothing", [None, "", {}, "{}"])
def test_nothing_will_do_where_nothing_is_required(nothing: object):
    assert read_arguments(ZONED, nothing) == {}
    assert "text: Field required" in refusal(PAINT, nothing)


@pytest.mark.parametrize("wrong", [[], True, ["text"], '{"text": ', '{"text": "x"} and more'])
def test_what_is_no_object_is_refused_and_told_what_is_expected(wrong: object):
    assert 'expected {"text": string, "count"?: integer' in refusal(PAINT, wrong)


def test_every_fault_is_named_by_its_path():
    told = refusal(PAINT, {"text": 5, "at": {"x": "1"}, "size": 1})
    assert "text: Input should be a valid string" in told
    assert "at.x: Input should be a valid integer" in told
    assert "size: Extra inputs are not permitted" in told


def test_a_whole_float_is_an_integer_and_a_string_of_digits_is_not():
    assert read_arguments(PAINT, {"text": "x", "count": 5.0}) == {"text": "x", "count": 5}
    assert "count: " in refusal(PAINT, {"text": "x", "count": "5"})
    assert "count: " in refusal(PAINT, {"text": "x", "count": 5.5})
    assert "count: " in refusal(PAINT, {"text": "x", "count": True})


def test_what_json_cannot_say_is_refused_by_name():
    assert "arguments.count: nan" in refusal(PAINT, {"text": "x", "count": math.nan})
    assert "object" in refusal(PAINT, {"text": object()})
    refusal(PAINT, {"text": "\ud800"})
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    assert "nested deeper" in refusal(PAINT, {"text": deep})


def test_only_the_first_faults_are_told():
    assert "and 12 more" in refusal(ZONED, {f"k{n}": n for n in range(20)})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(deadline=None)  # how busy the machine is, is no fault
@given(JSON | st.fixed_dictionaries({"text": JSON}, optional={"count": JSON, "at": JSON}))
def test_any_object_is_taken_exactly_when_it_fits_the_schema(arguments: Any):
    if not isinstance(arguments, dict):
        return  # text, or nothing at all, may stand for an object
    fits = jsonschema.Draft202012Validator(PAINT.parameters).is_valid(arguments)
    try:
        read_arguments(PAINT, arguments)
    except ToolError:
        assert not fits
    else:
        assert fits
