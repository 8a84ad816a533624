"""Draws a chart as SVG that stands alone: no script, no font, nothing from outside."""

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from service.analytics.report.figures import Chart
from service.printable import printable

WIDTH: Final = 720
HEIGHT: Final = 220
LEFT: Final = 56
BOTTOM: Final = 24
TOP: Final = 10
COLOURS: Final = (
    *("#2f6f9f", "#d98a29", "#4b9b6e", "#b5524b", "#7d65a8", "#8a7a5c", "#5aa9b8", "#999999"),
)
ENDS: Final = {"completed": "#4b9b6e", "failed": "#b5524b", "cancelled": "#999999"}
LABELS_MAX: Final = 10
TICKS: Final = 5


def colour(name: str, place: int) -> str:
    """That of the series *name* at *place*: what says how something ended has its own."""
    return ENDS.get(name, COLOURS[place % len(COLOURS)])


def svg(chart: Chart) -> str:
    """*chart* as an image of its own."""
    top = ceiling(_highest(chart))
    parts = [*_grid(chart, top), *(_bars(chart, top) if chart.stacked else _lines(chart, top))]
    title = said_in(f"{chart.title}, {chart.unit} per day")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">'
        f"{''.join(parts)}</svg>"
    )


def said_in(text: str) -> str:
    """*text* as it may stand in a page or an image: a line, and nothing in it is markup."""
    return escape(" ".join(printable(text).split()))


def ceiling(value: float) -> float:
    """The least round number that is no less than *value*; 1 for nothing."""
    if value <= 0:
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(n * power for n in (1, 2, 2.5, 5, 10) if n * power >= value * (1 - 1e-9))


def short(value: float) -> str:
    """*value* in few characters."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g}"


def _highest(chart: Chart) -> float:
    columns = zip(*chart.series.values(), strict=True)
    of_day = sum if chart.stacked else max
    return max((of_day([v or 0.0 for v in column]) for column in columns), default=0.0)


def _grid(chart: Chart, top: float) -> Iterator[str]:
    for n in range(TICKS + 1):
        y = _y(top * n / TICKS, top)
        yield f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" class="tick">{short(top * n / TICKS)}</text>'
    every = math.ceil(len(chart.days) / LABELS_MAX)
    for place, day in list(enumerate(chart.days))[::every]:
        x = _x(place + 0.5, len(chart.days))
        yield f'<text x="{x:.1f}" y="{HEIGHT - 6}" class="day">{day:%m-%d}</text>'


def _bars(chart: Chart, top: float) -> Iterator[str]:
    width = (WIDTH - LEFT) / len(chart.days)
    below = [0.0] * len(chart.days)
    for number, (name, values) in enumerate(chart.series.items()):
        for place, value in enumerate(values):
            if not value:
                continue
            y, foot = _y(below[place] + value, top), _y(below[place], top)
            below[place] += value
            said = said_in(f"{chart.days[place]} {name}: {value:,.6g} {chart.unit}")
            yield (
                f'<rect x="{_x(place, len(chart.days)) + width * 0.1:.1f}" y="{y:.1f}" '
                f'width="{width * 0.8:.1f}" height="{max(foot - y, 0.5):.1f}" '
                f'fill="{colour(name, number)}"><title>{said}</title></rect>'
            )


def _lines(chart: Chart, top: float) -> Iterator[str]:
    for number, (name, values) in enumerate(chart.series.items()):
        points, stroke = _points(values, top), colour(name, number)
        yield f'<polyline points="{points}" class="line" stroke="{stroke}"/>'
        for place, value in enumerate(values):
            if value is None:
                continue
            said = said_in(f"{chart.days[place]} {name}: {value:,.6g} {chart.unit}")
            yield (
                f'<circle r="2.5" cx="{_x(place + 0.5, len(values)):.1f}" '
                f'cy="{_y(value, top):.1f}" '
                f'fill="{colour(name, number)}"><title>{said}</title></circle>'
            )


def _points(values: Sequence[float | None], top: float) -> str:
    places = ((place, value) for place, value in enumerate(values) if value is not None)
    return " ".join(f"{_x(p + 0.5, len(values)):.1f},{_y(v, top):.1f}" for p, v in places)


def _x(place: float, days: int) -> float:
    return LEFT + (WIDTH - LEFT) * place / days


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top
