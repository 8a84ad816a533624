"""Cursors: what was given is taken back, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.paging import from_cursor, page, to_cursor
from service.api.refusals import Misfit


@given(st.text(), st.integers(0, 2**63 - 1))
def test_a_cursor_stands_for_its_place(after: str, version: int):
    place = {"after": after, "version": version}
    assert from_cursor(to_cursor(place), after=str, version=int) == place


@given(st.text())
def test_what_was_never_given_is_refused(text: str):
    with pytest.raises(Misfit):
        from_cursor(text, after=str)


@pytest.mark.parametrize(
    "place", [{}, {"after": 1}, {"after": "a", "more": 1}, {"version": -1}, {"version": True}]
)
def test_a_cursor_of_another_list_is_refused(place: dict[str, object]):
    with pytest.raises(Misfit):
        from_cursor(to_cursor(place), after=str)
    with pytest.raises(Misfit):
        from_cursor(to_cursor(place), version=int)


@given(st.lists(st.integers()), st.integers(1, 10))
def test_the_last_part_has_no_next(data: list[int], limit: int):
    part = page(data, limit, lambda last: {"after": str(last)})
    assert part["data"] == data[:limit]
    assert (part["next_cursor"] is None) == (len(data) <= limit)
