"""A graph as a picture: labels as colours, weights as widths; the same graph, the same bytes."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from service.cli.console import counted
from service.cli.drawing.layout import Link, Place, Size, placed
from service.cli.drawing.lettering import cut, extent_pt, lines_of
from service.cli.drawing.shapes import Arrow, Disc
from service.cli.drawing.sheet import KIND_CHARS_MAX, KIND_PT, Sheet, settled
from service.graph.picture import Graph

__all__ = ["picture"]

ARROWS_MAX: Final = 2000
"""In one picture; the heaviest are drawn."""
KINDS_MAX: Final = 60
"""Up to so many relationships, each one's kind is written."""

COLOURS: Final = (
    *("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#EE7733", "#009988"),
)
"""Of the most frequent labels; who sees no red or no green tells them apart too."""
OTHERS: Final = "#AAAAAA"
RADIUS_MIN_PT, RADIUS_MAX_PT = 5.0, 13.0
WIDTH_MIN_PT, WIDTH_MAX_PT, WIDTH_OF_ALL_PT = 0.7, 3.0, 1.1
LOOP: Final = 1.5
"""What an arrow back to its own disc takes above it, over the disc's radius."""
REACH_PT: Final = 60.0
"""From one to another that relates to it, about, where no kind is written in between."""


class Pair(NamedTuple):
    """All that relates one entity to another."""

    source: str
    target: str
    kinds: tuple[str, ...]
    weight: float
    """Of the heaviest."""


def picture(graph: Graph, title: str, note: str) -> bytes:
    """*graph* as SVG under its *title*; the *note* says what is left out of it."""
    with settled():
        pairs = _pairs(graph)
        colours = _colours(graph)
        discs = _discs(graph, pairs, colours)
        head = [cut(title, 120), *filter(None, (cut(note, 160), _reading(graph, pairs)))]
        sheet = Sheet(discs.values(), head, _legend(graph, colours))
        arrows = _arrows(pairs, discs)
        sheet.draw_arrows(arrows)
        for disc in discs.values():
            sheet.draw_disc(disc)
        if _has_kinds(pairs):
            sheet.write_kinds(arrows)
        return sheet.svg()


def _pairs(graph: Graph) -> list[Pair]:
    """The heaviest; light ones first, for the others to lie on them."""
    pairs = [
        Pair(source, target, tuple(sorted(kinds)), max(kinds.values(), key=abs))
        for source, links in graph.out.items()
        for target, kinds in links.items()
    ]
    pairs.sort(key=lambda pair: (-abs(pair.weight), pair))
    return pairs[:ARROWS_MAX][::-1]


def _colours(graph: Graph) -> dict[str, str]:
    """Of each label; the most frequent label comes first."""
    counts = Counter(entity.label for entity in graph.entities.values())
    labels = sorted(counts, key=lambda label: (-counts[label], label))
    shown = (*COLOURS, *[OTHERS] * len(labels))
    return dict(zip(labels, shown, strict=False))


def _legend(graph: Graph, colours: Mapping[str, str]) -> list[tuple[str, str]]:
    counts = Counter(entity.label for entity in graph.entities.values())
    own = [(colour, label) for label, colour in colours.items() if colour != OTHERS]
    told = [(colour, f"{label} ({counts[label]})") for colour, label in own]
    others = sum(counts.values()) - sum(counts[label] for _, label in own)
    return [*told, (OTHERS, f"other labels ({others})")] if others else told


def _reading(graph: Graph, pairs: Sequence[Pair]) -> str:
    """How to read what is drawn."""
    if not pairs:
        return counted(len(graph.entities), "entity")
    weights = sorted(pair.weight for pair in pairs)
    said = ["Larger: more relationships."]
    if weights[0] != weights[-1]:
        said.append(f"Thicker: heavier, from {weights[0]:g} to {weights[-1]:g}.")
    if weights[0] < 0:
        said.append("Dashed: below 0.")
    arrows = sum(map(len, graph.out.values()))
    if arrows > len(pairs):
        said.append(f"Of {arrows} arrows, the {len(pairs)} heaviest.")
    if not _has_kinds(pairs):
        said.append(f"Kinds are written where there are at most {KINDS_MAX} arrows.")
    return " ".join(said)


def _discs(graph: Graph, pairs: Sequence[Pair], colours: Mapping[str, str]) -> dict[str, Disc]:
    degrees = Counter(end for pair in pairs for end in {pair.source, pair.target})
    most = max(degrees.values(), default=1)
    loops = {pair.source for pair in pairs if pair.source == pair.target}
    flat = {
        id_: Disc(0, 0, _radius(degrees[id_] / most), colours[entity.label], lines_of(id_))
        for id_, entity in graph.entities.items()
    }
    sizes = {id_: _size(disc, loop=id_ in loops) for id_, disc in flat.items()}
    places = placed(sizes, _links(pairs, flat))
    return {id_: _put(flat[id_], sizes[id_], places[id_]) for id_ in sorted(flat)}


def _put(disc: Disc, size: Size, place: Place) -> Disc:
    """The name goes to the lower end of its place, the disc onto it."""
    return disc._replace(x=place.x, y=place.y - size.height / 2 - disc.covers.bottom)


def _size(disc: Disc, *, loop: bool) -> Size:
    covers = disc.covers
    over = LOOP * disc.radius if loop else 0
    return Size(covers.right - covers.left, covers.top - covers.bottom + over)


def _links(pairs: Sequence[Pair], discs: Mapping[str, Disc]) -> list[Link]:
    """Farther apart where a kind is written in between, or where many others want a place."""
    others = Counter(end for pair in pairs for end in {pair.source, pair.target})
    return [
        Link(
            pair.source,
            pair.target,
            REACH_PT * max(1.0, math.sqrt(max(others[pair.source], others[pair.target])) / 2)
            + discs[pair.source].radius
            + discs[pair.target].radius
            + (_kinds_pt(pair) if _has_kinds(pairs) else 0),
        )
        for pair in pairs
    ]


def _kinds_pt(pair: Pair) -> float:
    return extent_pt(cut(_said(pair), KIND_CHARS_MAX), KIND_PT)


def _arrows(pairs: Sequence[Pair], discs: Mapping[str, Disc]) -> list[Arrow]:
    ways = {(pair.source, pair.target) for pair in pairs}
    most = max((abs(pair.weight) for pair in pairs), default=1)
    least = min((abs(pair.weight) for pair in pairs), default=1)
    return [
        Arrow(
            source=discs[pair.source],
            target=discs[pair.target],
            kinds=_said(pair),
            width=_width(abs(pair.weight), least, most),
            below_zero=pair.weight < 0,
            bent=(pair.target, pair.source) in ways,
        )
        for pair in pairs
    ]


def _width(weight: float, least: float, most: float) -> float:
    if most == least:
        return WIDTH_OF_ALL_PT
    return WIDTH_MIN_PT + (WIDTH_MAX_PT - WIDTH_MIN_PT) * (weight - least) / (most - least)


def _radius(share: float) -> float:
    return RADIUS_MIN_PT + (RADIUS_MAX_PT - RADIUS_MIN_PT) * math.sqrt(share)


def _said(pair: Pair) -> str:
    return ", ".join(pair.kinds)


def _has_kinds(pairs: Sequence[Pair]) -> bool:
    return 0 < len(pairs) <= KINDS_MAX
