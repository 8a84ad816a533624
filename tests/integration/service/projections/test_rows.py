"""What the read models say of a session."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventlog.block import BlockLimits
from eventlog.database import Database, Dedicated
from eventlog.heads import heads_of
from eventlog.rebuild import nothing_to_reapply, rebuild
from schema import events
from schema.events import Event
from service.agent.session import SessionState, fold
from service.projections import PROJECTIONS
from tests.corpus.write import read
from tests.log_writing import (
    Talk,
    called,
    returned,
    started,
    talk_of,
    thought,
    whole_session,
    write,
)
from tests.projecting import STEPS_TABLES, level, rows_of

CORPUS = Path(__file__).parents[3] / "corpus/sessions"
ERASE = """
    select version from eventlog.erase(
      $1, $2, $3, $4::bigint[], gen_random_uuid(), 1::smallint, '{}', $5, $6)
"""


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Dedicated]:
    conn = await database.connect_as_owner()
    yield conn
    await conn.close()


async def told(
    database: Database, owner: Dedicated, partitions: int, *facts: Event
) -> tuple[Talk, dict[str, list[Any]]]:
    """A session of *facts*, and its rows."""
    talk = talk_of("a-1", partitions)
    await write(owner, talk.partition, "a-1", talk.stream, *facts)
    await level(database, PROJECTIONS.values())
    rows = {
        table: await owner.fetch(f"select * from readmodel.{table}")
        for table in ("sessions", "steps", "completions", "tool_calls")
    }
    return talk, rows


async def test_a_session_adds_up_its_steps_and_tokens(
    database: Database, owner: Dedicated, partitions: int
):
    talk, rows = await told(database, owner, partitions, *whole_session(3))
    (session,) = rows["sessions"]
    assert (session["partition"], session["id"]) == (talk.partition, talk.session_id)
    assert (session["agent_id"], session["model"]) == ("a-1", "scripted:x")
    assert (session["status"], session["answer"]) == ("completed", "it was malloc")
    assert (session["steps"], session["version"]) == (3, 11)
    assert (session["input_tokens"], session["output_tokens"]) == (306, 21)
    assert session["started_at"] <= session["ended_at"] == session["updated_at"]


@pytest.mark.parametrize(
    ("last", "status", "why"),
    [
        (thought(1), "running", (None, None)),
        (events.SessionPaused(cause="provider", detail="down"), "paused", ("provider", "down")),
        (events.SessionFailed(cause="deadline"), "failed", ("deadline", None)),
        (events.SessionCancelled(reason="enough"), "cancelled", ("cancelled", "enough")),
    ],
)
async def test_a_session_has_the_status_of_its_last_word_on_it(
    database: Database,
    owner: Dedicated,
    partitions: int,
    last: Event,
    status: str,
    why: tuple[str | None, str | None],
):
    _, rows = await told(database, owner, partitions, started(), last)
    (session,) = rows["sessions"]
    assert (session["status"], (session["cause"], session["detail"])) == (status, why)
    assert (session["ended_at"] is None) == (status in {"running", "paused"})


async def test_a_resumed_session_runs_and_has_no_reason_not_to(
    database: Database, owner: Dedicated, partitions: int
):
    paused = events.SessionPaused(cause="provider", detail="down")
    facts = (started(), paused, events.SessionResumed(epoch=2))
    _, rows = await told(database, owner, partitions, *facts)
    (session,) = rows["sessions"]
    assert (session["status"], session["cause"], session["detail"]) == ("running", None, None)


@pytest.mark.parametrize("events_max", [1, 100])
async def test_a_session_that_has_ended_is_not_resumed(
    database: Database, owner: Dedicated, partitions: int, events_max: int
):
    talk = talk_of("a-1", partitions)
    cancelled, resumed = events.SessionCancelled(reason="enough"), events.SessionResumed(epoch=2)
    await write(owner, talk.partition, "a-1", talk.stream, started(), cancelled, resumed, resumed)
    await level(database, PROJECTIONS.values(), BlockLimits(events=events_max))
    row = await owner.fetchrow("select * from readmodel.sessions")
    assert row is not None
    assert (row["status"], row["detail"], row["settled_version"]) == ("cancelled", "enough", 2)
    assert row["ended_at"] is not None


@pytest.mark.parametrize("events_max", [1, 100])
async def test_the_row_of_each_session_of_the_corpus_is_its_fold(
    database: Database, owner: Dedicated, partitions: int, events_max: int
):
    folded: dict[object, SessionState] = {}
    for path in CORPUS.glob("*.jsonl"):
        recorded = read(path)
        talk = talk_of("a-1", partitions)
        await write(owner, talk.partition, "a-1", talk.stream, *recorded)
        folded[talk.session_id] = fold(recorded)
    await level(database, PROJECTIONS.values(), BlockLimits(events=events_max))
    rows = await owner.fetch("select * from readmodel.sessions")
    assert len(rows) == len(folded) > 10
    for row in rows:
        state = folded[row["id"]]
        told = [row[name] for name in ("status", "cause", "detail", "answer", "version", "steps")]
        assert told == [
            *(state.status.value, state.cause, state.detail or None, state.answer),
            *(state.version, state.steps),
        ]


async def test_a_completion_costs_nothing_known_until_there_are_prices(
    database: Database, owner: Dedicated, partitions: int
):
    _, rows = await told(database, owner, partitions, started(), thought(1))
    assert [row["cost"] for row in rows["completions"]] == [None]


async def test_a_call_that_has_not_returned_is_called(
    database: Database, owner: Dedicated, partitions: int
):
    _, rows = await told(database, owner, partitions, started(), thought(1), called(1))
    (call,) = rows["tool_calls"]
    assert (call["status"], call["ok"], call["observation"]) == ("called", None, None)
    assert call["arguments"] == '{"pattern":"malloc","n":1}'


async def test_a_call_that_returned_has_its_observation(
    database: Database, owner: Dedicated, partitions: int
):
    facts = (started(), thought(1), called(1), called(1, 1), returned(1, 1), returned(1))
    _, rows = await told(database, owner, partitions, *facts)
    calls = {call["call_id"]: call for call in rows["tool_calls"]}
    assert [calls[name]["status"] for name in ("1.0", "1.1")] == ["returned", "returned"]
    assert [calls[name]["return_version"] for name in ("1.0", "1.1")] == [6, 5]


async def test_the_first_return_of_a_call_is_the_one_that_counts(
    database: Database, owner: Dedicated, partitions: int
):
    facts = (started(), thought(1), called(1), returned(1), returned(1, observation="again"))
    _, rows = await told(database, owner, partitions, *facts)
    assert [call["observation"] for call in rows["tool_calls"]] == ["3 hits"]


async def test_what_postgres_cannot_hold_is_replaced_and_flagged(
    database: Database, owner: Dedicated, partitions: int
):
    wild = "a\x00b\ud800"
    call = events.ToolCalled(call_id="1.0", tool="t", arguments={"x": wild, wild: [wild]})
    facts = (started(wild), thought(1, wild), call, returned(1, observation=wild))
    _, rows = await told(database, owner, partitions, *facts, events.SessionCompleted(answer=wild))
    tame = "a\ufffdb\ufffd"
    (session,), (step,), (row,) = rows["sessions"], rows["steps"], rows["tool_calls"]
    assert (session["prompt"], session["answer"], step["text"]) == (tame, tame, tame)
    assert (session["prompt_altered"], session["answer_altered"], step["text_altered"]) == (
        True,
    ) * 3
    assert (row["observation"], row["arguments_altered"], row["observation_altered"]) == (
        tame,
        True,
        True,
    )
    query = "select arguments::jsonb ->> 'x' from readmodel.tool_calls"
    assert await owner.fetchval(query) == tame


async def test_a_prompt_with_quotes_braces_and_backslashes_is_kept_as_it_is(
    database: Database, owner: Dedicated, partitions: int
):
    text = 'say "{\\u0000}", \\ and NULL'
    _, rows = await told(database, owner, partitions, started(text))
    assert [(s["prompt"], s["prompt_altered"]) for s in rows["sessions"]] == [(text, False)]


@pytest.mark.parametrize("versions", [[1], [2], [3], [4], [11], [1, 2, 3, 4, 11], [5, 6, 7]])
async def test_rows_after_an_erasure_are_those_of_a_log_that_never_held_what_was_erased(
    database: Database, owner: Dedicated, partitions: int, versions: list[int]
):
    talk, _ = await told(database, owner, partitions, *whole_session(3))
    gone = events.EventsErased(versions=tuple(versions), reason="asked")
    data = f'{{"versions":{list(gone.versions)},"reason":"asked"}}'
    await owner.fetchval(ERASE, talk.partition, "a-1", talk.stream, versions, data, bytes(16))
    await level(database, PROJECTIONS.values())
    live = await rows_of(owner)
    for projection in PROJECTIONS.values():
        await rebuild(
            database,
            projection,
            lambda _: None,
            limits=BlockLimits(events=5),
            reapply=nothing_to_reapply,
        )
    assert await rows_of(owner) == live
    texts = str(live)
    assert ("find the leak" in texts) == (1 not in versions)
    assert ("it was malloc" in texts) == (11 not in versions)


async def test_a_cancellation_that_was_erased_says_so_as_the_fold_does(
    database: Database, owner: Dedicated, partitions: int
):
    cancelled = events.SessionCancelled(reason="enough")
    talk, _ = await told(database, owner, partitions, started(), cancelled)
    data = '{"versions":[2],"reason":"asked"}'
    await owner.fetchval(ERASE, talk.partition, "a-1", talk.stream, [2], data, bytes(16))
    await level(database, PROJECTIONS.values())
    row = await owner.fetchrow("select * from readmodel.sessions")
    assert row is not None
    assert (row["status"], row["cause"], row["detail"]) == ("cancelled", "erased", None)


texts = st.text(st.characters(codec=None), max_size=5)
facts = st.one_of(
    st.builds(thought, st.integers(1, 4), texts),
    st.builds(called, st.integers(1, 4), st.integers(0, 1)),
    st.builds(returned, st.integers(1, 4), st.integers(0, 1), texts),
    st.builds(events.SessionPaused, cause=texts, detail=texts),
    st.builds(events.SessionResumed, epoch=st.integers(1, 9)),
    st.builds(events.SessionCompleted, answer=texts),
    st.builds(events.CheckpointLabelled, label=texts, at=st.integers(1, 9)),
)


@pytest.mark.parametrize("partitions", [1, 4], indirect=True)
def test_rows_do_not_depend_on_where_batches_end(postgres: Any, partitions: int):
    """Poison included: a step that comes twice parks its stream, wherever a batch ends."""
    with asyncio.Runner() as runner:
        lifetime = AsyncExitStack()
        database = runner.run(lifetime.enter_async_context(postgres.database(partitions)))
        owner = runner.run(database.connect_as_owner())
        try:

            @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
            @given(
                st.lists(st.tuples(st.integers(0, 2), facts), max_size=25),
                st.lists(st.integers(1, 30), min_size=2, max_size=2, unique=True),
            )
            def check(history: list[tuple[int, Event]], sizes: list[int]) -> None:
                runner.run(same_rows(database, owner, partitions, history, sizes))

            check()
        finally:
            runner.run(owner.close())
            runner.run(lifetime.aclose())


async def same_rows(
    database: Database,
    owner: Dedicated,
    partitions: int,
    history: Sequence[tuple[int, Event]],
    sizes: Sequence[int],
) -> None:
    await level(database, PROJECTIONS.values())
    heads = await heads_of(owner)
    talks = [talk_of(f"a-{n}", partitions) for n in range(3)]
    for talk in talks:
        await write(owner, talk.partition, talk.agent_id, talk.stream, started())
    for n, fact in history:
        await write(owner, talks[n].partition, talks[n].agent_id, talks[n].stream, fact)
    outcomes = []
    for size in sizes:
        for table in ("sessions", *STEPS_TABLES, "changes", "heads"):
            await owner.execute(f"truncate readmodel.{table}")
        await owner.execute(
            "update eventlog.checkpoints c set position = h.position"
            " from unnest($1::int[], $2::bigint[]) as h(partition, position)"
            " where c.partition = h.partition",
            list(heads),
            list(heads.values()),
        )
        await owner.execute("delete from eventlog.parked")
        await level(database, PROJECTIONS.values(), BlockLimits(events=size))
        parked = await owner.fetch(
            "select partition, projection, stream, version, position from eventlog.parked"
            " order by 1, 2, 3"
        )
        outcomes.append((await rows_of(owner), [tuple(row) for row in parked]))
    assert outcomes[0] == outcomes[1]
