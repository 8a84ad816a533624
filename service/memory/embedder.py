"""What makes vectors of texts, and what vectors have in common: a space, and length one."""

import re
from collections.abc import Sequence
from typing import Annotated, Final, Literal, Protocol, TypeAlias

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from schema.messages.base import DIMENSIONS_MAX

GIVEN: Final = "given"
"""The space of vectors that callers bring along; no embedder may have it."""

Vector: TypeAlias = "NDArray[np.float32]"
"""Of length one, so that the product of two is their cosine."""
Purpose = Literal["query", "passage"]
"""Some models place a question elsewhere than the text that answers it."""

_NOT_SLUG: Final = re.compile(r"[^a-z0-9]+")


class Space(msgspec.Struct, frozen=True, kw_only=True):
    """Where vectors can be compared: one model at one dimension."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]{1,40}\Z")]
    """Its name in events and rows."""
    model: str
    dimensions: Annotated[int, msgspec.Meta(ge=1, le=DIMENSIONS_MAX)]


class Embedder(Protocol):
    """Places texts in its space, the like-minded close to each other."""

    @property
    def space(self) -> Space:
        """Where its vectors are; known before the first text, and never another."""
        ...

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> list[Vector]:
        """A vector for each of *texts*, in their order; any text has one, the empty one too.

        In one try. Raises `ProviderUnavailable` where another may succeed; `ProviderRefused`
        where none of these texts' vectors can be had; `NotReady` where something must be
        installed first. No error's text holds a key.
        """
        ...


def unit(numbers: ArrayLike) -> Vector:
    """*numbers* at length one; `ValueError` where they have no direction (NaN, infinity, zero)."""
    exact = np.asarray(numbers, dtype=np.float64)
    with np.errstate(over="ignore"):
        length = float(np.linalg.norm(exact))
    if not (np.isfinite(length) and length > 0):
        raise ValueError("a vector needs finite numbers that are not all zero")
    return (exact / length).astype(np.float32)


def slug(text: str) -> str:
    """*text* as part of a space's name."""
    return _NOT_SLUG.sub("_", text.lower()).strip("_")
