"""Cutting text into pieces."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.providers.embedders.offline import PIECES, _installed
from service.providers.embedders.vocabulary import WORD_CHARS_MAX, Vocabulary, read_vocabulary

NUMBERS = {"▁": 0, "a": 1, "b": 2, "ab": 3, "▁ab": 4, "ba": 5, "▁▁": 6} | {
    f"<0x{byte:02X}>": 100 + byte for byte in range(256)
}
MERGES = ["a b", "b a", "▁ ab", "▁ ▁"]
SMALL = Vocabulary(NUMBERS, MERGES)

FILE = (Path(_installed()) / PIECES).read_bytes()
LARGE = read_vocabulary(FILE)
PIECE = {number: piece for piece, number in json.loads(FILE)["model"]["vocab"].items()}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("ab", [4]),
        ("ab ab", [4, 4]),
        ("aba", [4, 1]),
        ("bab", [0, 2, 3]),
        ("", [0]),
        ("   ", [6, 6]),
    ],
)
def test_the_merges_that_are_named_first_are_made_first(text: str, numbers: list[int]):
    assert SMALL.numbers_of(text) == numbers


@pytest.mark.parametrize("character", ["é", "\x00", "🙂", "\ud800"])
def test_a_character_that_the_vocabulary_lacks_is_told_by_its_bytes(character: str):
    told = [100 + byte for byte in character.encode(errors="surrogatepass")]
    assert SMALL.numbers_of(f"ab{character}") == [4, *told]


@given(st.text(alphabet=st.characters()))
def test_the_pieces_of_any_text_make_up_the_text(text: str):
    told = b"".join(bytes_of(PIECE[number]) for number in LARGE.numbers_of(text))
    assert told == ("▁" + text).replace(" ", "▁").encode(errors="surrogatepass")


def bytes_of(piece: str) -> bytes:
    if piece.startswith("<0x"):
        return bytes([int(piece[3:5], 16)])
    return piece.encode()


@given(st.lists(st.text(alphabet="abc é", max_size=9), max_size=5))
def test_a_word_is_cut_alike_the_second_time(words: list[str]):
    text = " ".join(words)
    fresh = Vocabulary(NUMBERS, MERGES)
    assert fresh.numbers_of(text) == fresh.numbers_of(text) == SMALL.numbers_of(text)


def test_no_piece_reaches_over_a_space_into_the_next_word():
    assert [piece for piece in PIECE.values() if "▁" in piece.lstrip("▁")] == []


def test_what_is_too_long_for_a_word_is_cut_first():
    assert len(SMALL.numbers_of("ab" * WORD_CHARS_MAX)) == 2 * WORD_CHARS_MAX // 2
