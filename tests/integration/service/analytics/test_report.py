"""The report: its figures are the views', and its page needs nothing else."""

import re
from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

import pytest

from eventlog.database import Database
from service.analytics.report.drawing import ceiling, short, svg
from service.analytics.report.figures import Chart, Ranking, Report, read_report
from service.analytics.report.page import page

DAYS = (date(2031, 2, 3), date(2031, 2, 4))
Series = dict[str, tuple[float | None, ...]]
WILD = "<b>&\"'\x1b[31m"


async def test_its_figures_add_up_to_what_the_views_tell(made_up: Database):
    report = await read_report(made_up, until=datetime.now(UTC), days=60)
    async with made_up.acquire() as conn:
        sessions = await conn.fetchval("select count(*) from analytics.sessions")
        failed = await conn.fetchval("select count(*) from analytics.tool_calls where not ok")
        cost = await conn.fetchval("select sum(cost) from analytics.costs_daily")
        memories = await conn.fetch("select kind, count(*) from analytics.memories group by 1")
    charts = {chart.title: chart for chart in report.charts}

    assert report.totals["sessions"] == sessions
    assert total(charts["Sessions"]) == sessions
    assert total(charts["Failed tool calls"]) == failed
    assert total(charts["Cost"]) == pytest.approx(cost)
    assert {f"{row['kind']}s": row["count"] for row in memories} == {
        name: values[-1] for name, values in charts["What agents remember"].series.items()
    }
    assert all(len(values) == 60 for c in charts.values() for values in c.series.values())


async def test_days_before_and_after_are_left_out(made_up: Database):
    report = await read_report(made_up, until=datetime(2001, 1, 1, tzinfo=UTC), days=3)
    assert (report.since, report.until) == (date(2000, 12, 30), date(2001, 1, 1))
    assert report.totals["sessions"] == 0
    assert [chart.series for chart in report.charts] == [{}] * 6


async def test_its_page_needs_nothing_from_elsewhere(made_up: Database):
    told = page(await read_report(made_up, until=datetime.now(UTC), days=30))
    images = re.findall(r"<svg.*?</svg>", told, re.DOTALL)

    assert len(images) == 6
    for image in images:
        ET.fromstring(image)  # noqa: S314 - we drew it.
    assert re.search(r"https?:|src=|<script|<link|url\(", told) is None


def test_what_is_said_in_it_stays_text():
    report = Report(
        since=DAYS[0],
        until=DAYS[1],
        totals={WILD: WILD},
        charts=(chart({WILD: (1.0, 2.0)}),),
        rankings=(Ranking(title=WILD, columns=(WILD,), rows=((WILD,), (None,))),),
    )
    told = page(report)
    assert '<b>&"' not in told
    assert "\x1b" not in told
    ET.fromstring(svg(report.charts[0]))  # noqa: S314 - we drew it.


@pytest.mark.parametrize("stacked", [True, False])
def test_a_chart_of_nothing_or_with_gaps_is_drawn(stacked: bool):
    nothing: Series = {"a": (0.0, 0.0)}
    gaps: Series = {"a": (None, 3.0), "b": (1e9, None)}
    for series in (nothing, gaps):
        assert svg(chart(series, stacked=stacked)).endswith("</svg>")


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (0.3, 0.5), (1, 1), (1.01, 2), (2.3, 2.5), (99, 100), (7e9, 1e10)]
)
def test_a_chart_ends_at_a_round_number(value: float, top: float):
    assert ceiling(value) == pytest.approx(top)


def test_large_figures_are_short():
    assert [short(n) for n in (0.25, 999, 1500, 2.5e6, 1e10)] == [
        *("0.25", "999", "1.5 k", "2.5 M", "10 G"),
    ]


def chart(series: Series, *, stacked: bool = True) -> Chart:
    return Chart(title=WILD, unit="ms", stacked=stacked, days=DAYS, series=series)


def total(chart: Chart) -> float:
    return sum(value or 0 for values in chart.series.values() for value in values)
