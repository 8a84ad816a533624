"""How many tokens of memory a prompt gets, and which memories fit."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from schema.events import RecalledItem

CHARACTERS_PER_TOKEN: Final = 4


def estimated_tokens(text: str) -> int:
    """About how many tokens *text* has, rounded up: what a model's own tokenizer would tell."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def told(
    items: Sequence[RecalledItem],
    tokens_max: int | None,
    tokens: Callable[[str], int] = estimated_tokens,
) -> tuple[RecalledItem, ...]:
    """All *items*, saying of each whether the model is told: best first, while it fits.

    What does not fit is skipped, and a shorter one behind it may still fit. None tells all.
    """
    if tokens_max is None:
        return tuple(replace(item, told=True) for item in items)
    marked = []
    left = tokens_max
    for item in items:
        size = tokens(item.content)
        fits = size <= left
        left -= size if fits else 0
        marked.append(replace(item, told=fits))
    return tuple(marked)
