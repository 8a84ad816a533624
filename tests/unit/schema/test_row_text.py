import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Invalid
from schema.row_text import (
    KEY_BYTES_MAX,
    REPLACEMENT,
    projected,
    projected_json,
    projected_key,
)

any_text = st.text(st.characters(codec=None))
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | any_text,
    lambda inner: st.lists(inner) | st.dictionaries(any_text, inner),
    max_leaves=8,
)


@given(any_text)
def test_projected_text_fits_a_text_column_and_says_whether_it_was_altered(text: str):
    fit, altered = projected(text)
    assert "\x00" not in fit
    assert fit.encode().decode() == fit
    assert altered == (fit != text)
    assert len(fit) == len(text)


def test_each_unfit_character_is_replaced_where_it_stood():
    assert projected("a\x00b\ud800c") == (f"a{REPLACEMENT}b{REPLACEMENT}c", True)


@given(any_json)
def test_every_string_of_projected_json_can_be_taken_out_as_text(value: object):
    text, altered = projected_json(value)
    assert "\\u0000" not in text.replace("\\\\", "")
    assert altered == (json.loads(text) != value)


def test_json_that_fits_is_not_touched():
    assert projected_json({"a": "\\u0000 é", "b": [1, None]}) == (
        '{"a":"\\\\u0000 é","b":[1,null]}',
        False,
    )


def test_a_key_that_an_index_could_not_hold_is_refused():
    assert projected_key("ü" * (KEY_BYTES_MAX // 2)) == ("ü" * (KEY_BYTES_MAX // 2), False)
    with pytest.raises(Invalid, match="2000 bytes"):
        projected_key("ü" * (KEY_BYTES_MAX // 2) + "k")
