"""The views as files, read by DuckDB as others would."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from eventlog.database import Database
from schema.errors import Invalid
from service.analytics.parquet import VIEWS, Written, write_parquet

TOKENS = """
    select sum(input_tokens)::bigint from analytics.completions
    where recorded_at >= $1 and recorded_at < $2
"""


def asked(query: str) -> list[Any]:
    with duckdb.connect() as conn:
        return conn.execute(query).fetchall()


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_duckdb_reads_every_row_of_the_days_that_were_asked_for(
    made_up: Database, tmp_path: Path
):
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    bounds = (today - timedelta(days=5), today - timedelta(days=1))
    lake, told = tmp_path / "deep" / "lake", list[Written]()
    await write_parquet(made_up, lake, since=bounds[0], until=bounds[1], on_view=told.append)

    assert names_in(lake.parent) == ["lake"]
    assert [written.view for written in told] == list(VIEWS)
    async with made_up.acquire() as conn:
        for written in told:
            rows = await conn.fetch(per_day(written.view), *bounds)
            by_day = asked(
                f"select day, count(*) from '{lake}/{written.view}/**/*.parquet' "
                "group by 1 order by 1"
            )
            assert by_day == [tuple(row) for row in rows]
            assert (written.rows, written.files) == (sum(n for _, n in by_day), len(by_day))
        tokens = await conn.fetchval(TOKENS, *bounds)
    assert asked(f"select sum(input_tokens) from '{lake}/completions/**/*.parquet'") == [(tokens,)]
    assert asked(f"select count(*) from '{lake}/sessions/**/*.parquet' where prompt is null") == [
        (0,)
    ]


async def test_its_columns_have_the_types_that_others_count_with(made_up: Database, tmp_path: Path):
    since = datetime.now(UTC) - timedelta(hours=20)
    await write_parquet(made_up, tmp_path / "lake", since=since, on_view=lambda _: None)
    described = asked(f"describe from '{tmp_path}/lake/sessions/**/*.parquet'")
    types = {row[0]: row[1] for row in described}
    assert types["started_at"] == "TIMESTAMP WITH TIME ZONE"
    assert (types["steps"], types["duration_s"], types["day"]) == ("INTEGER", "DOUBLE", "DATE")


def per_day(view: str) -> str:
    return (
        f"select ({VIEWS[view]} at time zone 'UTC')::date, count(*) from analytics.{view} "
        f"where {VIEWS[view]} >= $1 and {VIEWS[view]} < $2 group by 1 order by 1"
    )


async def test_what_is_there_already_is_not_written_over(made_up: Database, tmp_path: Path):
    (tmp_path / "mine").touch()
    for folder in (tmp_path, tmp_path / "mine", tmp_path / "mine" / "below"):
        with pytest.raises(Invalid, match="parquet"):
            await write_parquet(made_up, folder, on_view=lambda _: None)
    assert names_in(tmp_path) == ["mine"]
