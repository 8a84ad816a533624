"""Appends against a real database, with one partition and with four."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
from msgspec.structs import replace

from eventlog import batch
from eventlog.append import Appender, open_appender
from eventlog.database import Database, Dedicated
from eventlog.digests import altered_versions
from eventlog.members import EVENT_BYTES_MAX, Appended, Part, StreamAppend
from eventlog.read import read_partition, read_stream
from schema.envelope import AT_HEAD, Metadata, RecordedEvent
from schema.errors import Fenced, Invalid, WrongExpectedVersion
from schema.events import CheckpointLabelled, Event, ToolCalled
from schema.ids import h12, new_session_id, partition_of, session_stream, uuid7

AGENTS = ("ada", "grace", "alan", "edsger", "barbara")
PLAIN = Metadata(actor="test")


def labelled(label: str) -> CheckpointLabelled:
    return CheckpointLabelled(label=label, at=1)


def stream_of(agent: str) -> str:
    return session_stream(new_session_id(agent))


@pytest.fixture
async def rung() -> list[int]:
    return []


@pytest.fixture
async def appender(database: Database, partitions: int, rung: list[int]) -> AsyncIterator[Appender]:
    async with open_appender(database, partitions, rung.append) as appender:
        yield appender


async def events_of(database: Database, partition: int, stream: str) -> list[RecordedEvent]:
    async with database.acquire() as conn:
        return await read_stream(conn, partition, stream, after=0)


async def all_events(database: Database, partition: int) -> list[RecordedEvent]:
    async with database.acquire() as conn:
        return await read_partition(conn, partition, after=0)


async def test_what_is_appended_is_read_back_with_its_place(
    database: Database, appender: Appender, partitions: int
):
    stream, ids, partition = stream_of("ada"), [uuid7(), uuid7()], partition_of("ada", partitions)
    events = [labelled("one"), labelled("two")]
    (done,) = await appender.append("ada", StreamAppend(stream, 0, events, ids), metadata=PLAIN)
    found = await events_of(database, partition, stream)
    assert done == Appended(stream, 2, 2, found[0].recorded_at, replayed=False)
    assert found == [
        RecordedEvent(
            partition, n, "ada", stream, n, event_id, event.type, 1, event, PLAIN,
            done.recorded_at,
        )
        for n, event_id, event in zip((1, 2), ids, events, strict=True)
    ]  # fmt: skip


async def test_positions_are_dense_and_streams_are_in_order_however_many_write(
    database: Database, appender: Appender, partitions: int
):
    async def write(agent: str) -> None:
        stream = stream_of(agent)
        for version in range(20):
            await appender.append(
                agent, StreamAppend(stream, version, [labelled(str(version))]), metadata=PLAIN
            )

    async with asyncio.TaskGroup() as group:
        for agent in AGENTS * 4:
            group.create_task(write(agent))
    total = 0
    for partition in range(partitions):
        events = await all_events(database, partition)
        total += len(events)
        assert [event.position for event in events] == list(range(1, len(events) + 1))
        assert all(h12(event.agent_id) % partitions == partition for event in events)
        assert all(event.event == labelled(str(event.version - 1)) for event in events)
    assert total == 20 * len(AGENTS) * 4


async def test_each_commit_rings_for_its_partition(
    appender: Appender, partitions: int, rung: list[int]
):
    await appender.append("ada", StreamAppend(stream_of("ada"), 0, [labelled("x")]), metadata=PLAIN)
    assert rung == [partition_of("ada", partitions)]


async def test_a_wrong_expected_version_is_told_the_actual_one(appender: Appender):
    stream = stream_of("ada")
    await appender.append("ada", StreamAppend(stream, 0, [labelled("x")]), metadata=PLAIN)
    with pytest.raises(WrongExpectedVersion, match="is at version 1, not at 0") as caught:
        await appender.append("ada", StreamAppend(stream, 0, [labelled("y")]), metadata=PLAIN)
    assert (caught.value.expected, caught.value.actual) == (0, 1)


async def test_of_many_who_expect_the_same_version_one_is_appended(
    database: Database, appender: Appender, partitions: int
):
    stream = stream_of("ada")
    outcomes = await asyncio.gather(
        *(
            appender.append("ada", StreamAppend(stream, 0, [labelled(str(n))]), metadata=PLAIN)
            for n in range(30)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, WrongExpectedVersion) for outcome in outcomes) == 29
    assert len(await events_of(database, partition_of("ada", partitions), stream)) == 1


@pytest.mark.parametrize("expected", [0, AT_HEAD])
async def test_the_same_append_again_is_answered_as_a_repeat(
    database: Database, appender: Appender, partitions: int, expected: int
):
    append = StreamAppend(
        "memory-ada", expected, [labelled("x"), labelled("y")], [uuid7(), uuid7()]
    )
    (first,) = await appender.append("ada", append, metadata=PLAIN)
    await appender.append(
        "ada", StreamAppend("memory-ada", AT_HEAD, [labelled("z")]), metadata=PLAIN
    )
    (again,) = await appender.append("ada", append, metadata=PLAIN)
    assert again == replace(first, replayed=True)
    assert len(await events_of(database, partition_of("ada", partitions), "memory-ada")) == 3


async def test_several_streams_get_their_events_together_or_not_at_all(
    database: Database, appender: Appender, partitions: int
):
    stream, partition = stream_of("ada"), partition_of("ada", partitions)
    both = [
        StreamAppend(stream, 0, [labelled("x")]),
        StreamAppend("memory-ada", AT_HEAD, [labelled("m")]),
    ]
    await appender.append("ada", *both, metadata=PLAIN)
    with pytest.raises(WrongExpectedVersion):
        await appender.append("ada", *both, metadata=PLAIN)
    assert len(await events_of(database, partition, stream)) == 1
    assert len(await events_of(database, partition, "memory-ada")) == 1


async def test_a_refused_neighbour_costs_the_others_nothing(
    database: Database, appender: Appender, partitions: int
):
    taken = stream_of("ada")
    await appender.append("ada", StreamAppend(taken, 0, [labelled("x")]), metadata=PLAIN)
    streams = [stream_of("ada") for _ in range(10)]
    appends = [StreamAppend(stream, 0, [labelled("x"), labelled("y")]) for stream in streams]
    appends.insert(5, StreamAppend(taken, 7, [labelled("x")]))
    outcomes = await asyncio.gather(
        *(appender.append("ada", append, metadata=PLAIN) for append in appends),
        return_exceptions=True,
    )
    assert isinstance(outcomes.pop(5), WrongExpectedVersion)
    assert [
        outcome[0].version for outcome in outcomes if not isinstance(outcome, BaseException)
    ] == [2] * 10
    positions = [
        event.position for event in await all_events(database, partition_of("ada", partitions))
    ]
    assert positions == list(range(1, 22))


async def test_an_older_epoch_is_fenced_off_and_one_without_a_lease_is_not(appender: Appender):
    stream = stream_of("ada")
    await appender.append("ada", StreamAppend(stream, 0, [labelled("x")], epoch=1), metadata=PLAIN)
    await appender.append("ada", StreamAppend(stream, 1, [labelled("y")], epoch=2), metadata=PLAIN)
    with pytest.raises(Fenced, match="epoch 2, ours is 1"):
        await appender.append(
            "ada", StreamAppend(stream, 2, [labelled("z")], epoch=1), metadata=PLAIN
        )
    await appender.append("ada", StreamAppend(stream, 2, [labelled("control")]), metadata=PLAIN)


async def test_ids_that_name_other_events_are_refused(appender: Appender):
    taken = uuid7()
    await appender.append(
        "ada", StreamAppend("memory-ada", AT_HEAD, [labelled("x")], [taken]), metadata=PLAIN
    )
    with pytest.raises(Invalid, match="names another event"):
        await appender.append(
            "ada",
            StreamAppend("memory-ada", AT_HEAD, [labelled("x"), labelled("y")], [taken, uuid7()]),
            metadata=PLAIN,
        )


async def test_a_cancelled_caller_leaves_its_append_in(
    database: Database, appender: Appender, partitions: int
):
    stream = stream_of("ada")
    caller = asyncio.create_task(
        appender.append("ada", StreamAppend(stream, 0, [labelled("x")]), metadata=PLAIN)
    )
    await asyncio.sleep(0)
    caller.cancel()
    await appender.append("ada", StreamAppend(stream_of("ada"), 0, [labelled("y")]), metadata=PLAIN)
    assert len(await events_of(database, partition_of("ada", partitions), stream)) == 1


async def test_a_cancelled_caller_s_append_is_in_although_its_neighbour_was_refused(
    database: Database, appender: Appender, partitions: int
):
    owner = await database.connect_as_owner()
    await owner.execute("alter table eventlog.events add check (stream <> 'graph-ada')")
    await owner.close()
    streams = [stream_of("ada"), "graph-ada"]
    callers = [
        asyncio.create_task(
            appender.append("ada", StreamAppend(stream, 0, [labelled("x")]), metadata=PLAIN)
        )
        for stream in streams
    ]
    await asyncio.sleep(0)
    callers[0].cancel()
    await asyncio.wait(callers)
    await appender.append("ada", StreamAppend(stream_of("ada"), 0, [labelled("y")]), metadata=PLAIN)
    assert len(await events_of(database, partition_of("ada", partitions), streams[0])) == 1


async def test_a_connection_lost_between_an_answer_and_a_question_is_sat_out(
    database: Database, appender: Appender, monkeypatch: pytest.MonkeyPatch
):
    """The refusal of a member asks once more; by then the line may be gone."""
    stream = stream_of("ada")
    append = StreamAppend(stream, 0, [labelled("x")], [uuid7()])
    await appender.append("ada", append, metadata=PLAIN)
    ask = batch._repeated
    cut: list[bool] = []

    async def ask_over_a_closed_line(conn: Dedicated, partition: int, part: Part) -> object:
        if not cut:
            cut.append(True)
            conn.terminate()
        return await ask(conn, partition, part)

    monkeypatch.setattr(batch, "_repeated", ask_over_a_closed_line)
    (again,) = await appender.append("ada", append, metadata=PLAIN)
    assert (again.replayed, cut) == (True, [True])


async def test_a_connection_cut_in_the_midst_loses_and_doubles_nothing(
    database: Database, appender: Appender, partitions: int
):
    async def write(stream: str) -> None:
        for version in range(25):
            await appender.append(
                "ada", StreamAppend(stream, version, [labelled("x")]), metadata=PLAIN
            )

    async def cut() -> None:
        owner = await database.connect_as_owner()
        try:
            for _ in range(8):
                await owner.execute(CUT)
                await owner.fetch("select pg_sleep(0.02)")
        finally:
            await owner.close()

    streams = [stream_of("ada") for _ in range(4)]
    await asyncio.gather(cut(), *(write(stream) for stream in streams))
    for stream in streams:
        events = await events_of(database, partition_of("ada", partitions), stream)
        assert [event.version for event in events] == list(range(1, 26))


CUT = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and query like '%eventlog.append(%'
"""


def odd_events() -> list[Event]:
    deep: object = "bottom"
    for _ in range(198):
        deep = [deep]
    odd = ["\x00", "\ud800", "\udfff tail", "😀\x1f", deep, 2**70, -1.5e-300, {"\x00k": "\ud83d"}]
    large = "x" * (EVENT_BYTES_MAX - 200)
    return [ToolCalled(call_id="1.0", tool="echo", arguments=value) for value in [*odd, large]]


async def test_any_text_comes_back_as_it_went_in(
    database: Database, appender: Appender, partitions: int
):
    stream, events = stream_of("ada"), odd_events()
    await appender.append("ada", StreamAppend(stream, 0, events), metadata=PLAIN)
    partition = partition_of("ada", partitions)
    assert [event.event for event in await events_of(database, partition, stream)] == events
    async with database.acquire() as conn:
        assert [version async for version in altered_versions(conn, partition, stream)] == []


@pytest.mark.parametrize(
    ("column", "value"),
    [("data", '\'{"label":"forged","at":1}\''), ("metadata", "'{}'"), ("version", "9")],
)
async def test_an_altered_event_is_found_by_its_digest(
    database: Database, appender: Appender, partitions: int, column: str, value: str
):
    stream, partition = stream_of("ada"), partition_of("ada", partitions)
    await appender.append(
        "ada", StreamAppend(stream, 0, [labelled("x"), labelled("y")]), metadata=PLAIN
    )
    owner = await database.connect_as_owner()
    try:
        await owner.execute("alter table eventlog.events disable trigger all")
        await owner.execute(f"update eventlog.events set {column} = {value} where version = 2")
        found = [version async for version in altered_versions(owner, partition, stream)]
    finally:
        await owner.close()
    assert found == [9 if column == "version" else 2]


async def test_an_event_is_recorded_by_the_server_s_clock(appender: Appender, database: Database):
    (done,) = await appender.append(
        "ada", StreamAppend(stream_of("ada"), 0, [labelled("x")]), metadata=PLAIN
    )
    async with database.acquire() as conn:
        assert (
            abs(
                (await conn.fetchval("select clock_timestamp()") - done.recorded_at).total_seconds()
            )
            < 60
        )


async def test_a_fault_of_the_database_reaches_only_the_one_who_caused_it(
    database: Database, appender: Appender
):
    """A constraint that the owner added stands for whatever the log's own checks cannot foresee."""
    owner = await database.connect_as_owner()
    try:
        await owner.execute("alter table eventlog.events add check (stream <> 'memory-odd')")
    finally:
        await owner.close()
    names = ["memory-ada", "memory-odd", "graph-ada"]
    outcomes = await asyncio.gather(
        *(
            appender.append("ada", StreamAppend(name, AT_HEAD, [labelled("x")]), metadata=PLAIN)
            for name in names
        ),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [tuple, Invalid, tuple]


async def test_the_application_role_cannot_write_to_the_log_by_itself(database: Database):
    async with database.acquire() as conn:
        for statement in (
            "insert into eventlog.streams values (0, 'memory-x', 1, 0)",
            "update eventlog.partitions set position = 9",
            "delete from eventlog.events",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute(statement)


async def test_closing_finishes_what_was_taken_in(database: Database, partitions: int):
    ids: list[UUID] = []
    async with (
        asyncio.TaskGroup() as group,
        open_appender(database, partitions, lambda _: None) as appender,
    ):
        for _ in range(20):
            ids.append(uuid7())
            group.create_task(
                appender.append(
                    "ada",
                    StreamAppend(stream_of("ada"), 0, [labelled("x")], ids[-1:]),
                    metadata=PLAIN,
                )
            )
        await asyncio.sleep(0)
    events = await all_events(database, partition_of("ada", partitions))
    assert {event.event_id for event in events} == set(ids)
