"""The views and functions of schema `analytics`: what they publish, and that odd data is read."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

import pytest

from eventlog.block import BlockLimits
from eventlog.database import Database, Dedicated
from eventlog.rebuild import rebuild
from eventlog.routines import apply_views
from schema import events
from schema.row_text import projected
from service.projections import PROJECTIONS
from tests.log_writing import Talk, started, talk_of, write
from tests.projecting import level
from tests.recalling import Agent, episode

WILD: Final = "a\x00b\ud800 \udc00 \\u0000 \U0001f600"
COLUMNS: Final = """
    select c.table_name, string_agg(c.column_name, ' ' order by c.ordinal_position)
    from information_schema.columns c where c.table_schema = 'analytics' group by 1 order by 1
"""
UNSAID: Final = """
    select c.oid::regclass || coalesce('.' || a.attname, '') from pg_class c
    left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relnamespace = 'analytics'::regnamespace and c.relkind = 'v'
      and (col_description(c.oid, a.attnum) is null or obj_description(c.oid) is null)
"""
GUIDE: Final = Path(__file__).parents[3] / "docs" / "analytics.md"
QUERIES: Final = re.findall(r"```sql\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
PUBLISHED: Final = {
    "approvals": "agent_id session_id version recorded_at type actor call_id detail approved",
    "completions": "agent_id session_id step version recorded_at model stop_reason input_tokens "
    "output_tokens cached_tokens cost latency_ms",
    "costs_daily": "day agent_id model completions input_tokens output_tokens cached_tokens cost",
    "errors": "agent_id session_id version recorded_at type cause detail",
    "events": "partition position agent_id stream version event_id type schema_version recorded_at "
    "data metadata",
    "graph_changes": "agent_id version recorded_at type actor subject detail",
    "memories": "agent_id kind id recorded_version happened_at importance pinned expires_at tags "
    "session key content",
    "memory_changes": "agent_id version recorded_at type actor subject detail",
    "memory_vectors": "agent_id recorded_version space since_version until_version embedding",
    "model_usage": "model completions sessions first_at last_at input_tokens output_tokens cost "
    "p50_ms p99_ms",
    "recalls": "agent_id session_id version recorded_at call_id query memory_version rank kind "
    "item score told",
    "session_funnel": "day agent_id started thought completed failed cancelled held running",
    "sessions": "agent_id session_id status model prompt answer cause detail steps input_tokens "
    "output_tokens cached_tokens cost started_at updated_at ended_at duration_s version "
    "parent_session_id forked_at",
    "steps": "agent_id session_id step version recorded_at text",
    "tool_calls": "agent_id session_id step call_id version tool effect status ok failure "
    "latency_ms called_at returned_at arguments observation",
    "tool_reliability": "day tool calls unreturned not_found transient permanent blocked p50_ms "
    "p95_ms p99_ms",
}
"""What is here is published: it may get more columns at its end, and loses none."""


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Dedicated]:
    conn = await database.connect_as_owner()
    yield conn
    await conn.close()


@pytest.fixture
async def talk(database: Database, owner: Dedicated, partitions: int) -> Talk:
    """A session in which everything odd was said."""
    talk = talk_of("a-1", partitions)
    facts = (
        started(WILD),
        events.CompletionReceived(step=1, text=WILD, model=WILD, prompt_digest="0" * 64),
        events.ToolCalled(call_id="1.0", tool=WILD, arguments={WILD: [WILD]}),
        events.ToolReturned(call_id="1.0", ok=False, observation=WILD, kind="transient"),
        events.CompletionFailed(step=2, code="timeout", detail=WILD),
        events.FallbackChosen(step=2, model=WILD, cause="timeout"),
        events.SessionFailed(cause="provider", detail=WILD),
    )
    for fact in facts:
        await write(owner, talk.partition, talk.agent_id, talk.stream, fact)
    await level(database, PROJECTIONS.values())
    return talk


async def test_the_published_columns_are_all_there(owner: Dedicated):
    assert {row[0]: row[1] for row in await owner.fetch(COLUMNS)} == PUBLISHED


async def test_every_view_and_column_says_what_it_is(owner: Dedicated):
    assert await owner.fetch(UNSAID) == []


async def test_every_view_reads_odd_data(database: Database, talk: Talk):
    async with database.acquire() as conn:
        for view in PUBLISHED:
            await conn.fetch(f"select * from analytics.{view}")
        (session,) = await conn.fetch("select * from analytics.sessions")
        failures = await conn.fetch("select type, cause from analytics.errors order by version")
    assert (session["status"], session["steps"]) == ("failed", 1)
    assert [tuple(row) for row in failures][1:] == [
        ("completion_failed", "timeout"),
        ("fallback_chosen", "timeout"),
        ("session_failed", "provider"),
    ]
    assert failures[0]["type"] == "tool_returned"


async def test_each_query_of_the_guide_runs(database: Database, talk: Talk):
    async with database.acquire() as conn:
        for query in QUERIES:
            await conn.fetch(query)


async def test_the_text_of_an_event_is_read_whatever_it_holds(database: Database, talk: Talk):
    query = """
        select analytics.event_text(data, 'prompt') from analytics.events
        where partition = $1 and stream = $2 and version = 1
    """
    async with database.acquire() as conn:
        text = await conn.fetchval(query, talk.partition, talk.stream)
    assert text == "a\ufffdb\ufffd \ufffd \\u0000 \U0001f600"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"a": {"b": [1, "x"]}}, "x"),
        ({"a": {"b": [1, "\x00\x00"]}}, "\ufffd\ufffd"),
        ({"a": {"b": [1, "\ud83d\ude00\ud83d"]}}, "\U0001f600\ufffd"),
        ({"a": {"b": [1, "\\\ude00"]}}, "\\\ufffd"),
        ({"a": {"b": [1]}}, None),
        ({}, None),
    ],
)
async def test_a_path_leads_to_a_text_or_to_null(owner: Dedicated, data: object, text: str | None):
    query = "select analytics.event_text($1::json, 'a', 'b', '1')"
    assert await owner.fetchval(query, json.dumps(data)) == text


async def test_no_text_at_all_makes_it_fail(owner: Dedicated):
    chance = Random(1)  # noqa: S311 - draws texts, the same each time.
    odd = (
        "\\",
        '"',
        "\x00",
        "\ud83d",
        "\ude00",
        "\U0001f600",
        "u0000",
        "\\u0000",
        "ud83d",
        "x",
        "\n",
    )
    texts = ["".join(chance.choices(odd, k=chance.randrange(9))) for _ in range(2000)]
    query = """
        select analytics.event_text(u.data::json, 'a') from unnest($1::text[])
        with ordinality u (data, n) order by u.n
    """
    rows = await owner.fetch(query, [json.dumps({"a": text}) for text in texts])
    assert [row[0] for row in rows] == [
        projected(json.loads(json.dumps(text)))[0] for text in texts
    ]


async def test_a_rebuild_leaves_views_and_what_is_said_of_them(
    database: Database, owner: Dedicated, talk: Talk
):
    for name in ("steps", "sessions", "changes"):
        await rebuild(
            database,
            PROJECTIONS[name],
            lambda _: None,
            limits=BlockLimits(events=5),
            reapply=apply_views,
        )
    assert await owner.fetch(UNSAID) == []
    assert {row[0]: row[1] for row in await owner.fetch(COLUMNS)} == PUBLISHED
    assert len(await owner.fetch("select * from analytics.steps")) == 1


async def test_what_was_known_at_a_version_is_a_query(database: Database, owner: Dedicated):
    agent = Agent(database, owner)
    await agent.tell(episode("first"), events.FactStored(key="k", value="v"), episode("second"))
    async with database.acquire() as conn:
        query = "select content from analytics.episodes_at($1, $2)"
        contents = [row["content"] for row in await conn.fetch(query, agent.name, 2)]
        now = [row["content"] for row in await conn.fetch(query, agent.name, 3)]
        facts = await conn.fetch("select * from analytics.facts_at($1, 1)", agent.name)
    assert (contents, now, facts) == (["first"], ["second", "first"], [])


async def test_steps_are_those_of_the_version_that_is_asked_for(database: Database, talk: Talk):
    session = UUID(talk.stream.removeprefix("session-"))
    async with database.acquire() as conn:
        query = "select tool, observation from analytics.steps_at($1, $2)"
        assert await conn.fetch(query, session, 1) == []
        assert [tuple(row) for row in await conn.fetch(query, session, 2)] == [(None, None)]
        (called,) = await conn.fetch(query, session, 3)
        (returned,) = await conn.fetch(query, session, 4)
    assert called["observation"] is None
    assert returned["observation"] is not None
