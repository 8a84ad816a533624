"""What a report tells: days of sessions, tokens, cost, waits, failures and memories."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from asyncpg import Record
from msgspec import Struct

from eventlog.database import Conn, Database
from eventlog.reach import working
from eventlog.statements import statement

SERIES_MAX: Final = 7
"""Of one chart; the rest are drawn as one."""
OTHERS: Final = "others"
SETTINGS: Final = {"default_transaction_read_only": "on", "statement_timeout": "300000"}
STATUSES: Final = ("completed", "running", "waiting", "paused", "failed", "cancelled")

Figure = str | int | float | None


class Chart(Struct, frozen=True, kw_only=True):
    """A figure for each day, of one thing or of several."""

    title: str
    unit: str
    stacked: bool
    """Parts of a whole, one upon another; else a line each."""
    days: tuple[date, ...]
    series: Mapping[str, Sequence[float | None]]
    """Name → a figure for each day; None where there is none."""


class Ranking(Struct, frozen=True, kw_only=True):
    """A table, what counts most first."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Figure, ...], ...]


class Report(Struct, frozen=True, kw_only=True):
    """Everything, as of one moment."""

    since: date
    until: date
    """The last day."""
    totals: Mapping[str, Figure]
    charts: tuple[Chart, ...]
    rankings: tuple[Ranking, ...]


class _Wanted(Struct, frozen=True):
    """A chart, and the statement that it is drawn from."""

    name: str
    title: str
    unit: str
    stacked: bool = True
    carried: bool = False
    """A day without a figure has the one before it."""


CHARTS: Final = (
    _Wanted("sessions", "Sessions", "sessions"),
    _Wanted("tokens", "Tokens", "tokens"),
    _Wanted("cost", "Cost", "$"),
    _Wanted("latency", "Time of a completion", "ms", stacked=False),
    _Wanted("failures", "Failed tool calls", "calls"),
    _Wanted("memory", "What agents remember", "memories", carried=True),
)
RANKINGS: Final = (("tools", "Tools"), ("agents", "Agents"), ("errors", "What went wrong"))


async def read_report(database: Database, *, until: datetime, days: int) -> Report:
    """The *days* up to the day of *until* (UTC), that one included."""
    last = until.replace(hour=0, minute=0, second=0, microsecond=0)
    bounds = (last - timedelta(days=days - 1), last + timedelta(days=1))
    shown = tuple((bounds[0] + timedelta(days=n)).date() for n in range(days))
    conn = await database.connect(settings=SETTINGS)
    try:
        with working(database.address.label):
            async with conn.transaction(isolation="repeatable_read", readonly=True):
                totals = (await _rows(conn, "totals", bounds))[0]
                return Report(
                    since=shown[0],
                    until=shown[-1],
                    totals={name: _figure(value) for name, value in totals.items()},
                    charts=tuple([await _chart(conn, of, shown, bounds) for of in CHARTS]),
                    rankings=tuple([await _ranking(conn, *of, bounds) for of in RANKINGS]),
                )
    finally:
        await conn.close(timeout=10)


async def _rows(conn: Conn, name: str, bounds: tuple[datetime, datetime]) -> list[Record]:
    return await conn.fetch(statement(__package__, name), *bounds)


async def _chart(
    conn: Conn, wanted: _Wanted, days: tuple[date, ...], bounds: tuple[datetime, datetime]
) -> Chart:
    found: dict[str, dict[date, float]] = {}
    for row in await _rows(conn, wanted.name, bounds):
        if row["value"] is not None:
            found.setdefault(row["name"], {})[row["day"]] = row["value"]
    series = {name: _filled(by_day, days, wanted) for name, by_day in _fewer(found, wanted).items()}
    return Chart(
        title=wanted.title, unit=wanted.unit, stacked=wanted.stacked, days=days, series=series
    )


def _fewer(
    found: Mapping[str, Mapping[date, float]], wanted: _Wanted
) -> dict[str, Mapping[date, float]]:
    """The largest of them; of parts of a whole, the others are added up."""
    if wanted.name == "sessions":
        names = [name for name in STATUSES if name in found]
    elif wanted.name in {"tokens", "latency", "memory"}:
        names = sorted(found)
    else:
        names = sorted(found, key=lambda name: -sum(found[name].values()))
    kept: dict[str, Mapping[date, float]] = {name: found[name] for name in names[:SERIES_MAX]}
    rest: dict[date, float] = {}
    for name in names[SERIES_MAX:]:
        for day, value in found[name].items():
            rest[day] = rest.get(day, 0.0) + value
    return {**kept, OTHERS: rest} if rest else kept


def _filled(
    by_day: Mapping[date, float], days: Sequence[date], wanted: _Wanted
) -> list[float | None]:
    """A figure for each of *days*: of parts of a whole 0 where there is none."""
    values: list[float | None] = []
    for day in days:
        before = values[-1] if values and wanted.carried else None
        values.append(by_day.get(day, before if before is not None or not wanted.stacked else 0.0))
    return values


async def _ranking(conn: Conn, name: str, title: str, bounds: tuple[datetime, datetime]) -> Ranking:
    prepared = await conn.prepare(statement(__package__, name))
    rows = await prepared.fetch(*bounds)
    return Ranking(
        title=title,
        columns=tuple(column.name for column in prepared.get_attributes()),
        rows=tuple(tuple(_figure(cell) for cell in row.values()) for row in rows),
    )


def _figure(value: Any) -> Figure:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if isinstance(value, int | float | None) else str(value)
