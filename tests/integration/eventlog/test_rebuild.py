import asyncio
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

from eventlog.bell import BellSettings, open_bell
from eventlog.block import BlockLimits
from eventlog.database import Conn, Database, Dedicated
from eventlog.heads import heads_of
from eventlog.project import Projection
from eventlog.rebuild import RebuildProgress, nothing_to_reapply, rebuild
from eventlog.runner import RunnerSettings, running
from schema.envelope import RecordedEvent
from schema.errors import Invalid, NotReady, RebuildStopped, Unavailable
from service.projections import PROJECTIONS
from tests.log_writing import agent_in, started, talk_of, thought, whole_session, write
from tests.projecting import TABLES, level, rows_of

SMALL = BlockLimits(events=7)


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Dedicated]:
    conn = await database.connect_as_owner()
    yield conn
    await conn.close()


async def fill(conn: Dedicated, partitions: int) -> None:
    for partition in range(partitions):
        talk = talk_of(agent_in(partition, partitions), partitions)
        await write(conn, partition, talk.agent_id, talk.stream, *whole_session(5))


async def rebuild_all(database: Database) -> None:
    for projection in PROJECTIONS.values():
        await rebuild(database, projection, ignore, limits=SMALL, reapply=nothing_to_reapply)


def ignore(_: RebuildProgress) -> None:
    """Nobody looks."""


async def test_rebuilt_rows_are_the_live_rows_byte_for_byte(
    database: Database, owner: Dedicated, partitions: int
):
    await fill(owner, partitions)
    await level(database, PROJECTIONS.values(), BlockLimits(events=3))
    live = await rows_of(owner)
    assert len(live["sessions"]) == partitions
    await rebuild_all(database)
    assert await rows_of(owner) == live


async def test_rebuilt_tables_are_laid_out_as_the_live_ones(
    database: Database, owner: Dedicated, partitions: int
):
    layout = """
        select attrelid::regclass::text || ' ' || attname || ' ' || format_type(atttypid, atttypmod)
          || ' ' || attnotnull || ' ' || attstorage::text as told
        from pg_attribute join pg_class c on c.oid = attrelid
        where relnamespace = 'readmodel'::regnamespace and relkind = 'r' and attnum > 0
        union all
        select indexdef from pg_indexes where schemaname = 'readmodel' order by 1
    """
    before = await owner.fetch(layout)
    told = " ".join(row["told"] for row in before)
    assert "vector true p" in told
    assert "INCLUDE" in told
    assert "WHERE (valid_to IS NULL)" in told
    await rebuild_all(database)
    assert await owner.fetch(layout) == before


async def test_readers_see_every_row_at_every_moment_of_a_rebuild(
    database: Database, owner: Dedicated, partitions: int
):
    await fill(owner, partitions)
    await level(database, PROJECTIONS.values())
    live = await rows_of(owner)
    reading = asyncio.Event()
    done = asyncio.Event()

    async def read() -> int:
        looks = 0
        while not done.is_set():
            async with database.acquire() as conn:
                assert await rows_of(conn) == live
            looks += 1
            reading.set()
        return looks

    reader = asyncio.create_task(read())
    await reading.wait()
    for _ in range(3):
        await rebuild_all(database)
    done.set()
    assert await reader > 1


async def test_a_rebuild_goes_on_beside_writers_and_runners_and_misses_nothing(
    database: Database, owner: Dedicated, partitions: int
):
    await fill(owner, partitions)
    settings = RunnerSettings(limits=BlockLimits(events=50))
    async with (
        open_bell(database.connect, BellSettings(poll_s=0.02, quiet_max_s=0.5)) as bell,
        running(list(PROJECTIONS.values()), database, bell, settings),
    ):
        rebuilding = asyncio.create_task(rebuild_all(database))
        for _ in range(20):
            await fill(owner, partitions)
            bell.ring(0)
        await rebuilding
    await level(database, PROJECTIONS.values())
    live = await rows_of(owner)
    await rebuild_all(database)
    assert await rows_of(owner) == live
    assert len(live["sessions"]) == sum((await heads_of(owner)).values()) // 17


async def test_progress_is_told_up_to_the_last_event(
    database: Database, owner: Dedicated, partitions: int
):
    await fill(owner, partitions)
    told: list[RebuildProgress] = []
    sessions = PROJECTIONS["sessions"]
    await rebuild(database, sessions, told.append, limits=SMALL, reapply=nothing_to_reapply)
    assert {p.partition: p.position for p in told} == await heads_of(owner)
    assert all(p.position <= p.head for p in told)


async def test_a_poison_event_stops_a_rebuild_and_the_live_rows_stay(
    database: Database, owner: Dedicated, partitions: int
):
    await fill(owner, partitions)
    talk = talk_of("a-1", partitions)
    await write(owner, talk.partition, "a-1", talk.stream, started(), thought(1), thought(1))
    await level(database, PROJECTIONS.values())
    live = await rows_of(owner)
    with pytest.raises(RebuildStopped, match=f"version 3 of {talk.stream}"):
        await rebuild(
            database, PROJECTIONS["steps"], ignore, limits=SMALL, reapply=nothing_to_reapply
        )
    assert await rows_of(owner) == live


async def test_a_rebuild_takes_up_what_was_parked(
    database: Database, owner: Dedicated, partitions: int
):
    steps = PROJECTIONS["steps"]

    async def faulty(_conn: Conn, _batch: Sequence[RecordedEvent]) -> None:
        raise Invalid("text", "a fault that the next release mends")

    await fill(owner, partitions)
    await level(database, [Projection("steps", steps.tables, faulty, steps.handles)])
    assert await owner.fetchval("select count(*) from eventlog.parked") == partitions
    await rebuild(database, steps, ignore, limits=SMALL, reapply=nothing_to_reapply)
    assert not await owner.fetch("select from eventlog.parked")
    assert len((await rows_of(owner))["steps"]) == 5 * partitions


async def test_what_a_crashed_rebuild_left_is_in_nobodys_way(
    database: Database, owner: Dedicated, partitions: int
):
    await fill(owner, partitions)
    await level(database, PROJECTIONS.values())
    live = await rows_of(owner)
    started_walking = asyncio.Event()

    def crash(_: RebuildProgress) -> None:
        started_walking.set()
        raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        await rebuild(
            database, PROJECTIONS["steps"], crash, limits=SMALL, reapply=nothing_to_reapply
        )
    assert await owner.fetchval("select count(*) from readmodel_next.steps") > 0
    await wait_until_unlocked(owner)
    await rebuild_all(database)
    assert await rows_of(owner) == live
    assert await owner.fetchval("select to_regnamespace('readmodel_next')") is None


async def wait_until_unlocked(owner: Conn) -> None:
    """The server takes a moment to see that a connection was cut."""
    async with asyncio.timeout(20):
        while await owner.fetchval("select count(*) from pg_locks where locktype = 'advisory'"):
            pass


async def test_two_rebuilds_at_once_are_refused(
    database: Database, owner: Dedicated, partitions: int
):
    await fill(owner, partitions)
    refused = []

    async def second() -> None:
        with pytest.raises(Unavailable, match="another rebuild"):
            await rebuild_all(database)
        refused.append(True)

    async def reapply(_: Conn) -> None:
        await second()

    sessions = PROJECTIONS["sessions"]
    await rebuild(database, sessions, ignore, limits=SMALL, reapply=reapply)
    assert refused


async def test_views_and_grants_move_with_the_tables(
    database: Database, owner: Dedicated, partitions: int
):
    await fill(owner, partitions)
    await owner.execute(
        "create view analytics.finished with (security_barrier) as"
        " select id, status from readmodel.sessions where status = 'completed';"
        "create view analytics.counted as select count(*) as n from analytics.finished;"
        "grant select on analytics.counted to agent_runtime_app;"
        "grant select on readmodel.sessions to public"
    )
    acls = (
        "select c.oid::regclass::text as name, relacl::text, reloptions from pg_class c"
        " where relnamespace in ('analytics'::regnamespace, 'readmodel'::regnamespace) order by 1"
    )
    before = await owner.fetch(acls)
    await rebuild_all(database)
    assert await owner.fetch(acls) == before
    async with database.acquire() as conn:
        assert await conn.fetchval("select n from analytics.counted") == partitions


async def test_a_fault_in_what_is_reapplied_leaves_all_as_it_was(
    database: Database, owner: Dedicated, partitions: int
):
    await fill(owner, partitions)
    await level(database, PROJECTIONS.values())
    live = await rows_of(owner)

    async def reapply(conn: Conn) -> None:
        await conn.execute("create view analytics.broken as select nothing from nowhere")

    with pytest.raises(Exception, match="nowhere"):
        await rebuild(database, PROJECTIONS["steps"], ignore, limits=SMALL, reapply=reapply)
    assert await rows_of(owner, TABLES) == live


async def test_the_owner_may_idle_while_the_rest_is_walked(
    database: Database, owner: Dedicated, partitions: int
):
    allowed: list[str] = []

    async def reapply(conn: Conn) -> None:
        allowed.append(await conn.fetchval("show idle_in_transaction_session_timeout"))

    await fill(owner, partitions)
    await rebuild(database, PROJECTIONS["steps"], ignore, limits=SMALL, reapply=reapply)
    assert allowed == ["0"]


async def test_a_swap_that_a_deadlock_undid_is_tried_again(
    database: Database, owner: Dedicated, partitions: int
):
    tries = 0

    async def reapply(_: Conn) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise asyncpg.DeadlockDetectedError("deadlock detected")

    await fill(owner, partitions)
    await rebuild(database, PROJECTIONS["steps"], ignore, limits=SMALL, reapply=reapply)
    assert tries == 2
    assert len((await rows_of(owner))["steps"]) == 5 * partitions


async def test_a_function_that_names_a_table_reads_the_new_one(
    database: Database, owner: Dedicated, partitions: int
):
    await fill(owner, partitions)
    await owner.execute(
        "create function analytics.thoughts() returns bigint language sql"
        " as 'select count(*) from readmodel.steps'"
    )
    await rebuild_all(database)
    assert await owner.fetchval("select analytics.thoughts()") == 5 * partitions


@pytest.mark.parametrize(
    "resting",
    [
        "create function analytics.f() returns int return (select max(step) from readmodel.steps)",
        "create function analytics.f(s readmodel.steps) returns int language sql as 'select 1'",
        "create materialized view analytics.f as select * from readmodel.steps",
    ],
    ids=["parsed body", "row type", "materialized view"],
)
async def test_what_cannot_move_with_a_table_is_named_and_the_live_rows_stay(
    database: Database, owner: Dedicated, partitions: int, resting: str
):
    await fill(owner, partitions)
    await level(database, PROJECTIONS.values())
    live = await rows_of(owner)
    await owner.execute(resting)
    with pytest.raises(NotReady, match=r"analytics\.f"):
        await rebuild(
            database, PROJECTIONS["steps"], ignore, limits=SMALL, reapply=nothing_to_reapply
        )
    assert await rows_of(owner) == live
