"""The texts of a picture: how they are broken and cut, and what they take."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from rich.cells import cell_len

from service.printable import printable

__all__ = ["FONT", "Box", "cut", "extent_pt", "lines_of"]

FONT: Final = "DejaVu Sans"
"""Comes along with matplotlib, and is a wide one: where a reader has another, texts still fit."""
CELL: Final = 0.5
"""What a wide character takes more than the box that stands for it, over the text's size."""

LINE_CHARS_MAX: Final = 18
LINES_MAX: Final = 2
"""Of a name: the rest is cut."""
HEAD_CHARS_MIN: Final = 5
"""A name is not broken before."""
BREAKS: Final = " -_./:@"


class Box(NamedTuple):
    """What a text covers."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: "Box") -> bool:
        """Whether one lies on the other."""
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top


@lru_cache(maxsize=4096)
def extent_pt(text: str, size_pt: float) -> float:
    """How long *text* is in a line."""
    font = FontProperties(family=FONT, size=size_pt)
    drawn, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    wide = cell_len(text) - len(text)  # Such as our font lacks: Chinese, say.
    return float(drawn) + max(wide, 0) * CELL * size_pt


def cut(text: str, chars_max: int) -> str:
    """*text* in a line and at most so long, fit to be shown."""
    line = " ".join(printable(text).split())
    return line if len(line) <= chars_max else line[: chars_max - 1] + "…"


def lines_of(name: str) -> list[str]:
    """*name* in lines, broken where it has a blank or a sign, if it has one."""
    return list(_lines(" ".join(printable(name).split()) or "·"))


def _lines(rest: str) -> Iterator[str]:
    for _ in range(LINES_MAX - 1):
        if len(rest) > LINE_CHARS_MAX:
            head = _head(rest)
            yield head.strip()
            rest = rest[len(head) :].strip()
    yield cut(rest, LINE_CHARS_MAX)


def _head(text: str) -> str:
    ends = [place + 1 for place, char in enumerate(text[:LINE_CHARS_MAX]) if char in BREAKS]
    fitting = [end for end in ends if end > HEAD_CHARS_MIN]
    return text[: fitting[-1] if fitting else LINE_CHARS_MAX]
