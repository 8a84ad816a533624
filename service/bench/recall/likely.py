"""Vectors and texts like those that agents have: about topics, in words of which few are common."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

DIMENSIONS: Final = 384
TOPICS: Final = 1000
SPREAD: Final = 48
"""Dimensions that the topics really differ in, as those of language do."""
WITHIN: Final = 0.7
"""How far what is about one topic lies apart, beside how far topics do."""
NOISE: Final = 0.02
WORDS: Final = 20_000
COMMON: Final = 3.7
"""The offset of Zipf's law: how little the most common words stand out."""

Vectors = NDArray[np.float32]


class Likely:
    """A source of both, the same for a seed."""

    def __init__(self, seed: int) -> None:
        same = np.random.default_rng(1)  # Topics and words are the same for every source.
        self._basis = np.linalg.qr(same.normal(size=(DIMENSIONS, SPREAD)))[0].T
        self._topics = same.normal(size=(TOPICS, SPREAD))
        self._words = np.array([_word(n) for n in range(WORDS)])
        weights = 1 / (np.arange(WORDS) + COMMON)
        self._shares = np.cumsum(weights / weights.sum())
        self._chance = np.random.default_rng(seed)

    def vectors(self, count: int) -> Vectors:
        """So many, of length one."""
        about = self._topics[self._chance.integers(0, TOPICS, count)]
        places = about + WITHIN * self._chance.normal(size=(count, SPREAD))
        vectors = places @ self._basis + NOISE * self._chance.normal(size=(count, DIMENSIONS))
        unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("f4")
        return unit

    def texts(self, count: int, words: int) -> list[str]:
        """So many, of so many words each."""
        drawn = np.searchsorted(self._shares, self._chance.random((count, words)))
        return [" ".join(row) for row in self._words[np.minimum(drawn, WORDS - 1)]]


def _word(number: int) -> str:
    """A word that no stemmer changes and that is no stop word."""
    said, rest = "", number + 64
    while rest:
        said += "bdfgkmnp"[rest % 8] + "oa"[rest // 8 % 2]
        rest //= 8
    return f"{said}k"
