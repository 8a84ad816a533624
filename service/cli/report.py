"""`agent-runtime report`: what ran here, in the terminal or as a page of its own."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from schema.errors import Invalid
from service.analytics.report.drawing import short
from service.analytics.report.figures import Chart, Ranking, Report, read_report
from service.analytics.report.page import page, told
from service.cli.console import one_line, out, print_heading
from service.cli.exits import Exit
from service.cli.output import print_json, print_note, print_text
from service.cli.sql import level_with_log
from service.cli.table import Column, print_table
from service.config import Settings
from service.store import open_store

HEIGHTS: Final = " ▁▂▃▄▅▆▇█"
NAME_MAX: Final = 24


async def show_report(settings: Settings, *, days: int, html: Path | None, as_json: bool) -> Exit:
    """The last *days* days, as of now; as a page where *html* names a file."""
    async with open_store(settings) as log:
        await level_with_log(log)
        report = await read_report(log.database, until=datetime.now(UTC), days=days)
    if html is not None:
        _write(html, page(report))
    elif as_json:
        print_json(report)
    else:
        _print(report)
    return Exit.DONE


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Invalid("html", f"{file} cannot be written: {error.strerror}") from error
    print_note(f"{file}: {len(text) >> 10} KiB, a page that needs nothing else.")


def _print(report: Report) -> None:
    print_text(f"From {report.since} to {report.until}, days of UTC.")
    print_text("  ".join(f"{name}: {told(figure)}" for name, figure in report.totals.items()))
    for chart in report.charts:
        _print_chart(chart)
    for ranking in report.rankings:
        _print_ranking(ranking)


def _print_chart(chart: Chart) -> None:
    print_heading(out(), f"{chart.title} ({chart.unit} per day)")
    if not chart.series:
        print_text("nothing is known")
    for name, values in chart.series.items():
        most = max((value or 0.0 for value in values), default=0.0)
        last = values[-1]
        figures = f"most {short(most)}, last {'–' if last is None else short(last)}"
        print_text(f"{told(name)[:NAME_MAX]:{NAME_MAX}} {_spark(values, most)}  {figures}")


def _spark(values: Sequence[float | None], most: float) -> str:
    """A column for each day; what is more than nothing is seen."""
    steps = len(HEIGHTS) - 1
    return "".join(
        HEIGHTS[max(1, round(value / most * steps))] if value and most else " " for value in values
    )


def _print_ranking(ranking: Ranking) -> None:
    console = out()
    print_heading(console, ranking.title)
    columns = [
        Column(
            name, right=not any(isinstance(row[place], str) for row in ranking.rows), width_max=40
        )
        for place, name in enumerate(ranking.columns)
    ]
    rows = [[one_line(told(cell)) for cell in row] for row in ranking.rows]
    print_table(console, columns, rows)
