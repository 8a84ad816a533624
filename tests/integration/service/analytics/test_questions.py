"""The guide's questions, and the made-up log that they are asked of."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from eventlog.database import Database
from eventlog.digests import altered_versions
from eventlog.read import read_stream
from schema.errors import Invalid
from service.analytics.questions import Question, questions
from service.bench.analytics.copying import copy_life

RAW: Final = {
    "a stream": "select * from eventlog.partitions p join eventlog.events e "
    "on e.partition = p.partition and e.stream = 'memory-ana' and e.version > 3 order by 1",
    "positions": "select * from analytics.events "
    'where partition = 0 and "position" between 7 and 9',
    "an hour": "select type, count(*) from analytics.events "
    "where recorded_at > now() - interval '1 hour' group by 1",
}
"""What `events_of` does, and what the guide says of raw events."""


def test_there_are_twenty_and_each_says_what_it_asks():
    assert len(questions()) == 20
    assert all(question.text.count("?") == 1 or "," in question.text for question in questions())


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.name)
async def test_each_question_is_answered_and_no_plan_reads_the_whole_log(
    made_up: Database, question: Question
):
    async with made_up.acquire() as conn:
        assert await conn.fetch(question.sql)
        plan = json.loads(await conn.fetchval(f"explain (format json) {question.sql}"))
    assert "events" not in set(scanned(plan[0]["Plan"]))


@pytest.mark.parametrize("query", RAW.values(), ids=RAW.keys())
async def test_raw_events_are_found_by_an_index(made_up: Database, query: str):
    async with made_up.acquire() as conn:
        plan = json.loads(await conn.fetchval(f"explain (format json) {query}"))
    assert "events" not in set(scanned(plan[0]["Plan"]))


def scanned(plan: dict[str, Any]) -> Iterator[str]:
    """The tables that are read from their first page to their last."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for below in plan.get("Plans", []):
        yield from scanned(below)


async def test_what_was_made_up_reads_and_proves_as_if_it_had_been_appended(made_up: Database):
    async with made_up.acquire() as conn:
        heads = await conn.fetch("select stream, version from eventlog.streams limit 20")
        positions = await conn.fetchrow(
            'select count(*), max("position"), (select position from eventlog.partitions) '
            "from eventlog.events"
        )
        for stream, version in heads:
            block = await read_stream(conn, 0, stream, after=0)
            assert [event.version for event in block] == list(range(1, version + 1))
            assert [altered async for altered in altered_versions(conn, 0, stream)] == []
    assert positions is not None
    assert len(set(positions)) == 1


async def test_only_an_empty_log_is_filled(made_up: Database):
    with pytest.raises(Invalid, match="empty"):
        await copy_life(made_up, 10)
