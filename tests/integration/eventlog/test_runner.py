import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from eventlog.bell import Bell, BellSettings, open_bell
from eventlog.block import BlockLimits
from eventlog.database import Conn, Database, Dedicated
from eventlog.progress import Status, catch_up, status, wait_until
from eventlog.project import Projection
from eventlog.runner import LIVE, RunnerSettings, Walk, running
from schema import events
from schema.envelope import RecordedEvent
from schema.errors import DatabaseUnavailable, NotReady, Unavailable
from service.projections import PROJECTIONS
from tests.log_writing import Talk, agent_in, kill, started, talk_of, thought, whole_session, write
from tests.projecting import TABLES, level, rows_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
QUICK = BellSettings(poll_s=0.02, quiet_max_s=1.0)
SETTINGS = RunnerSettings(limits=BlockLimits(events=7))


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[Dedicated]:
    conn = await database.connect_as_owner()
    yield conn
    await conn.close()


@pytest.fixture
async def bell(database: Database) -> AsyncIterator[Bell]:
    async with open_bell(database.connect, QUICK) as ours:
        yield ours


async def fill(conn: Dedicated, partitions: int, steps: int = 3) -> dict[int, int]:
    """One whole session in each partition; where each partition stands."""
    return {
        talk.partition: await write(
            conn, talk.partition, talk.agent_id, talk.stream, *whole_session(steps)
        )
        for talk in talks(partitions)
    }


async def fill_memories(conn: Dedicated, partitions: int) -> dict[int, int]:
    """Something to remember, and an erasure, in each partition; where each partition stands."""
    remembered = [
        events.EpisodeRecorded(content=f"the {n}th leak", importance=0.5, timestamp=NOON)
        for n in range(12)
    ]
    erased = events.EventsErased(versions=(3,), reason="asked for")
    return {
        talk.partition: await write(
            conn,
            talk.partition,
            talk.agent_id,
            f"memory-{talk.agent_id}",
            *remembered,
            *[erased] * 8,
        )
        for talk in talks(partitions)
    }


def talks(partitions: int) -> list[Talk]:
    return [talk_of(agent_in(partition, partitions), partitions) for partition in range(partitions)]


def changed(projection: Projection, apply: object) -> Projection:
    return replace(projection, apply=apply)  # type: ignore[arg-type]


async def test_what_was_written_can_be_read_once_waited_for(
    database: Database, bell: Bell, writer: Dedicated, partitions: int
):
    async with running(list(PROJECTIONS.values()), database, bell, SETTINGS) as runners:
        for _ in range(3):
            heads = await fill(writer, partitions)
            bell.ring(0)
            for runner in runners.values():
                await wait_until(database, runner, heads, timeout_s=20)
    rows = await rows_of(writer)
    assert len(rows["sessions"]) == 3 * partitions
    assert len(rows["tool_calls"]) == 9 * partitions
    assert len(rows["heads"]) == 6 * partitions


async def test_waiting_for_what_does_not_come_ends(
    database: Database, bell: Bell, writer: Dedicated, partitions: int
):
    sessions = PROJECTIONS["sessions"]
    async with running([sessions], database, bell, SETTINGS) as runners:
        with pytest.raises(Unavailable):
            await wait_until(database, runners["sessions"], {0: 1}, timeout_s=0.05)


@pytest.mark.parametrize("name", PROJECTIONS)
async def test_each_event_counts_once_when_connections_die_between_rows_and_checkpoint(
    database: Database, bell: Bell, writer: Dedicated, partitions: int, name: str
):
    projection, applied = PROJECTIONS[name], 0

    async def dying(conn: Conn, batch: Sequence[RecordedEvent]) -> None:
        nonlocal applied
        applied += 1
        await projection.apply(conn, batch)
        if applied in (1, 3, 4):
            await kill(conn, writer)

    await fill(writer, partitions)
    heads = await fill_memories(writer, partitions)
    async with running([changed(projection, dying)], database, bell, SETTINGS) as runners:
        await wait_until(database, runners[name], heads, timeout_s=60)
    died = await rows_of(writer)
    await start_again(writer)
    await level(database, [projection])
    assert died == await rows_of(writer)
    assert applied > partitions


async def start_again(owner: Conn) -> None:
    await owner.execute("delete from eventlog.checkpoints")
    await owner.execute("delete from eventlog.parked")
    for table in TABLES:
        await owner.execute(f"delete from readmodel.{table}")


async def test_of_two_runners_of_one_projection_one_works_at_a_time(
    database: Database, bell: Bell, writer: Dedicated, partitions: int
):
    sessions, at_work = PROJECTIONS["sessions"], set()

    async def apply(conn: Conn, batch: Sequence[RecordedEvent]) -> None:
        assert batch[0].partition not in at_work
        at_work.add(batch[0].partition)
        await sessions.apply(conn, batch)
        await conn.execute("select")  # Somebody else gets a turn.
        at_work.remove(batch[0].partition)

    heads = await fill(writer, partitions)
    one = running([changed(sessions, apply)], database, bell, SETTINGS)
    other = running([changed(sessions, apply)], database, bell, SETTINGS)
    async with one as runners, other:
        await wait_until(database, runners["sessions"], heads, timeout_s=20)
    assert len((await rows_of(writer))["sessions"]) == partitions


async def poison(conn: Dedicated, talk: Talk) -> None:
    """A step that stands there twice: no row can hold it."""
    await write(conn, talk.partition, talk.agent_id, talk.stream, started(), thought(1), thought(1))


async def unread(conn: Dedicated, talk: Talk) -> None:
    """A completion of a shape that nobody knows."""

    class Strange(events.Event, frozen=True):
        type = events.CompletionReceived.type
        schema_version = 99

    await write(conn, talk.partition, talk.agent_id, talk.stream, started(), thought(1), Strange())


@pytest.mark.parametrize("poisoning", [poison, unread])
async def test_a_poison_event_parks_its_stream_and_the_others_go_on(
    database: Database, writer: Dedicated, partitions: int, poisoning: Any
):
    steps = PROJECTIONS["steps"]
    before = await fill(writer, partitions)
    bad = talks(partitions)[0]
    await poisoning(writer, bad)
    await fill(writer, partitions)
    await write(writer, bad.partition, bad.agent_id, bad.stream, thought(2))
    await level(database, [steps], BlockLimits(events=1000))
    parked = await writer.fetch("select * from eventlog.parked")
    assert [(row["projection"], row["stream"], row["version"]) for row in parked] == [
        ("steps", bad.stream, 3)
    ]
    assert parked[0]["position"] == before[bad.partition] + 3
    assert parked[0]["error"].startswith(("UniqueViolationError: ", "UnknownEvent: "))
    rows = await rows_of(writer)
    assert len(rows["steps"]) == 6 * partitions + 1  # The one before the poison stays.
    head = "select version from readmodel.heads where projection = 'steps' and stream = $1"
    assert await writer.fetchval(head, bad.stream) == 2
    shown = await status(writer, ["steps"])
    assert [row.parked for row in shown] == [(bad.stream,)] + [()] * (partitions - 1)
    assert {row.lag for row in shown} == {0}


async def test_a_key_too_long_for_an_index_parks_its_stream_too(
    database: Database, writer: Dedicated, partitions: int
):
    async def indexing(conn: Conn, _batch: Sequence[RecordedEvent]) -> None:
        await conn.execute(
            "insert into heads (partition, projection, stream, version)"
            " select 0, 'x', string_agg(md5(n::text), ''), 1 from generate_series(1, 400) n"
        )

    await fill(writer, partitions)
    await level(database, [changed(PROJECTIONS["sessions"], indexing)])
    errors = await writer.fetch("select error from eventlog.parked")
    assert len(errors) == partitions
    assert all(row["error"].startswith("ProgramLimitExceededError: index row") for row in errors)


@pytest.mark.parametrize("slip", [ZeroDivisionError, KeyError, TypeError, ValueError])
async def test_any_other_fault_ends_the_runner(
    database: Database, bell: Bell, writer: Dedicated, partitions: int, slip: type[Exception]
):
    async def failing(_conn: Conn, _batch: Sequence[RecordedEvent]) -> None:
        raise slip

    await fill(writer, partitions)
    broken = changed(PROJECTIONS["sessions"], failing)
    with pytest.raises(slip):
        async with running([broken], database, bell, SETTINGS):
            await asyncio.Event().wait()
    assert not await writer.fetch("select from eventlog.parked")


async def test_status_tells_how_far_a_projection_is_behind(
    database: Database, writer: Dedicated, partitions: int
):
    heads = await fill(writer, partitions)
    walk = Walk(PROJECTIONS["sessions"], BlockLimits(events=4))
    conn = await database.connect(settings=LIVE)
    try:
        await walk.begin(conn)
        await walk.step(conn)
        rows = await status(conn, ["sessions"])
    finally:
        await conn.close()
    assert {row.partition: row.lag for row in rows} == {p: at - 4 for p, at in heads.items()}


async def test_catching_up_tells_of_its_progress(
    database: Database, writer: Dedicated, partitions: int
):
    heads = await fill(writer, partitions)
    told: list[Status] = []
    await catch_up(database, [PROJECTIONS["sessions"]], told.append, limits=BlockLimits(events=4))
    assert {row.partition: row.position for row in told} == heads
    assert len(told) > partitions


async def test_catching_up_ends_when_another_process_holds_the_checkpoint_and_does_not_move(
    database: Database, writer: Dedicated, partitions: int
):
    await level(database, [PROJECTIONS["sessions"]])
    await fill(writer, partitions)
    async with writer.transaction():
        await writer.fetch("select from eventlog.checkpoints for update")
        with pytest.raises(DatabaseUnavailable, match=r"sessions.*another process"):
            await catch_up(
                database,
                [PROJECTIONS["sessions"]],
                lambda _: None,
                limits=BlockLimits(),
                timeout_s=0.1,
            )


async def test_a_checkpoint_ahead_of_a_restored_log_is_refused(
    database: Database, writer: Dedicated, partitions: int
):
    await writer.execute(
        "insert into eventlog.checkpoints (projection, partition, position)"
        " values ('sessions', 0, 1)"
    )
    with pytest.raises(NotReady, match="rebuild sessions"):
        await level(database, [PROJECTIONS["sessions"]])
