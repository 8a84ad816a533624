"""What entities may be called, and where a text names them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.graph.naming import (
    ALIASES_MAX,
    NAME_CHARACTERS_MAX,
    PHRASES_MAX,
    mentioned,
    names_of,
    phrases_of,
)

words = st.sampled_from(
    ["new", "york", "city", "ann's", "(Ann)", "c++", "a-b", "STRASSE", "straße"]
)
texts = st.lists(words, max_size=12).map(" ".join)


@pytest.mark.parametrize(
    ("id_", "properties", "names"),
    [
        ("ann", {}, ("ann",)),
        ("new_york-City", {}, ("new york city",)),
        ("src/main.py", {}, ("src main py",)),
        (
            "ann",
            {"name": "Ann Lee", "aliases": ["Annie", "LEE"]},
            ("ann", "ann lee", "annie", "lee"),
        ),
        ("ann", {"name": "ANN", "aliases": ["ann", "Ann "]}, ("ann",)),
        ("ann", {"name": 7, "aliases": "no list"}, ("ann",)),
        ("ann", {"name": None, "aliases": [None, 1, {"a": "b"}, "Annie"]}, ("ann", "annie")),
        ("Straße", {}, ("strasse",)),
        ("caf\u00e9", {"name": "cafe\u0301"}, ("caf\u00e9",)),
        ("--", {"name": "", "aliases": [" "]}, ()),
        ("x" * NAME_CHARACTERS_MAX, {"name": "y" * 129}, ("x" * NAME_CHARACTERS_MAX,)),
        ("c++", {"name": "\x00"}, ("c++", "\x00")),
    ],
)
def test_an_entity_is_called_by_its_id_its_name_and_its_aliases(
    id_: str, properties: dict[str, Any], names: tuple[str, ...]
):
    assert names_of(id_, properties) == names


def test_an_entity_has_no_more_than_so_many_aliases():
    names = names_of("ann", {"aliases": [f"a{n}" for n in range(100)]})
    assert names == ("ann", *(f"a{n}" for n in range(ALIASES_MAX)))


def test_phrases_stand_in_order_the_longest_first_each_once():
    assert phrases_of("Ann's dog, and Ann.") == [
        *("ann dog and ann", "ann dog and", "ann dog", "ann"),
        *("dog and ann", "dog and", "dog"),
        *("and ann", "and"),
    ]
    assert phrases_of("a b c d e f")[:2] == ["a b c d e", "a b c d"]


@pytest.mark.parametrize("text", ["", "   ", "-- ...", "''", "\u2019", "?!"])
def test_what_has_no_words_has_no_phrases(text: str):
    assert phrases_of(text) == []


def test_a_long_text_has_no_more_phrases_than_may_be_looked_up():
    text = " ".join(f"w{n}" for n in range(1_000_000))
    phrases = phrases_of(text)
    assert len(phrases) == PHRASES_MAX
    assert phrases[0] == "w0 w1 w2 w3 w4"


def test_a_word_longer_than_a_name_is_no_phrase():
    assert phrases_of(f"ann {'x' * 129} lee") == ["ann", "lee"]


@given(st.text(), st.text(), st.text())
def test_a_text_names_what_stands_in_it_whatever_stands_around(before: str, id_: str, after: str):
    for name in names_of(id_, {}):
        if name.count(" ") < 5:
            assert name in phrases_of(f"{before[:100]} {id_} {after}")


@given(texts, st.lists(texts, max_size=4))
def test_what_is_mentioned_bears_a_name_that_is_a_phrase(text: str, ids: list[str]):
    ids_of: dict[str, list[str]] = {}
    for id_ in ids:
        for name in names_of(id_, {}):
            ids_of.setdefault(name, []).append(id_)
    found = mentioned(text, ids_of)
    assert len(found) == len(set(found))
    phrases = phrases_of(text)
    assert all({*names_of(id_, {})} & {*phrases} for id_ in found)
    assert bool(found) == bool(ids_of.keys() & phrases)


def test_the_longest_name_wins_and_nothing_is_seen_within_it():
    ids_of = {"new york": ["state"], "new york city": ["city"], "york": ["york"], "ann": ["ann"]}
    assert mentioned("Ann left New York City for New-York; then york.", ids_of) == [
        *("ann", "city", "state", "york"),
    ]


def test_who_bears_a_name_together_is_named_together():
    assert mentioned("ask Ann, Bob", {"bob": ["bob"], "ann": ["ann-1", "ann-2"]}) == [
        *("ann-1", "ann-2", "bob"),
    ]
