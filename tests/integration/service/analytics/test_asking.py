"""One question in SQL: read-only, bounded, answered as it is."""

import pytest
from asyncpg import Record

from eventlog.database import Database
from schema.errors import DeadlinePassed, Invalid
from service.analytics.asking import Answer, Bounds, asked


async def rows_of(database: Database, query: str, bounds: Bounds) -> tuple[Answer, list[Record]]:
    async with asked(database, query, bounds) as answer:
        return answer, [row async for rows in answer.blocks() for row in rows]


@pytest.mark.parametrize(("there", "more"), [(0, False), (249, False), (250, False), (251, True)])
async def test_no_more_rows_are_given_than_were_asked_for_and_it_says_so(
    made_up: Database, there: int, more: bool
):
    answer, rows = await rows_of(
        made_up, f"select generate_series(1, {there}) as n", Bounds(rows_max=250)
    )
    assert [row["n"] for row in rows] == list(range(1, min(there, 250) + 1))
    assert (answer.columns, answer.more) == (["n"], more)


@pytest.mark.parametrize(
    "query",
    [
        "delete from eventlog.checkpoints",
        "with gone as (delete from eventlog.checkpoints returning *) select * from gone",
        "select 1; select 2",
        "commit; delete from eventlog.checkpoints",
        "select nothing",
        "this is no SQL",
        "select 1/0 from sessions",
        "select eventlog.erase(0, 'x', '{1}', 'x')",
    ],
)
async def test_what_writes_or_cannot_be_read_is_refused_in_postgresqls_words(
    made_up: Database, query: str
):
    with pytest.raises(Invalid, match=r"query: \w+"):
        await rows_of(made_up, query, Bounds())
    async with made_up.acquire() as conn:
        assert await conn.fetchval("select count(*) from eventlog.checkpoints") > 0


async def test_a_question_takes_no_longer_than_it_may(made_up: Database):
    with pytest.raises(DeadlinePassed, match=r"0\.05 s"):
        await rows_of(made_up, "select pg_sleep(60)", Bounds(timeout_s=0.05))


async def test_views_need_no_schema_and_any_type_is_told(made_up: Database):
    query = "select s.*, '[1,2]'::vector as vector from sessions s"
    _, rows = await rows_of(made_up, query, Bounds(rows_max=3))
    assert len(rows) == 3
