"""A process that slept past its lease, and wakes when its session is in other hands."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from multiprocessing.process import BaseProcess
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from eventlog.database import Database
from schema.envelope import RecordedEvent
from schema.ids import memory_stream
from service.agent.session import Status
from service.config import Settings
from service.effects import Unwatched
from service.runtime import Runtime, open_runtime
from service.sessions import read_session
from tests.conftest import TestServer
from tests.kill.child import LEFT, Kill, Plan, look, pay, put, run
from tests.kill.judging import judge
from tests.kill.settling import settle, waits_for_word
from tests.kill.story import script
from tests.kill.world import World, open_world

AGENT = "sleeper"
LEASE = "select session_id, until <= eventlog.clock() as up from ops.leases where agent_id = $1"
SLEEPS = [
    *(Kill(version, "before") for version in (2, 5, 8, 13)),
    *(Kill(version, "after") for version in (3, 6, 9, 12)),
    Kill(8, "amid"),
]
"""Before an append: an answer that was paid, or an effect that was done, is still to be recorded.
Behind one: the next effect is still to be begun."""


@pytest.fixture
async def database(postgres: TestServer) -> AsyncIterator[Database]:
    async with postgres.database(1) as fresh:
        yield fresh


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as opened:
        yield opened


@pytest.mark.parametrize("sleep", SLEEPS, ids=str)
async def test_it_appends_nothing_and_begins_nothing(
    postgres: TestServer, database: Database, world: World, sleep: Kill
):
    plan = Plan(
        database.address.options["dsn"],
        world.url,
        f"scripted:{script(postgres.folder)}",
        AGENT,
        kill=sleep,
        by=signal.SIGSTOP,
        lease_s=1,
    )
    process = multiprocessing.get_context("forkserver").Process(target=run, args=(plan,))
    process.start()
    try:
        await asleep(process)
        async with awake(plan) as runtime:
            session_id = await ran_out(database)
            lease = await runtime.leases.take(session_id, AGENT)
            assert await runtime.take_over(lease)
            before, done = await read_session(runtime.log, session_id), list(world.happened)

            os.kill(process.pid or 0, signal.SIGCONT)
            await asyncio.to_thread(process.join, 20)
            after = await read_session(runtime.log, session_id)
            assert process.exitcode == LEFT
            assert after == before
            assert world.happened == done

            state = await runtime.run_session(lease, Unwatched())
            if waits_for_word(state):
                await settle(runtime.control("test"), session_id, state, world)
                state = await runtime.take_up(session_id, "settled", Unwatched(), actor="test")
            facts = await read_session(runtime.log, session_id)
            mind = await events_of(runtime, memory_stream(AGENT))
    finally:
        process.kill()
        process.join(20)

    assert state.status is Status.COMPLETED
    assert judge(facts, mind, world) == []


async def asleep(process: BaseProcess) -> None:
    """Return when *process* has stopped itself."""
    async with asyncio.timeout(30):
        while stat_of(process) != "T":  # noqa: ASYNC110 - no signal tells that of a grandchild.
            await asyncio.sleep(0.01)


def stat_of(process: BaseProcess) -> str:
    """Its state as the system tells it: T is stopped."""
    with open(f"/proc/{process.pid}/stat") as told:  # noqa: PTH123 - a line of a few bytes.
        return told.read().rpartition(") ")[2][0]


async def ran_out(database: Database) -> UUID:
    """The session whose lease ran out, once it has."""
    async with asyncio.timeout(30):
        while True:
            async with database.acquire() as conn:
                row: Any = await conn.fetchrow(LEASE, AGENT)
            if row["up"]:
                session_id: UUID = row["session_id"]
                return session_id


@asynccontextmanager
async def awake(plan: Plan) -> AsyncIterator[Runtime]:
    settings = Settings(database_url=SecretStr(plan.database_url), lease_s=30, embedder="none")
    os.environ["KILLED_CHILD_WORLD"] = plan.world_url
    async with open_runtime(settings, (look, put, pay)) as runtime:
        yield runtime


async def events_of(runtime: Runtime, stream: str) -> list[RecordedEvent]:
    async with aclosing(runtime.log.read_stream(stream)) as blocks:
        return [fact async for block in blocks for fact in block]
