"""How deep JSON is nested: counted before it is read, and the same that reading it would find."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.api.json_body import DEPTH_MAX, _depth

JSON = st.recursive(
    st.none() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def depth_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (isinstance(value, dict | list)) + max(map(depth_of, inner), default=0)


@given(JSON)
def test_the_depth_is_that_of_the_value(value: Any):
    wrapped = value
    for _ in range(DEPTH_MAX):
        wrapped = [wrapped]
    data = json.dumps(wrapped, ensure_ascii=False).encode()
    assert _depth(data) in {0, depth_of(wrapped)}
    assert (_depth(data) > DEPTH_MAX) == (depth_of(wrapped) > DEPTH_MAX)


@given(st.binary())
def test_any_bytes_have_one(data: bytes):
    assert _depth(data * 50) >= 0
