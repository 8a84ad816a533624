"""Tells results: a table for people, one JSON object a line for machines."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson
from rich.table import Table

from service.bench.bench import Budget
from service.bench.measure import Result

WHOLE_FROM: Final = 100
"""Numbers this large are shown without decimals."""


def line(result: Result) -> str:
    """*result* as one JSON object."""
    figures = result.figures
    told = {
        "name": result.name,
        "params": dict(result.params),
        "value": result.value,
        "unit": result.unit,
        "floor": result.floor,
        "ratio": result.ratio,
        "p50_ms": result.p50_ms,
        "p99_ms": result.p99_ms,
        "floor_p99_ms": result.floor_p99_ms,
        "range": result.range,
        "floor_range": result.floor_range,
        "ratio_range": result.ratio_range,
        "rounds": result.rounds,
        "also": dict(result.also),
        "budgets": [_verdict(budget, figures[budget.figure]) for budget in result.budgets],
    }
    return orjson.dumps(told).decode()


def table(results: Sequence[Result]) -> Table:
    """*results*, a row each: the median, its range, the floor's, and the budgets."""
    told = Table(title="agent-runtime bench", title_justify="left", caption_justify="left")
    told.caption = "Medians over the rounds, their range below; floor: bare asyncpg."
    told.add_column("bench", overflow="fold")
    for heading in ("ours", "floor", "ratio"):
        told.add_column(heading, justify="right")
    told.add_column("milliseconds", no_wrap=True)
    for result in results:
        told.add_row(*_cells(result), end_section=True)
    return told


def _verdict(budget: Budget, figure: float) -> dict[str, Any]:
    return {
        "figure": budget.figure,
        "at_least": budget.at_least,
        "at_most": budget.at_most,
        "is": figure,
        "met": budget.met(figure),
    }


def _cells(result: Result) -> tuple[str, ...]:
    return (
        "\n".join([f"[bold]{result.name}[/bold]", *_told(result)]),
        f"{_spread(result.value, result.range)}\n[dim]{result.unit}[/dim]",
        _spread(result.floor, result.floor_range),
        _spread(result.ratio, result.ratio_range),
        "\n".join(_latencies(result)),
    )


def _told(result: Result) -> Iterator[str]:
    """What stands below a bench's name: its params, its other figures, its budgets."""
    for name, param in result.params.items():
        yield f"[dim]{name} {param}[/dim]"
    for name, figure in result.also.items():
        yield f"{name} {_short(figure)}"
    missed = set(result.missed)
    for budget in result.budgets:
        yield (
            f"[red]missed: {budget}[/red]" if budget in missed else f"[green]met: {budget}[/green]"
        )


def _latencies(result: Result) -> Iterator[str]:
    named = {"p50": result.p50_ms, "p99": result.p99_ms, "floor p99": result.floor_p99_ms}
    for name, latency_ms in named.items():
        if latency_ms is not None:
            yield f"{name} {_short(latency_ms)}"


def _spread(middle: float | None, span: tuple[float, float] | None) -> str:
    if span is None:
        return _short(middle)
    return f"{_short(middle)}\n[dim]{_short(span[0])} – {_short(span[1])}[/dim]"


def _short(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:,.0f}" if abs(number) >= WHOLE_FROM else f"{number:.3g}"
