import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from eventlog.bell import Bell, BellSettings, Line, open_bell
from eventlog.block import BlockLimits
from eventlog.database import Database, Dedicated
from eventlog.subscribe import State, Subscription, subscribe
from schema import events
from schema.envelope import RecordedEvent
from schema.errors import DatabaseUnavailable, UnknownEvent
from tests.log_writing import agent_in, talk_of, whole_session, write

QUICK = BellSettings(poll_s=0.02, quiet_max_s=5.0)


@pytest.fixture
async def bell(database: Database) -> AsyncIterator[Bell]:
    async with open_bell(database.connect, QUICK) as ours:
        await ours.wait_for_line(Line.UP)
        yield ours


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[Dedicated]:
    conn = await database.connect()
    yield conn
    await conn.close()


def origin(partitions: int) -> dict[int, int]:
    return dict.fromkeys(range(partitions), 0)


async def fill(conn: Dedicated, partitions: int) -> int:
    """One whole session in each partition; how many events that were."""
    facts = list(whole_session(3))
    for partition in range(partitions):
        talk = talk_of(agent_in(partition, partitions), partitions)
        await write(conn, partition, talk.agent_id, talk.stream, *facts)
    return len(facts) * partitions


async def take(blocks: AsyncIterator[list[RecordedEvent]], count: int) -> list[RecordedEvent]:
    taken: list[RecordedEvent] = []
    async with asyncio.timeout(20):
        while len(taken) < count:
            taken += await anext(blocks)
    assert len(taken) == count
    return taken


def positions_in(taken: list[RecordedEvent], partition: int) -> list[int]:
    return [recorded.position for recorded in taken if recorded.partition == partition]


async def test_old_events_come_first_then_new_ones_as_they_are_committed(
    database: Database, bell: Bell, writer: Dedicated, partitions: int
):
    count = await fill(writer, partitions)
    blocks = subscribe(database, bell, after=origin(partitions))
    taken = await take(blocks, count)
    waiting = asyncio.create_task(take(blocks, count))
    await fill(writer, partitions)
    taken += await waiting
    for partition in range(partitions):
        found = positions_in(taken, partition)
        assert found == list(range(1, len(found) + 1))


async def test_a_subscription_begins_behind_the_positions_it_is_given(
    database: Database, bell: Bell, writer: Dedicated, partitions: int
):
    count = await fill(writer, partitions)
    after = dict.fromkeys(range(partitions), 5)
    taken = await take(subscribe(database, bell, after=after), count - 5 * partitions)
    assert all(min(positions_in(taken, p)) == 6 for p in range(partitions))


async def test_only_the_wanted_types_come_and_the_others_are_gone_by(
    database: Database, bell: Bell, writer: Dedicated, partitions: int
):
    await fill(writer, partitions)
    wanted = [events.ToolReturned.type]
    subscription = Subscription(
        database, bell, after=origin(partitions), types=wanted, limits=BlockLimits(events=4)
    )
    taken = await take(subscription.blocks(), 3 * partitions)
    assert {recorded.type for recorded in taken} == set(wanted)


async def test_a_block_holds_no_more_than_its_limits(
    database: Database, bell: Bell, writer: Dedicated, partitions: int
):
    count = await fill(writer, partitions)
    for limits, largest in ((BlockLimits(events=2), 2), (BlockLimits(bytes=1), 1)):
        subscription = Subscription(
            database, bell, after=origin(partitions), types=None, limits=limits
        )
        seen = 0
        async for block in subscription.blocks():
            assert len(block) <= largest
            seen += len(block)
            if seen == count:
                break
        assert seen == count


async def test_a_paused_consumer_holds_no_connection_and_goes_on_where_it_was(
    database: Database, bell: Bell, writer: Dedicated, partitions: int
):
    count = await fill(writer, partitions)
    subscription = Subscription(
        database, bell, after=origin(partitions), types=None, limits=BlockLimits(events=3)
    )
    blocks = subscription.blocks()
    taken = await anext(blocks)
    held = database.pool.get_size() - database.pool.get_idle_size()
    assert held == 0
    await fill(writer, partitions)
    taken += await take(blocks, 2 * count - len(taken))
    for partition in range(partitions):
        found = positions_in(taken, partition)
        assert found == list(range(1, len(found) + 1))


async def test_a_later_subscription_goes_on_from_the_positions_of_an_earlier_one(
    database: Database, bell: Bell, writer: Dedicated, partitions: int
):
    count = await fill(writer, partitions)
    limits = BlockLimits(events=3)
    positions: Mapping[int, int] = origin(partitions)
    taken: list[RecordedEvent] = []
    while len(taken) < count:
        subscription = Subscription(database, bell, after=positions, types=None, limits=limits)
        blocks = subscription.blocks()
        taken += await anext(blocks)
        await blocks.aclose()
        assert subscription.state is State.CLOSED
        positions = subscription.positions
    assert len({(recorded.partition, recorded.position) for recorded in taken}) == count


async def test_connections_that_are_dropped_are_sat_out(
    database: Database, bell: Bell, writer: Dedicated, partitions: int
):
    count = await fill(writer, partitions)
    blocks = subscribe(database, bell, after=origin(partitions))
    taken = await take(blocks, count)
    waiting = asyncio.create_task(take(blocks, count))
    owner = await database.connect_as_owner()
    try:
        await owner.fetch(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity "
            "where datname = current_database() and pid not in (pg_backend_pid(), $1)",
            writer.get_server_pid(),
        )
    finally:
        await owner.close()
    await fill(writer, partitions)
    taken += await waiting
    assert len({(recorded.partition, recorded.position) for recorded in taken}) == 2 * count


class Deaf(Subscription):
    """A subscription that cannot read one of its partitions."""

    async def _read(self, partition: int) -> list[RecordedEvent] | None:
        if partition == 0:
            raise DatabaseUnavailable("partition 0 is gone")
        return await super()._read(partition)


async def test_a_partition_that_stays_dead_beside_living_ones_ends_a_subscription(
    database: Database, bell: Bell, writer: Dedicated, partitions: int, monkeypatch: Any
):
    monkeypatch.setattr("eventlog.subscribe.backoff_s", lambda _: 0.001)
    await fill(writer, partitions)
    deaf = Deaf(database, bell, after=origin(partitions), types=None)
    with pytest.raises(DatabaseUnavailable, match="partition 0 is gone"):
        async with asyncio.timeout(10):
            await take(deaf.blocks(), 1000)


async def test_with_notify_off_new_events_come_by_the_poll(
    database: Database, writer: Dedicated, partitions: int
):
    silent = BellSettings(notify=False, poll_s=0.01, quiet_max_s=1000.0)
    async with open_bell(database.connect, silent) as bell:
        blocks = subscribe(database, bell, after=origin(partitions))
        count = await fill(writer, partitions)
        await take(blocks, count)
        waiting = asyncio.create_task(take(blocks, count))
        await fill(writer, partitions)
        await waiting


async def test_a_level_subscription_is_live_until_the_bell_rings(
    database: Database, writer: Dedicated, partitions: int
):
    bell = Bell(BellSettings(quiet_max_s=1000.0))  # Never opened: it rings in-process only.
    subscription = Subscription(database, bell, after=origin(partitions), types=None)
    waiting = asyncio.create_task(take(subscription.blocks(), 11))
    async with asyncio.timeout(20):
        while subscription.state is not State.LIVE:
            await writer.execute("select")
    await fill(writer, partitions)
    assert not waiting.done()
    bell.ring(0)
    await waiting


async def test_an_event_of_an_unknown_type_is_not_passed_by_in_silence(
    database: Database, bell: Bell, writer: Dedicated, partitions: int
):
    talk = talk_of("a-1", partitions)

    class Unheard(events.Event, frozen=True):
        type = "unheard_of"

    await write(writer, talk.partition, "a-1", talk.stream, Unheard())
    with pytest.raises(UnknownEvent):
        await anext(subscribe(database, bell, after=origin(partitions)))
