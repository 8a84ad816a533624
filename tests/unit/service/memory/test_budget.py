"""Which memories fit into the tokens that a prompt has for them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.events import RecalledItem
from service.memory.budget import estimated_tokens, told

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def item(content: str) -> RecalledItem:
    return RecalledItem(
        id="e", kind="episode", content=content, score=1, parts={}, importance=1, timestamp=NOW
    )


def lengths(items: tuple[RecalledItem, ...]) -> list[int]:
    return [len(item.content) for item in items if item.told]


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2)])
def test_four_characters_are_about_a_token(text: str, tokens: int):
    assert estimated_tokens(text) == tokens


def test_what_does_not_fit_is_skipped_and_a_shorter_one_behind_it_is_told():
    items = [item("a" * 20), item("b" * 30), item("c" * 16)]

    assert lengths(told(items, 9)) == [20, 16]


def test_what_fits_exactly_is_told():
    assert lengths(told([item("a" * 20), item("b" * 16)], 9)) == [20, 16]


def test_without_a_budget_all_are_told():
    assert lengths(told([item("a" * 100_000)], None)) == [100_000]


def test_a_tokenizer_counts_where_one_is_given():
    items = [item("one two three"), item("one")]

    assert lengths(told(items, 2, lambda text: len(text.split()))) == [3]


@given(st.lists(st.integers(0, 50)), st.integers(0, 60))
def test_each_is_told_if_it_fits_behind_those_that_are(sizes: list[int], tokens_max: int):
    items = [item("a" * size) for size in sizes]
    left, model = tokens_max, []
    for size in sizes:
        fits = (size + 3) // 4 <= left
        left -= (size + 3) // 4 * fits
        model.append(fits)

    after = told(items, tokens_max)

    assert [item.told for item in after] == model
    assert [item.content for item in after] == [item.content for item in items]
