"""JSON as the log keeps it."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema import json_text
from schema.errors import NestedTooDeep, NotFinite

text = st.text(st.characters(codec=None))  # every code point there is, lone surrogates too
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"in": value}
    return value


@given(values)
def test_whatever_json_can_say_comes_back_as_it_went_in(value: Any):
    assert json_text.decode(json_text.encode(value)) == value


@given(values)
def test_what_is_stored_is_json_that_anybody_can_read(value: Any):
    assert json.loads(json_text.encode(value)) == value


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused_by_its_place(number: float):
    with pytest.raises(NotFinite, match=r"data\.a\.1\.b"):
        json_text.encode({"a": [None, {"b": number}]})


def test_a_number_that_is_not_finite_is_found_beside_a_lone_surrogate():
    with pytest.raises(NotFinite, match=r"data\.n"):
        json_text.encode({"s": "\ud800", "n": math.nan})


def test_nesting_is_taken_up_to_the_stated_limit():
    deepest = nested(json_text.DEPTH_MAX)
    assert json_text.decode(json_text.encode(deepest)) == deepest


@pytest.mark.parametrize("levels", [json_text.DEPTH_MAX + 1, 5_000])
def test_nesting_beyond_the_limit_is_refused(levels: int):
    with pytest.raises(NestedTooDeep, match="flatten"):
        json_text.encode(nested(levels))


def test_brackets_in_a_text_are_no_nesting():
    brackets = '[{"' * 1_000
    assert json_text.decode(json_text.encode({"code": brackets})) == {"code": brackets}
