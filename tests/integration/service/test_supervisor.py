"""A supervisor over real leases, with sessions that do what a test tells them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from eventlog.database import Database
from schema.errors import (
    Broken,
    DatabaseUnavailable,
    Fenced,
    Invalid,
    LeaseHeld,
    LeaseLost,
    Shed,
    Unavailable,
    UnknownEvent,
)
from schema.messages.sessions import StartSession
from service.agent.session import SessionState
from service.effects import Watcher
from service.lease import Lease
from service.leases import Leases
from service.metrics import Metrics
from service.supervisor import Supervisor, open_supervisor
from tests.conftest import TestServer
from tests.leasing import AGENT, ROWS, opened, run_out, session

ASK = StartSession(agent=AGENT, prompt="?")
Ending = BaseException | None


@dataclass
class Scripted:
    """Sessions that run until they're told to end."""

    leases: Leases
    metrics: Metrics = field(default_factory=Metrics)
    running: dict[UUID, "asyncio.Future[Ending]"] = field(default_factory=dict)
    paused: list[tuple[UUID, str]] = field(default_factory=list)
    pausing_fails: Exception | None = None
    nothing_to_do: bool = False
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)
    stubborn: bool = False
    """Whether a move takes longer than anybody waits."""

    async def start_session(self, command: StartSession, **_: object) -> Lease:
        return await self.leases.begin(session(), command.agent)

    async def resume_session(self, session_id: UUID, _reason: str, **_: object) -> Lease:
        return await self.leases.take(session_id, AGENT)

    async def take_over(self, lease: Lease) -> bool:
        if self.nothing_to_do:
            await self.leases.release(lease)
        return not self.nothing_to_do

    async def run_session(self, lease: Lease, _: Watcher) -> SessionState:
        told = self.running[lease.session_id] = asyncio.get_running_loop().create_future()
        try:
            await self.tell()
            while not told.done():
                await asyncio.sleep(0.01 if not self.stubborn else 3600)
                lease.go_on()
            if told.result() is not None:
                raise told.result()
        finally:
            del self.running[lease.session_id]
            await self.tell()
        await self.leases.release(lease)
        return SessionState()

    async def pause_session(self, session_id: UUID, reason: str, **_: object) -> SessionState:
        if self.pausing_fails is not None:
            raise self.pausing_fails
        self.paused.append((session_id, reason))
        return SessionState()

    async def tell(self) -> None:
        async with self.moved:
            self.moved.notify_all()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(20), self.moved:
            await self.moved.wait_for(true)

    def end(self, session_id: UUID, ending: Ending = None) -> None:
        self.running[session_id].set_result(ending)


@pytest.fixture
async def database(postgres: TestServer) -> AsyncIterator[Database]:
    async with postgres.database(1) as fresh:
        yield fresh


@pytest.fixture
async def sessions(database: Database) -> AsyncIterator[Scripted]:
    async with opened(database) as leases:
        yield Scripted(leases)


@pytest.fixture
async def theirs(database: Database) -> AsyncIterator[Leases]:
    async with opened(database) as leases:
        yield leases


@asynccontextmanager
async def supervised(
    sessions: Scripted, sessions_max: int = 10, stop_timeout_s: float = 20
) -> AsyncIterator[Supervisor]:
    async with open_supervisor(
        sessions, sessions_max=sessions_max, stop_timeout_s=stop_timeout_s
    ) as supervisor:
        yield supervisor


async def supervised_for_ever(sessions: Scripted) -> None:
    async with supervised(sessions):
        await asyncio.Event().wait()


async def rows(database: Database) -> list[Any]:
    async with database.acquire() as conn:
        return await conn.fetch(ROWS)


async def until_rows(database: Database, count: int) -> None:
    async with asyncio.timeout(20):
        while len(await rows(database)) != count:
            continue


async def until_free(supervisor: Supervisor, places: int) -> None:
    async with asyncio.timeout(20):
        while supervisor.free < places:  # noqa: ASYNC110 - what a caller sees is what is meant.
            await asyncio.sleep(0)


async def left_behind(database: Database, theirs: Leases, count: int) -> set[UUID]:
    ids = {(await theirs.begin(session(), AGENT)).session_id for _ in range(count)}
    for session_id in ids:
        await run_out(database, session_id)
    return ids


async def test_a_session_that_was_asked_for_is_driven_to_its_rest(
    database: Database, sessions: Scripted
):
    async with supervised(sessions) as supervisor:
        session_id = await supervisor.start(ASK, actor="test")
        await sessions.until(lambda: session_id in sessions.running)
        assert supervisor.free == 9
        sessions.end(session_id)
        await until_rows(database, 0)
        await sessions.until(lambda: not sessions.running)


async def test_one_too_many_is_shed_and_counted_until_there_is_room(sessions: Scripted):
    async with supervised(sessions, sessions_max=2) as supervisor:
        first, _ = [await supervisor.start(ASK, actor="test") for _ in range(2)]
        with pytest.raises(Shed) as shed:
            await supervisor.start(ASK, actor="test")
        assert (shed.value.depth, shed.value.capacity) == (2, 2)
        assert sessions.metrics.backpressure_shed_count._value.get() == 1

        await sessions.until(lambda: len(sessions.running) == 2)
        sessions.end(first)
        await until_free(supervisor, 1)
        await supervisor.start(ASK, actor="test")


async def test_many_who_ask_at_once_get_no_more_than_there_is_room_for(sessions: Scripted):
    async with supervised(sessions, sessions_max=5) as supervisor:
        asked = await asyncio.gather(
            *(supervisor.start(ASK, actor="test") for _ in range(30)), return_exceptions=True
        )
        assert sum(isinstance(answer, UUID) for answer in asked) == 5
        assert sum(isinstance(answer, Shed) for answer in asked) == 25


async def test_a_start_that_fails_takes_no_place(sessions: Scripted):
    async with supervised(sessions, sessions_max=1) as supervisor:
        session_id = await supervisor.start(ASK, actor="test")
        await sessions.until(lambda: session_id in sessions.running)
        sessions.end(session_id)
        await until_free(supervisor, 1)
        held = (await sessions.leases.begin(session(), AGENT)).session_id
        with pytest.raises(LeaseHeld):
            await supervisor.resume(held, "?", actor="test")
        assert supervisor.free == 1


async def test_what_others_left_behind_goes_on_here(
    database: Database, sessions: Scripted, theirs: Leases
):
    ids = await left_behind(database, theirs, 3)
    async with supervised(sessions) as supervisor:
        await sessions.until(lambda: set(sessions.running) == ids)
        await theirs.offer(offered := session(), AGENT)
        supervisor.ring()
        await sessions.until(lambda: offered in sessions.running)


async def test_no_more_is_taken_than_fits_and_the_rest_as_soon_as_there_is_room(
    database: Database, sessions: Scripted, theirs: Leases
):
    ids = await left_behind(database, theirs, 3)
    ended: set[UUID] = set()
    async with supervised(sessions, sessions_max=1):
        for _ in ids:
            await sessions.until(lambda: bool(set(sessions.running) - ended))
            (session_id,) = set(sessions.running) - ended
            ended.add(session_id)
            sessions.end(session_id)
        await until_rows(database, 0)
    assert ended == ids


async def test_a_lease_without_anything_to_do_is_given_back(
    database: Database, sessions: Scripted, theirs: Leases
):
    sessions.nothing_to_do = True
    await left_behind(database, theirs, 2)
    async with supervised(sessions):
        await until_rows(database, 0)
    assert sessions.paused == []


async def test_who_stops_lets_sessions_finish_their_move_and_hands_them_on(
    sessions: Scripted, theirs: Leases
):
    async with supervised(sessions, stop_timeout_s=20) as supervisor:
        ids = {await supervisor.start(ASK, actor="test") for _ in range(3)}
        await sessions.until(lambda: set(sessions.running) == ids)

    assert {lease.session_id for lease in await theirs.expired(10)} == ids
    assert sessions.paused == []
    with pytest.raises(Unavailable, match="stops"):
        await supervisor.start(ASK, actor="test")


async def test_a_move_that_takes_too_long_is_cut_off_when_the_process_stops(
    sessions: Scripted, theirs: Leases
):
    sessions.stubborn = True
    async with supervised(sessions, stop_timeout_s=0.05) as supervisor:
        session_id = await supervisor.start(ASK, actor="test")
        await sessions.until(lambda: session_id in sessions.running)

    assert [lease.session_id for lease in await theirs.expired(10)] == [session_id]
    assert sessions.paused == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (KeyError("sk-planted"), "stopped by KeyError"),
        (Broken("the rules are missing"), "broken: the rules are missing"),
        (Invalid("tools", "there is no pay"), "invalid: tools: there is no pay"),
    ],
)
async def test_a_fault_pauses_its_session_and_no_other(
    database: Database, sessions: Scripted, fault: Exception, said: str
):
    async with supervised(sessions) as supervisor:
        good, bad = [await supervisor.start(ASK, actor="test") for _ in range(2)]
        await sessions.until(lambda: len(sessions.running) == 2)
        sessions.end(bad, fault)
        await until_rows(database, 1)
        assert sessions.paused == [(bad, said)]
        assert good in sessions.running


@pytest.mark.parametrize("error", [LeaseLost("over"), Fenced("session-x", 1, 2)])
async def test_a_session_that_goes_on_elsewhere_is_left_alone(
    sessions: Scripted, theirs: Leases, error: Exception
):
    async with supervised(sessions) as supervisor:
        session_id = await supervisor.start(ASK, actor="test")
        await sessions.until(lambda: session_id in sessions.running)
        sessions.leases.lease_s = 3600  # Nobody here takes what is handed back.
        sessions.end(session_id, error)
        found: list[Lease] = []
        async with asyncio.timeout(20):
            while not found:
                found = await theirs.expired(1)
        assert sessions.paused == []


@pytest.mark.parametrize("pausing", [False, True])
async def test_what_the_world_did_is_tried_again_when_the_lease_has_run_out(
    database: Database, sessions: Scripted, pausing: bool
):
    sessions.pausing_fails = DatabaseUnavailable("gone")
    async with supervised(sessions) as supervisor:
        session_id = await supervisor.start(ASK, actor="test")
        await sessions.until(lambda: session_id in sessions.running)
        sessions.end(session_id, Broken("?") if pausing else DatabaseUnavailable("gone"))
        await until_free(supervisor, 10)
        (before,) = await rows(database)
        await sessions.leases.renew()
        assert await rows(database) == [before]
        assert before["holder"] == sessions.leases.holder


async def test_a_session_that_cannot_even_be_paused_is_not_taken_again_and_again(
    database: Database, sessions: Scripted
):
    sessions.pausing_fails = UnknownEvent("from the future")
    async with supervised(sessions) as supervisor:
        session_id = await supervisor.start(ASK, actor="test")
        await sessions.until(lambda: session_id in sessions.running)
        sessions.end(session_id, Broken("?"))
        await until_rows(database, 0)


async def test_a_database_that_is_away_for_a_while_does_not_end_the_supervisor(
    sessions: Scripted, monkeypatch: pytest.MonkeyPatch
):
    asked = asyncio.Event()
    found = sessions.leases.expired

    async def away(limit: int) -> list[Lease]:
        if not asked.is_set():
            asked.set()
            raise DatabaseUnavailable("gone")
        return await found(limit)

    monkeypatch.setattr(sessions.leases, "expired", away)
    async with supervised(sessions) as supervisor:
        await asked.wait()
        await supervisor.start(ASK, actor="test")
        await sessions.until(lambda: len(sessions.running) == 1)


async def test_a_fault_of_the_supervisor_itself_ends_it_loudly(
    sessions: Scripted, monkeypatch: pytest.MonkeyPatch
):
    async def broken(_limit: int) -> list[Lease]:
        raise ZeroDivisionError

    monkeypatch.setattr(sessions.leases, "expired", broken)
    with pytest.raises(ZeroDivisionError):
        await supervised_for_ever(sessions)
