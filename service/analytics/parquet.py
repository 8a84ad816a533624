"""The views as Parquet files, a folder for each view and day: for tools that read files."""

import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from asyncpg import Record
from msgspec import Struct

from eventlog.database import Database, Dedicated
from eventlog.reach import working
from schema.errors import Invalid, NotReady

VIEWS: Final = {
    "sessions": "started_at",
    "steps": "recorded_at",
    "completions": "recorded_at",
    "tool_calls": "called_at",
    "recalls": "recorded_at",
    "memory_changes": "recorded_at",
    "graph_changes": "recorded_at",
    "approvals": "recorded_at",
    "errors": "recorded_at",
    "events": "recorded_at",
}
"""What is written, and the column whose day (UTC) a row is filed under."""
FETCHED_ROWS: Final = 500
"""Rows that are fetched at once: of events of the largest size, half a gigabyte."""
GROUP_ROWS: Final = 20_000
GROUP_BYTES: Final = 64 << 20
"""A row group is written when it has so many rows, or bytes."""
DAYS_MAX: Final = 36_600
SETTINGS: Final = {"default_transaction_read_only": "on", "statement_timeout": "3600000"}


class Written(Struct, frozen=True):
    """What one view came to."""

    view: str
    rows: int
    files: int


async def write_parquet(
    database: Database,
    folder: Path,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    on_view: Callable[[Written], None],
) -> None:
    """Write every view into *folder*, which is new or empty; all as of one moment, or nothing.

    *since* is the first moment, *until* the first no more. Raises `NotReady` without pyarrow.
    """
    _see_arrow()
    partial = _partial(folder)
    try:
        conn = await database.connect(settings=SETTINGS)
        try:
            with working(database.address.label):
                async with conn.transaction(isolation="repeatable_read", readonly=True):
                    for view, column in VIEWS.items():
                        on_view(await _write_view(conn, partial, view, column, (since, until)))
        finally:
            await conn.close(timeout=10)
        partial.replace(folder.resolve())  # noqa: ASYNC240 - one rename, at the end.
    except OSError as error:
        raise Invalid("parquet", f"{folder} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _partial(folder: Path) -> Path:
    """A new folder beside *folder*, which it takes the place of when all is written."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Invalid("parquet", f"{folder} is not an empty folder: name a new one")
    try:
        beside = folder.resolve()
        beside.parent.mkdir(parents=True, exist_ok=True)
        partial = beside.with_name(f".{beside.name}-{uuid4().hex}.partial")
        partial.mkdir()
    except OSError as error:
        raise Invalid("parquet", f"{folder} cannot be made: {error.strerror}") from error
    return partial


def _see_arrow() -> None:
    try:
        import pyarrow as pa  # noqa: F401, PLC0415 - of the extra `parquet`; large.
    except ImportError:
        raise NotReady("--parquet needs pyarrow: pip install 'agent-runtime[parquet]'") from None


async def _write_view(
    conn: Dedicated,
    folder: Path,
    view: str,
    column: str,
    bounds: tuple[datetime | None, datetime | None],
) -> Written:
    rows = files = 0
    async for day, begin, end in _days(conn, view, column, bounds):
        count = await _write_day(conn, _file(folder, view, day), view, column, (begin, end))
        rows, files = rows + count, files + bool(count)
    if not files:
        await _write_nothing(conn, _file(folder, view, datetime.now(UTC).date()), view)
    return Written(view, rows, files)


def _file(folder: Path, view: str, day: date) -> Path:
    return folder / view / f"day={day}" / "part-0.parquet"


async def _days(
    conn: Dedicated, view: str, column: str, bounds: tuple[datetime | None, datetime | None]
) -> AsyncIterator[tuple[date, datetime, datetime]]:
    """Each day (UTC) that may have rows, with its bounds, within *bounds*."""
    found = await conn.fetchrow(
        f"select min({column}) as first, max({column}) as last from analytics.{view}"  # noqa: S608 - names of ours.
    )
    if found is None or found["first"] is None:
        return
    since, until = bounds
    begin = max(found["first"], since) if since else found["first"]
    last = min(found["last"], until - timedelta(microseconds=1)) if until else found["last"]
    for _ in range(DAYS_MAX):
        if begin > last:
            return
        day = begin.astimezone(UTC).date()
        end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        yield day, begin, min(end, last + timedelta(microseconds=1))
        begin = end


async def _write_day(
    conn: Dedicated, file: Path, view: str, column: str, bounds: tuple[datetime, datetime]
) -> int:
    """Write the rows of a day, if there are any; how many."""
    import pyarrow as pa  # noqa: PLC0415 - as above.
    from pyarrow import parquet  # noqa: PLC0415

    prepared = await conn.prepare(
        f"select * from analytics.{view} where {column} >= $1 and {column} < $2"  # noqa: S608 - names of ours.
    )
    schema = _schema(pa, prepared)
    cursor = await prepared.cursor(*bounds)
    rows: Sequence[Record] = await cursor.fetch(FETCHED_ROWS)
    if not rows:
        return 0
    file.parent.mkdir(parents=True, exist_ok=True)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        group = _Group(pa, writer)
        while rows:
            group.add(_batch(pa, schema, rows))
            rows = await cursor.fetch(FETCHED_ROWS)
        group.write()
    return group.count


async def _write_nothing(conn: Dedicated, file: Path, view: str) -> None:
    """A file without rows: a view that has none is read as any other."""
    import pyarrow as pa  # noqa: PLC0415 - as above.
    from pyarrow import parquet  # noqa: PLC0415

    prepared = await conn.prepare(f"select * from analytics.{view}")  # noqa: S608 - a name of ours.
    file.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(_schema(pa, prepared).empty_table(), file)


def _schema(pa: Any, prepared: Any) -> Any:
    return pa.schema([(a.name, _type(pa, a.type.name)) for a in prepared.get_attributes()])


class _Group:
    """Batches that become one row group."""

    def __init__(self, pa: Any, writer: Any) -> None:
        self.count = 0
        self._pa = pa
        self._writer = writer
        self._batches: list[Any] = []

    def add(self, batch: Any) -> None:
        """Take *batch* in; write the group if it is large enough."""
        self.count += batch.num_rows
        self._batches.append(batch)
        rows = sum(batch.num_rows for batch in self._batches)
        size_bytes = sum(batch.nbytes for batch in self._batches)
        if rows >= GROUP_ROWS or size_bytes >= GROUP_BYTES:
            self.write()

    def write(self) -> None:
        """Write what there is."""
        if self._batches:
            self._writer.write_table(self._pa.Table.from_batches(self._batches))
            self._batches = []


def _batch(pa: Any, schema: Any, rows: Sequence[Record]) -> Any:
    columns = [
        pa.array([_value(row[place], field.type, pa) for row in rows], field.type)
        for place, field in enumerate(schema)
    ]
    return pa.record_batch(columns, schema=schema)


def _value(cell: Any, of: Any, pa: Any) -> Any:
    if cell is None:
        return None
    if of == pa.string():
        return str(cell)
    return float(cell) if of == pa.float64() else cell


def _type(pa: Any, name: str) -> Any:
    """The type of Arrow for PostgreSQL's; what has none is text."""
    return {
        "bool": pa.bool_(),
        "int2": pa.int32(),
        "int4": pa.int32(),
        "int8": pa.int64(),
        "float4": pa.float64(),
        "float8": pa.float64(),
        "numeric": pa.float64(),
        "date": pa.date32(),
        "timestamptz": pa.timestamp("us", tz="UTC"),
        "text[]": pa.list_(pa.string()),
    }.get(name, pa.string())
