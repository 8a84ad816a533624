"""How many bytes sessions leave behind: log, read models and indexes, after a vacuum."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from eventlog.database import Database, Dedicated
from eventlog.heads import heads_of
from eventlog.progress import wait_until
from eventlog.statements import statement
from service.bench.bench import Bench, Budget, Contest, Sample
from service.bench.facts import EVENT_BYTES
from service.bench.figures import exponent
from service.bench.scripted import Nobody, ScriptedSessions, scripted_sessions
from service.projecting import projecting

TURN_CALLS: Final = 10
TURNS: Final = 100
SESSION_CALLS: Final = (20, 40, 80, 160, 320)
TOLD_CALLS: Final = 160
CALLS_PER_LENGTH: Final = 1280
"""Of so many calls in all the average is taken: files grow by pages and more."""
AT_ONCE: Final = 8
LEVEL_TIMEOUT_S: Final = 120.0


def turn_size_bench(*budgets: Budget) -> Bench:
    """A turn of ten tool calls, each a step of its own."""
    return _size_bench("turn_size", TURN_CALLS, _turns, budgets)


def session_size_bench(*budgets: Budget) -> Bench:
    """A session of many calls; the exponent says how its bytes grow with their number."""
    return _size_bench("session_size", TOLD_CALLS, _lengths, budgets)


def _size_bench(
    name: str,
    calls: int,
    sample: Callable[["_Growth"], Awaitable[Sample]],
    budgets: tuple[Budget, ...],
) -> Bench:
    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with scripted_sessions(database, projections=False) as sessions:
            growth = _Growth(sessions)
            await growth.of(TURN_CALLS, 1)
            yield Contest(lambda _round_s: sample(growth))

    params = {"calls": calls, "observation_bytes": EVENT_BYTES}
    return Bench(name=name, params=params, unit="bytes", prepare=prepare, budgets=budgets)


async def _turns(growth: "_Growth") -> Sample:
    grown = await growth.of(TURN_CALLS, TURNS)
    return Sample(grown.bytes, also={"events": grown.events})


async def _lengths(growth: "_Growth") -> Sample:
    grown = {
        calls: (await growth.of(calls, CALLS_PER_LENGTH // calls)).bytes for calls in SESSION_CALLS
    }
    rise = exponent([float(calls) for calls in grown], list(grown.values()))
    return Sample(grown[TOLD_CALLS], also={"growth_exponent": rise})


class _Grown:
    """What one session left behind, on average."""

    def __init__(self, stored_bytes: float, events: float) -> None:
        self.bytes = stored_bytes
        self.events = events


class _Growth:
    """Measures what sessions add."""

    def __init__(self, sessions: ScriptedSessions) -> None:
        self._sessions = sessions

    async def of(self, calls: int, sessions: int) -> _Grown:
        """Run *sessions* sessions of *calls* calls, project them, and look at the difference."""
        owner = await self._sessions.log.database.connect_as_owner(
            settings={"statement_timeout": "0"}
        )
        try:
            before, head = await _stored_bytes(owner), await _head(owner)
            await self._run(calls, sessions)
            await self._project()
            after, new_head = await _stored_bytes(owner), await _head(owner)
        finally:
            await owner.close()
        return _Grown((after - before) / sessions, (new_head - head) / sessions)

    async def _run(self, calls: int, sessions: int) -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def one() -> None:
            async with places:
                await self._sessions.run(calls, Nobody())

        async with asyncio.TaskGroup() as tasks:
            for _ in range(sessions):
                tasks.create_task(one())

    async def _project(self) -> None:
        database = self._sessions.log.database
        async with database.acquire() as conn:
            heads = await heads_of(conn)
        async with projecting(self._sessions.log) as runners:
            for runner in runners.values():
                await wait_until(database, runner, heads, timeout_s=LEVEL_TIMEOUT_S)


async def _stored_bytes(owner: Dedicated) -> int:
    await owner.execute("vacuum")
    stored: int = await owner.fetchval(statement(__package__, "stored_bytes"))
    return stored


async def _head(owner: Dedicated) -> int:
    return sum((await heads_of(owner)).values())
