"""Leases: one process at a time drives a session, and knows when its turn is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventlog.bell import BellSettings
from eventlog.database import Database
from eventlog.log import EventLog, open_log
from schema.errors import Fenced, LeaseHeld, LeaseLost
from service.lease import Lease
from service.leases import MARGIN, Leases, open_leases
from tests.conftest import TestServer
from tests.leasing import (
    AGENT,
    LEASE_S,
    ROWS,
    OwnClock,
    append,
    opened,
    opened_at,
    run_out,
    session,
)
from tests.log_writing import kill

LONG_AGO = "2020-01-01 00:00:00+00"
FAR_AHEAD = "2100-01-01 00:00:00+00"


@pytest.fixture
async def ours(database: Database) -> AsyncIterator[Leases]:
    async with opened(database) as leases:
        yield leases


@pytest.fixture
async def theirs(database: Database) -> AsyncIterator[Leases]:
    async with opened(database) as leases:
        yield leases


@pytest.fixture
async def log(database: Database) -> AsyncIterator[EventLog]:
    async with open_log(database, BellSettings(poll_s=60)) as opened_log:
        yield opened_log


async def rows(database: Database) -> list[Any]:
    async with database.acquire() as conn:
        return await conn.fetch(ROWS)


async def test_a_session_that_begins_is_ours_under_the_first_epoch(
    database: Database, ours: Leases
):
    lease = await ours.begin(session(), AGENT)

    (row,) = await rows(database)
    assert (row["session_id"], row["agent_id"]) == (lease.session_id, AGENT)
    assert (row["holder"], row["epoch"], lease.epoch) == (ours.holder, 1, 1)
    assert lease.left_s() == LEASE_S
    lease.go_on()


async def test_nobody_begins_or_takes_what_somebody_holds(ours: Leases, theirs: Leases):
    lease = await ours.begin(session(), AGENT)

    for taking in (theirs.begin, theirs.take, ours.begin, ours.take):
        with pytest.raises(LeaseHeld, match="until 20") as refused:
            await taking(lease.session_id, AGENT)
        assert refused.value.session_id == lease.session_id
    assert await theirs.expired(10) == []


async def test_a_lease_that_ran_out_goes_to_who_takes_it_and_its_holder_is_told(
    database: Database, ours: Leases, theirs: Leases
):
    lease = await ours.begin(session(), AGENT)
    await run_out(database, lease.session_id)

    taken = await theirs.take(lease.session_id, AGENT)
    assert taken.epoch == 2
    assert not lease.lost.is_set()

    await ours.renew()
    assert lease.lost.is_set()
    assert lease.left_s() == 0
    with pytest.raises(LeaseLost):
        lease.check()
    await theirs.renew()
    taken.check()


async def test_a_lease_that_ran_out_is_ours_still_if_nobody_took_it(
    database: Database, ours: Leases, theirs: Leases
):
    lease = await ours.begin(session(), AGENT)
    await run_out(database, lease.session_id)

    await ours.renew()

    lease.check()
    assert await theirs.expired(10) == []


async def test_who_slept_renews_what_is_theirs_rather_than_take_it_from_themselves(
    database: Database, ours: Leases
):
    lease = await ours.begin(session(), AGENT)
    forgotten = await ours.begin(session(), AGENT)
    ours.forget(forgotten)
    for one in (lease, forgotten):
        await run_out(database, one.session_id)

    found = await ours.expired(10)

    assert [(one.session_id, one.epoch) for one in found] == [(forgotten.session_id, 2)]
    lease.check()


async def test_time_is_the_servers(database: Database, ours: Leases):
    lease = await ours.begin(session(), AGENT)

    async with opened_at(database, LONG_AGO) as behind:
        with pytest.raises(LeaseHeld):
            await behind.take(lease.session_id, AGENT)
    async with opened_at(database, FAR_AHEAD) as ahead:
        assert (await ahead.take(lease.session_id, AGENT)).epoch == 2


async def test_an_epoch_is_above_all_that_the_log_has_seen(log: EventLog, ours: Leases):
    session_id = session()
    await append(log, session_id, 0, epoch=1)
    await append(log, session_id, 1, epoch=7)

    lease = await ours.take(session_id, AGENT)

    assert lease.epoch == 8
    await append(log, session_id, 2, epoch=lease.epoch)
    with pytest.raises(Fenced):
        await append(log, session_id, 3, epoch=7)


async def test_what_ran_out_or_was_offered_is_found_the_longest_first_and_what_runs_is_not(
    database: Database, log: EventLog, ours: Leases, theirs: Leases
):
    running = await ours.begin(session(), AGENT)
    ran_out = [await ours.begin(session(), AGENT) for _ in range(3)]
    for lease in ran_out:
        await run_out(database, lease.session_id)
    waiting = session()
    await append(log, waiting, 0, epoch=4)
    await theirs.offer(waiting, AGENT)
    await theirs.offer(running.session_id, AGENT)

    first, rest = await theirs.expired(2), await theirs.expired(10)

    found = [lease.session_id for lease in first]
    assert found == [lease.session_id for lease in ran_out[:2]]
    assert {(lease.session_id, lease.epoch) for lease in rest} == {
        (ran_out[2].session_id, 2),
        (waiting, 5),
    }
    assert all(lease.left_s() == LEASE_S for lease in (*first, *rest))
    assert await theirs.expired(10) == []


async def test_a_crash_before_the_first_event_leaves_a_lease_that_can_be_removed(
    database: Database, ours: Leases, theirs: Leases
):
    await run_out(database, (await ours.begin(session(), AGENT)).session_id)

    (lease,) = await theirs.expired(1)
    await theirs.release(lease)

    assert await rows(database) == []


async def test_of_many_who_take_one_session_at_once_one_gets_it(database: Database):
    async with AsyncExitStack() as stack:
        log = await stack.enter_async_context(open_log(database, BellSettings(poll_s=60)))
        many = [await stack.enter_async_context(open_leases(log, LEASE_S)) for _ in range(12)]
        session_id = session()
        await append(log, session_id, 0, epoch=1)
        tried = await asyncio.gather(
            *(leases.take(session_id, AGENT) for leases in many), return_exceptions=True
        )

    assert [lease.epoch for lease in tried if isinstance(lease, Lease)] == [2]
    assert sum(isinstance(error, LeaseHeld) for error in tried) == 11


async def test_many_who_look_at_once_share_what_ran_out(database: Database, ours: Leases):
    ids = {(await ours.begin(session(), AGENT)).session_id for _ in range(40)}
    for session_id in ids:
        await run_out(database, session_id)

    async with AsyncExitStack() as stack:
        log = await stack.enter_async_context(open_log(database, BellSettings(poll_s=60)))
        many = [await stack.enter_async_context(open_leases(log, LEASE_S)) for _ in range(8)]
        found: list[Lease] = []
        while len(found) < len(ids):  # Who meets another's lock passes by, and looks again.
            for some in await asyncio.gather(*(leases.expired(7) for leases in many)):
                assert len(some) <= 7
                found.extend(some)

    assert sorted(lease.session_id for lease in found) == sorted(ids)


async def test_release_removes_a_lease_only_if_it_is_ours_still(
    database: Database, ours: Leases, theirs: Leases
):
    lease = await ours.begin(session(), AGENT)
    await run_out(database, lease.session_id)
    taken = await theirs.take(lease.session_id, AGENT)

    await ours.release(lease)
    (row,) = await rows(database)
    assert row["holder"] == theirs.holder

    await theirs.release(taken)
    assert await rows(database) == []
    assert taken.left_s() == 0


async def test_what_a_process_takes_from_itself_its_former_turn_has_lost(
    database: Database, ours: Leases
):
    lease = await ours.begin(session(), AGENT)
    await run_out(database, lease.session_id)

    again = await ours.take(lease.session_id, AGENT)

    assert lease.lost.is_set()
    await ours.renew()
    again.check()
    await ours.release(lease)
    again.check()
    assert len(await rows(database)) == 1


async def test_a_process_that_ends_hands_back_what_it_holds(database: Database, theirs: Leases):
    async with opened(database) as ending:
        lease = await ending.begin(session(), AGENT)
        forgotten = await ending.begin(session(), AGENT)
        ending.forget(forgotten)

    assert lease.lost.is_set()
    (found,) = await theirs.expired(10)
    assert (found.session_id, found.epoch) == (lease.session_id, 2)
    with pytest.raises(LeaseHeld):
        await theirs.take(forgotten.session_id, AGENT)


async def test_a_lease_counts_from_before_it_was_asked_for(database: Database):
    clock = OwnClock()
    async with opened(database, clock) as leases:
        lease = await leases.begin(session(), AGENT)
        clock.now_s += LEASE_S * (1 - MARGIN)
        lease.check()
        clock.now_s += 1
        with pytest.raises(LeaseLost, match=r"5\.0 s left"):
            lease.check()

        await leases.renew()
        lease.check()
        assert lease.left_s() == LEASE_S


async def test_a_session_that_is_told_to_stop_may_finish_what_it_began(ours: Leases):
    lease = await ours.begin(session(), AGENT)
    lease.stop()

    lease.check()
    with pytest.raises(LeaseLost, match="stops"):
        lease.go_on()


async def test_a_heart_goes_on_beating_over_a_new_connection(postgres: TestServer):
    async with (
        postgres.database(1) as database,
        open_log(database, BellSettings(poll_s=60)) as log,
        open_leases(log, 0.3) as leases,
    ):
        lease = await leases.begin(session(), AGENT)
        async with asyncio.timeout(20):
            await until_renewed(database, lease)
            conn = await leases._connection()
            killer = await database.connect_as_owner()
            await kill(conn, killer)
            await killer.close()
            await until_renewed(database, lease)
            await until_renewed(database, lease)


async def until_renewed(database: Database, lease: Lease) -> None:
    """Return when the row has a later time than now."""
    (before,) = await rows(database)
    while True:
        assert not lease.lost.is_set()
        (row,) = await rows(database)
        if row["until"] > before["until"]:
            return


DOES = st.tuples(
    st.sampled_from(["take", "renew", "release", "hand back", "run out", "look", "append"]),
    st.integers(0, 2),
)


@given(does=st.lists(DOES, max_size=30))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_three_processes_do_at_most_one_has_its_turn_and_epochs_only_grow(
    postgres: TestServer, does: list[tuple[str, int]]
):
    asyncio.run(play(postgres, does))


async def play(postgres: TestServer, does: list[tuple[str, int]]) -> None:
    """A model of a few lines: whose turn it is, and the newest epoch that the log has seen."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(postgres.database(1))
        log = await stack.enter_async_context(open_log(database, BellSettings(poll_s=60)))
        processes = [
            await stack.enter_async_context(open_leases(log, LEASE_S, now_s=OwnClock()))
            for _ in range(3)
        ]
        game = Game(database, log, processes)
        for what, who in does:
            await game.do(what, who)


class Game:
    """One session, three processes, and what must be true of them."""

    def __init__(self, database: Database, log: EventLog, processes: list[Leases]) -> None:
        self.database, self.log, self.processes = database, log, processes
        self.session_id = session()
        self.turns: list[Lease | None] = [None] * len(processes)
        self.holder: int | None = None
        self.up = True
        self.seen = self.version = 0

    async def do(self, what: str, who: int) -> None:
        leases, turn = self.processes[who], self.turns[who]
        if what == "run out":
            await run_out(self.database, self.session_id)
            self.up = True
        elif what == "take":
            await self.take(who)
        elif what == "look":
            mine = self.holder == who
            found = await leases.expired(1)
            self.up = self.up and not mine
            assert bool(found) == (self.up and bool(await rows(self.database)))
            for lease in found:
                self.got(who, lease)
        elif turn is not None:
            await self.use(what, who, turn)

    async def take(self, who: int) -> None:
        if not self.up:
            with pytest.raises(LeaseHeld):
                await self.processes[who].take(self.session_id, AGENT)
            return
        self.got(who, await self.processes[who].take(self.session_id, AGENT))

    def got(self, who: int, lease: Lease) -> None:
        assert lease.epoch > self.seen
        self.turns[who], self.holder, self.up = lease, who, False

    async def use(self, what: str, who: int, turn: Lease) -> None:
        leases = self.processes[who]
        if what == "renew":
            await leases.renew()
            assert turn.lost.is_set() == (self.holder != who)
            self.up = self.up and self.holder != who
        elif what == "append":
            await self.append(turn)
        else:
            await (leases.release(turn) if what == "release" else leases.hand_back(turn))
            self.turns[who] = None
            if self.holder == who:
                self.holder, self.up = None, True

    async def append(self, turn: Lease) -> None:
        """The log is the judge: it takes nothing below the newest epoch that it has seen."""
        if turn.epoch < self.seen:
            with pytest.raises(Fenced):
                await append(self.log, self.session_id, self.version, turn.epoch)
            return
        await append(self.log, self.session_id, self.version, turn.epoch)
        self.seen, self.version = turn.epoch, self.version + 1
