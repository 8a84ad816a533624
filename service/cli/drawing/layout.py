"""Where the entities of a picture stand, so that no name lies on another."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray

__all__ = ["Link", "Place", "Size", "placed"]

SEED: Final = 4
SPRING_ROUNDS: Final = 50
EVEN_ROUNDS: Final = 150
PUSH_ROUNDS_MAX: Final = 300
PUSH: Final = 0.55
"""How much of what lies on another is mended in a round: a bit more than half of it by each."""
GROWTH: Final = 1.004
"""A round, so that there is room in the end."""
MARGIN_PT: Final = 6.0
"""Between two names at least."""
GAP_PT: Final = 30.0
"""Between parts that have nothing to do with each other."""
WIDE: Final = 1.5
"""A picture's width over its height, about: screens and pages are wider than high."""

Array: TypeAlias = NDArray[np.float64]


class Size(NamedTuple):
    """What one entity takes, with its name, in points."""

    width: float
    height: float


class Place(NamedTuple):
    """The middle of what an entity takes, in points."""

    x: float
    y: float


class Link(NamedTuple):
    """One entity relates to another."""

    one: str
    other: str
    length: float
    """How far apart they should be, in points."""


def placed(sizes: Mapping[str, Size], links: Sequence[Link]) -> dict[str, Place]:
    """A place for each entity of *sizes*, those that are linked about so far apart.

    What does not hang together stands in parts of its own, the largest first.
    """
    ids = sorted(sizes)
    graph = _numbered(ids, links)
    extents = np.array([sizes[id_] for id_ in ids], dtype=float).reshape(-1, 2)
    found = map(sorted, nx.weakly_connected_components(graph))
    parts = sorted(found, key=lambda part: (-len(part), part))
    shapes = [_part(graph, part, extents[part]) for part in parts]
    spots = _packed(
        [_span(shape, extents[part]) for shape, part in zip(shapes, parts, strict=True)]
    )
    return {
        ids[number]: Place(round(float(x), 1), round(float(y), 1))
        for part, shape, spot in zip(parts, shapes, spots, strict=True)
        for number, (x, y) in zip(part, shape + spot, strict=True)
    }


def _numbered(ids: Sequence[str], links: Sequence[Link]) -> "nx.DiGraph[int]":
    numbers = {id_: number for number, id_ in enumerate(ids)}
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(len(ids)))
    graph.add_weighted_edges_from(
        ((numbers[one], numbers[other], length) for one, other, length in sorted(links)),
        weight="length",
    )
    return graph


def _part(graph: "nx.DiGraph[int]", part: Sequence[int], extents: Array) -> Array:
    """Places of what hangs together, its lower left corner at 0, 0."""
    shape = np.zeros((1, 2))
    if len(part) > 1:
        lengths = sorted(_lengths(graph.subgraph(part)))
        links: nx.Graph[int] = nx.Graph()  # A library's view of a part has no order of its own.
        links.add_nodes_from(part)
        links.add_weighted_edges_from((way for way in lengths if way[0] != way[1]), weight="length")
        first = nx.circular_layout(links)
        found = nx.spring_layout(
            links, pos=first, iterations=SPRING_ROUNDS, seed=SEED, weight=None, method="force"
        )
        shape = _even(np.array([found[number] for number in part]), _distances(links))
        shape = _pushed(_faced(_turned(shape), part, lengths), extents + MARGIN_PT)
    corner: Array = (shape - extents / 2).min(axis=0)
    return shape - corner


def _lengths(graph: "nx.Graph[int]") -> Iterator[tuple[int, int, float]]:
    for one, other, told in graph.edges(data=True):
        yield one, other, told["length"]


def _distances(graph: "nx.Graph[int]") -> Array:
    """How far it is from each to each, along what links them."""
    count = len(graph)
    far = np.full((count, count), np.inf)
    numbers = {id_: number for number, id_ in enumerate(graph)}
    for one, other, length in _lengths(graph):
        far[numbers[one], numbers[other]] = far[numbers[other], numbers[one]] = length
    np.fill_diagonal(far, 0)
    for via in range(count):
        np.minimum(far, far[:, via, None] + far[None, via], out=far)
    return far


def _even(shape: Array, far: Array) -> Array:
    """The same, moved so that each is from each about as *far* as it is along the links.

    That is stress majorization: each round brings all of them nearer to it.
    """
    np.fill_diagonal(far, 1)
    weights = far**-2
    np.fill_diagonal(weights, 0)
    share = 1 / len(shape)
    laplacian = np.diag(weights.sum(axis=1)) - weights
    inverse = np.linalg.inv(laplacian + share) - share  # Of what no shift of the whole changes.
    wanted = weights * far
    shape = shape * (np.median(far) / max(float(np.ptp(shape)), 1e-9))
    for _ in range(EVEN_ROUNDS):
        across, up = (np.subtract.outer(line, line) for line in shape.T)
        ratio = wanted / np.maximum(np.sqrt(across**2 + up**2), 1e-9)
        shape = inverse @ (ratio.sum(axis=1)[:, None] * shape - ratio @ shape)
    return shape


def _turned(shape: Array) -> Array:
    """The same, turned so that it is wider than high."""
    shape = shape - shape.mean(axis=0)
    _, axes = np.linalg.eigh(shape.T @ shape)
    longest = axes[:, 1] * (1 if axes[0, 1] >= 0 else -1)
    turn = np.array([longest, [-longest[1], longest[0]]])
    turned: Array = shape @ turn.T
    return turned


def _faced(shape: Array, part: Sequence[int], ways: Sequence[tuple[int, int, float]]) -> Array:
    """The same or its mirror image, so that more goes from left to right."""
    places = {number: float(x) for number, (x, _) in zip(part, shape, strict=True)}
    forward = sum(places[other] - places[one] for one, other, _ in ways)
    return shape * np.array([-1, 1]) if forward < 0 else shape


def _pushed(shape: Array, extents: Array) -> Array:
    """The same, with those that lie on each other pushed apart, the shorter way."""
    room = (extents[:, None] + extents[None]) / 2
    numbers = np.arange(len(shape))
    before = np.sign(numbers[:, None] - numbers[None])[..., None]
    for _ in range(PUSH_ROUNDS_MAX):
        apart = shape[:, None] - shape[None]
        over = room - np.abs(apart)
        touching = (over > 0).all(axis=2) & (before[..., 0] != 0)
        if not touching.any():
            break
        shorter = np.stack([over[..., 0] <= over[..., 1], over[..., 0] > over[..., 1]], axis=2)
        way = np.where(apart == 0, before, np.sign(apart))  # Of two at one place, by their numbers.
        push = np.where(touching[..., None] & shorter, way * over, 0).sum(axis=1)
        shape = (shape + PUSH * push) * GROWTH
    return shape


def _span(shape: Array, extents: Array) -> Array:
    span: Array = (shape + extents / 2).max(axis=0)
    return span


def _packed(spans: Sequence[Array]) -> list[Array]:
    """Where each part's lower left corner goes: row under row, each filled from the left."""
    area = sum(float((span + GAP_PT).prod()) for span in spans)
    width_max = max([float(np.sqrt(area * WIDE)), *(float(span[0]) for span in spans[:1])])
    spots = []
    x = y = height = 0.0
    for width, high in spans:
        if x and (x + width > width_max or high < height / 2):
            x, y, height = 0.0, y - height - GAP_PT, 0.0
        spots.append(np.array([x, y - high]))
        x += float(width) + GAP_PT
        height = max(height, float(high))
    return spots
