"""Vectors of the words themselves, without any model: for tests, and where nothing else is."""

import re
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from service.memory.embedder import Purpose, Space, Vector, unit

DIMENSIONS: Final = 384
SPACE: Final = Space(name="hashing_384", model="words, their pairs and trigrams", dimensions=384)
_WORD: Final = re.compile(r"\w+")
_NEGATIVE: Final = 1 << 31


class HashingEmbedder:
    """Places a text by the words, pairs of words and trigrams of letters that it has.

    It knows no meaning: texts are close where their wording is. The same text has the same
    vector on every machine.
    """

    space = SPACE

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> list[Vector]:  # noqa: ARG002
        """See `Embedder`; a question is placed as a passage is."""
        return [vector_of(text) for text in texts]


def vector_of(text: str) -> Vector:
    """The vector of *text*."""
    sums = np.zeros(DIMENSIONS)
    for feature in _features(text):
        digest = zlib.crc32(feature.encode("utf-8", "surrogatepass"))
        sums[digest % DIMENSIONS] += -1.0 if digest & _NEGATIVE else 1.0
    if not sums.any():  # no words, or ones that cancel each other out
        sums[0] = 1.0
    return unit(sums)


def _features(text: str) -> Iterator[str]:
    words = _WORD.findall(text.lower())
    yield from words
    yield from map(" ".join, pairwise(words))
    for word in words:
        fenced = f"<{word}>"
        yield from (fenced[at : at + 3] for at in range(len(word)))
