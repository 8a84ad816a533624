"""A report as one HTML page that needs nothing else: it can be mailed, kept, and read offline."""

from collections.abc import Iterator, Sequence
from typing import Final

from service.analytics.report.drawing import colour, said_in, svg
from service.analytics.report.figures import Chart, Figure, Ranking, Report

STYLE: Final = """
:root { color-scheme: light dark; --ink: #222; --dim: #777; --line: #ddd; --ground: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ddd; --dim: #999; --line: #444; --ground: #1b1b1b }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  max-width: 780px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem }
.dim, .key { color: var(--dim) }
.totals { display: flex; flex-wrap: wrap; gap: 1.5rem; margin: 1rem 0 }
.totals b { display: block; font-size: 1.4rem } svg { width: 100%; height: auto }
.grid { stroke: var(--line) } .line { fill: none; stroke-width: 1.5 }
.tick, .day { font-size: 11px; fill: var(--dim) }
.tick { text-anchor: end } .day { text-anchor: middle }
.key i { display: inline-block; width: .7em; height: .7em; margin: 0 .3em 0 .9em }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .15rem .6rem .15rem 0; border-bottom: 1px solid var(--line) }
td.number, th.number { text-align: right }
"""


def page(report: Report) -> str:
    """The whole page."""
    title = f"What ran from {report.since} to {report.until}"
    body = [
        f"<h1>{title}</h1>",
        '<p class="dim">Days are of UTC. Point at a bar or a dot for its figure.</p>',
        f'<div class="totals">{"".join(_totals(report))}</div>',
        *(_chart(chart) for chart in report.charts),
        *(_ranking(ranking) for ranking in report.rankings),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def told(figure: Figure) -> str:
    """*figure* for people."""
    if figure is None:
        return "–"
    return figure if isinstance(figure, str) else f"{figure:,}"


def _totals(report: Report) -> Iterator[str]:
    for name, figure in report.totals.items():
        yield f"<div><b>{said_in(told(figure))}</b>{said_in(name)}</div>"


def _chart(chart: Chart) -> str:
    heading = (
        f"<h2>{said_in(chart.title)} <span class=dim>{said_in(chart.unit)} per day</span></h2>"
    )
    if not chart.series:
        return f'{heading}<p class="dim">Nothing is known.</p>'
    keys = "".join(
        f'<i style="background:{colour(name, place)}"></i>{said_in(name)}'
        for place, name in enumerate(chart.series)
    )
    return f'{heading}<p class="key">{keys}</p>{svg(chart)}'


def _ranking(ranking: Ranking) -> str:
    heads = "".join(
        f"<th{_class(ranking, place)}>{said_in(name)}</th>"
        for place, name in enumerate(ranking.columns)
    )
    rows = "".join(f"<tr>{_cells(ranking, row)}</tr>" for row in ranking.rows)
    return f"<h2>{said_in(ranking.title)}</h2><table><tr>{heads}</tr>{rows}</table>"


def _cells(ranking: Ranking, row: Sequence[Figure]) -> str:
    return "".join(
        f"<td{_class(ranking, place)}>{said_in(told(cell))}</td>" for place, cell in enumerate(row)
    )


def _class(ranking: Ranking, place: int) -> str:
    return "" if any(isinstance(row[place], str) for row in ranking.rows) else ' class="number"'
