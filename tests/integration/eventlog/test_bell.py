"""Two bells stand for two processes: each has its own connection, and they share nothing else."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from eventlog.bell import CHANNEL, Bell, BellSettings, Line, open_bell
from eventlog.database import Database, Dedicated
from tests.log_writing import started, talk_of, write

NEVER_POLLS = BellSettings(poll_s=1000.0, quiet_max_s=1000.0)
ONLY_POLLS = BellSettings(notify=False, poll_s=0.01, quiet_max_s=1000.0)


@pytest.fixture
def partitions() -> int:
    return 1


@pytest.fixture
async def bell(database: Database) -> AsyncIterator[Bell]:
    async with open_bell(database.connect, NEVER_POLLS) as ours:
        await ours.wait_for_line(Line.UP)
        yield ours


async def test_a_ring_is_heard_in_its_own_process_at_once(bell: Bell):
    ring = bell.next_ring()
    bell.ring(0)
    assert ring.is_set()


async def test_a_ring_before_one_listens_again_is_not_missed(bell: Bell):
    ring = bell.next_ring()
    bell.ring(0)
    async with asyncio.timeout(10):
        await bell.wait(ring)


async def test_a_ring_is_heard_in_another_process(bell: Bell, database: Database):
    async with open_bell(database.connect, NEVER_POLLS) as theirs:
        await theirs.wait_for_line(Line.UP)
        ring = theirs.next_ring()
        bell.ring(0)
        async with asyncio.timeout(10):
            await ring.wait()


async def test_many_rings_become_one_notify_per_partition(bell: Bell, database: Database):
    heard: list[str] = []
    last = asyncio.Event()

    def hear(_conn: object, _pid: int, _channel: str, payload: object) -> None:
        heard.append(str(payload))
        if payload == "7":
            last.set()

    conn = await database.connect()
    try:
        await conn.add_listener(CHANNEL, hear)
        for _ in range(100):
            bell.ring(0)
            bell.ring(1)
        bell.ring(7)
        async with asyncio.timeout(10):
            await last.wait()
        assert sorted(heard) == ["0", "1", "7"]
    finally:
        await conn.close()


async def test_with_notify_off_a_poll_hears_what_others_appended(database: Database):
    conn = await database.connect()
    try:
        async with open_bell(database.connect, ONLY_POLLS) as bell:
            await bell.wait_for_line(Line.UP)
            ring = bell.next_ring()
            talk = talk_of("a-1", 1)
            await write(conn, 0, "a-1", talk.stream, started())
            async with asyncio.timeout(10):
                await ring.wait()
    finally:
        await conn.close()


async def fallen_and_risen(bell: Bell) -> None:
    await bell.wait_for_line(Line.DOWN)
    ring = bell.next_ring()
    await bell.wait_for_line(Line.UP)
    await ring.wait()


async def test_a_dropped_line_comes_up_again_and_rings_for_what_may_have_been_missed(
    database: Database,
):
    named = partial(database.connect, settings={"application_name": "the bell"})
    watcher = await database.connect_as_owner()
    try:
        async with open_bell(named, NEVER_POLLS) as bell, asyncio.timeout(20):
            await bell.wait_for_line(Line.UP)
            both = asyncio.create_task(fallen_and_risen(bell))
            await asyncio.sleep(0)  # It takes hold of the line's next move.
            await watcher.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name = 'the bell' and datname = current_database()"
            )
            await both
            assert bell.line is Line.UP
    finally:
        await watcher.close()


async def test_a_line_that_is_cut_before_it_is_up_is_tried_again(database: Database):
    tries = 0

    async def connect() -> Dedicated:
        nonlocal tries
        tries += 1
        conn = await database.connect()
        if tries == 1:
            await conn.close()  # What is asked of it next is an InterfaceError.
        return conn

    async with open_bell(connect, NEVER_POLLS) as bell, asyncio.timeout(20):
        await bell.wait_for_line(Line.UP)
    assert tries == 2


async def test_a_bell_rings_within_the_process_before_it_is_opened_and_after_it_is_closed(
    database: Database,
):
    closed = Bell(NEVER_POLLS)
    ring = closed.next_ring()
    closed.ring(0)
    assert ring.is_set()
    async with open_bell(database.connect, NEVER_POLLS) as bell:
        pass
    assert bell.line is Line.CLOSED
    ring = bell.next_ring()
    bell.ring(0)
    assert ring.is_set()


async def test_who_waits_looks_again_when_it_was_quiet_for_too_long():
    bell = Bell(BellSettings(quiet_max_s=0.01))
    ring = bell.next_ring()
    async with asyncio.timeout(10):
        await bell.wait(ring)
    assert not ring.is_set()


async def test_a_notice_that_comes_while_the_line_closes_is_heard_all_the_same(database: Database):
    conns: list[Any] = []

    async def connect() -> Dedicated:
        conn = await database.connect()
        conns.append(conn)
        return conn

    async with open_bell(connect, NEVER_POLLS) as bell, asyncio.timeout(20):
        await bell.wait_for_line(Line.UP)
        (listener,) = conns[0]._listeners[CHANNEL]
        conns[0].terminate()
        ring = bell.next_ring()
        listener.cb(conns[0], 0, CHANNEL, "0")
        assert ring.is_set()
