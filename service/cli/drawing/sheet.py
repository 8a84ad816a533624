"""A sheet that a graph is drawn on, in points; what stands on it is decided elsewhere."""

import logging
import math
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch

from service.cli.drawing.lettering import FONT, Box, cut, extent_pt
from service.cli.drawing.shapes import GAP_PT, LINE, NAME_PT, Arrow, Disc, along, ends_of, length_of

__all__ = ["KIND_CHARS_MAX", "KIND_PT", "Sheet", "settled"]

KIND_PT, TITLE_PT, NOTE_PT = 7.0, 13.0, 9.0
INK, FAINT, GREY, LIGHT_GREY, BELOW_ZERO = "#222222", "#606060", "#8A8A8A", "#ABABAB", "#CC3311"
EDGE_PT: Final = 24.0
"""Around it all."""
WIDTH_LEAST_PT: Final = 380.0
KIND_CHARS_MAX: Final = 28
LEGEND_CHARS_MAX: Final = 32
FEW: Final = 60
"""So many arrows do not hide what they lead to."""
ALONG: Final = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82)
"""Where the kind may stand on its arrow, the best place first."""

SETTINGS: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",  # Names stay text: they can be searched, copied, read aloud.
    "svg.hashsalt": "agent-runtime",
    "text.parse_math": False,  # A dollar in a name is a dollar.
    "font.family": [FONT],
}


Legend = Sequence[tuple[str, str]]
"""A colour and what it says, in order."""


class Sheet:
    """As large as *discs* and the *head* over them want."""

    def __init__(self, discs: Collection[Disc], head: Sequence[str], legend: Legend) -> None:
        """The first line of *head* is the title."""
        boxes = [disc.covers for disc in discs] or [Box(0, 0, 0, 0)]
        self._left = min(box.left for box in boxes) - EDGE_PT
        self._right = max(
            max(box.right for box in boxes) + EDGE_PT,
            self._left + WIDTH_LEAST_PT,
            self._left + 2 * EDGE_PT + extent_pt(head[0], TITLE_PT),
            *(self._left + 2 * EDGE_PT + extent_pt(line, NOTE_PT) for line in head[1:]),
        )
        self._title = head[0]
        self._taken = boxes
        self._figure = Figure()
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.axis("off")
        top = max(disc.y + 2.5 * disc.radius for disc in discs) if discs else 0.0
        self._frame(min(box.bottom for box in boxes) - EDGE_PT, self._write_head(top, head, legend))

    def draw_arrows(self, arrows: Sequence[Arrow]) -> None:
        """Under the discs; fainter, where there are many."""
        colour = GREY if len(arrows) <= FEW else LIGHT_GREY
        for arrow in arrows:
            self._draw_arrow(arrow, BELOW_ZERO if arrow.below_zero else colour)

    def _draw_arrow(self, arrow: Arrow, colour: str) -> None:
        start, end, bend = ends_of(arrow)
        self._axes.add_artist(
            FancyArrowPatch(
                start,
                end,
                arrowstyle="-|>,head_length=5,head_width=2.4",
                connectionstyle=f"arc3,rad={bend}",
                shrinkA=0,
                shrinkB=0,
                linewidth=arrow.width,
                linestyle="--" if arrow.below_zero else "-",
                color=colour,
                mutation_scale=1 + 0.15 * arrow.width,
                zorder=1,
            )
        )

    def draw_disc(self, disc: Disc) -> None:
        """The entity and its name."""
        self._axes.add_artist(
            Circle(
                (disc.x, disc.y), disc.radius, facecolor=disc.colour, edgecolor="white", zorder=3
            )
        )
        y = disc.y - disc.radius - GAP_PT
        for number, line in enumerate(disc.lines):
            middle = y - LINE * NAME_PT * (number + 0.5)
            self._write(disc.x, middle, line, NAME_PT, INK, ha="center", over=4)

    def write_kinds(self, arrows: Sequence[Arrow]) -> None:
        """What each arrow says, where there is room along it; the short ones choose first."""
        for arrow in sorted(arrows, key=length_of):
            text = cut(arrow.kinds, KIND_CHARS_MAX)
            half = (extent_pt(text, KIND_PT) / 2 + 1.5, KIND_PT * 0.62)
            spots = [along(arrow, share) for share in ALONG]
            boxes = [Box(x - half[0], y - half[1], x + half[0], y + half[1]) for x, y in spots]
            place = min(range(len(boxes)), key=lambda n: (self._meetings(boxes[n]), n))
            self._taken.append(boxes[place])
            self._write(*spots[place], text, KIND_PT, FAINT, ha="center", over=2)

    def svg(self) -> bytes:
        """All of it."""
        metadata = {"Date": None, "Creator": "agent-runtime", "Title": self._title}
        written = BytesIO()
        self._figure.savefig(written, format="svg", metadata=metadata)
        return written.getvalue()

    def _frame(self, bottom: float, top: float) -> None:
        self._figure.set_size_inches((self._right - self._left) / 72, (top - bottom) / 72)
        self._axes.set_xlim(self._left, self._right)
        self._axes.set_ylim(bottom, top)

    def _write_head(self, y: float, head: Sequence[str], legend: Legend) -> float:
        """From *y* upwards: the legend, the notes, the title; gives where the sheet ends."""
        left = self._left + EDGE_PT
        y += EDGE_PT
        for row in reversed(self._rows(legend)):
            x = left
            for colour, text in row:
                self._axes.add_artist(Circle((x + 4, y), 4, facecolor=colour, edgecolor="none"))
                self._write(x + 12, y, text, NOTE_PT, INK, ha="left", over=4)
                x += _legend_pt(text)
            y += 2 * LINE * NOTE_PT * 0.6
        y += 4
        for line in reversed(head[1:]):
            self._write(left, y, line, NOTE_PT, FAINT, ha="left", over=4)
            y += LINE * NOTE_PT
        y += 6
        self._write(left, y, head[0], TITLE_PT, INK, ha="left", over=4, weight="bold")
        return y + EDGE_PT

    def _rows(self, legend: Legend) -> list[list[tuple[str, str]]]:
        room = self._right - self._left - 2 * EDGE_PT
        rows: list[list[tuple[str, str]]] = []
        used = math.inf
        for colour, label in legend:
            text = cut(label, LEGEND_CHARS_MAX)
            if used + _legend_pt(text) > room:
                rows.append([])
                used = 0.0
            rows[-1].append((colour, text))
            used += _legend_pt(text)
        return rows

    def _meetings(self, box: Box) -> int:
        return sum(box.meets(taken) for taken in self._taken)

    def _write(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        colour: str,
        *,
        ha: str,
        over: int,
        weight: str = "normal",
    ) -> None:
        ground: dict[str, Any] = {
            "facecolor": "white",
            "alpha": 0.8,
            "edgecolor": "none",
            "pad": 0.4,
        }
        self._axes.text(
            x,
            y,
            text,
            size=size,
            color=colour,
            ha=ha,
            va="center",
            zorder=over,
            bbox=ground,
            weight=weight,
        )


@contextmanager
def settled() -> Iterator[None]:
    """Whatever somebody has set for drawings of their own, ours come out alike."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # A character that our font lacks, the reader's may have.
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)
        yield


def _legend_pt(text: str) -> float:
    return 12 + extent_pt(text, NOTE_PT) + 14
