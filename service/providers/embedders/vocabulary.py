"""Cuts text into the pieces of a byte-pair vocabulary, as its file of merges says."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

CACHED_MAX: Final = 32_768
"""Words whose pieces are kept; most of what people write is a few thousand of them."""
WORD_CHARS_MAX: Final = 48
"""What is longer is no word: it is cut, so that no text takes a time that grows with its square."""

_SPACE: Final = "▁"
_WORD: Final = re.compile(rf"{_SPACE}{{0,16}}[^{_SPACE}]{{1,{WORD_CHARS_MAX}}}|{_SPACE}{{1,16}}")


class _Model(msgspec.Struct):
    vocab: dict[str, int]
    merges: list[str]


class _Tokenizer(msgspec.Struct):
    model: _Model


class Vocabulary:
    """Numbered pieces, and the order in which smaller ones are merged into larger ones.

    Made for vocabularies whose pieces never reach over a space into the next word, so that
    words can be cut one by one, and the pieces of a word kept for the next time.
    """

    def __init__(self, numbers: Mapping[str, int], merges: list[str]) -> None:
        """*merges* name two pieces each, parted by a space; the first are merged first."""
        self._numbers = numbers
        self._ranks = {tuple(pair.split(" ")): rank for rank, pair in enumerate(merges)}
        self._never = len(merges)
        self._cut = lru_cache(CACHED_MAX)(self._cut_word)

    def numbers_of(self, text: str) -> list[int]:
        """The numbers of the pieces of *text*, at least one."""
        marked = (_SPACE + text).replace(" ", _SPACE)
        return [number for word in _WORD.findall(marked) for number in self._cut(word)]

    def _cut_word(self, word: str) -> tuple[int, ...]:
        pieces = list(word)
        while len(pieces) > 1:
            rank, at = min(map(self._ranked, pieces, pieces[1:], range(len(pieces))))
            if rank == self._never:
                break
            pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
        return tuple(number for piece in pieces for number in self._numbered(piece))

    def _ranked(self, left: str, right: str, at: int) -> tuple[int, int]:
        return self._ranks.get((left, right), self._never), at

    def _numbered(self, piece: str) -> list[int]:
        """A character that the vocabulary lacks is told by its bytes."""
        number = self._numbers.get(piece)
        if number is not None:
            return [number]
        return [self._numbers[f"<0x{byte:02X}>"] for byte in piece.encode(errors="surrogatepass")]


def read_vocabulary(file: bytes) -> Vocabulary:
    """The vocabulary that a `tokenizer.json` holds."""
    model = msgspec.json.decode(file, type=_Tokenizer).model
    return Vocabulary(model.vocab, model.merges)
