"""Tool steps of whole sessions: what one costs beside its commits, and how many go at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from time import perf_counter, process_time
from typing import Final

from eventlog.database import Database
from schema.envelope import RecordedEvent
from schema.events import ToolReturned
from service.bench.bench import Bench, Budget, Contest, Sample
from service.bench.commits import Commits, NotingDatabase
from service.bench.facts import EVENT_BYTES
from service.bench.scripted import Nobody, ScriptedSessions, scripted_sessions

CALLS: Final = 20
"""Of each session in these benches."""


def tool_step_bench(*budgets: Budget) -> Bench:
    """One session after another, projections running.

    The value is our own time: from one tool's return being recorded to the next one's, less what
    the appends in between waited for the database.
    """

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        noting = NotingDatabase(database.address, database.pool, database.limits)
        async with scripted_sessions(noting, projections=True) as sessions:
            await sessions.run(CALLS, Nobody())
            yield Contest(_OneByOne(sessions, noting.commits).measure)

    params = {"sessions": 1, "calls": CALLS, "observation_bytes": EVENT_BYTES}
    return Bench(name="tool_step", params=params, unit="ms", prepare=prepare, budgets=budgets)


def sessions_bench(sessions: int, *budgets: Budget, projections: bool) -> Bench:
    """As many sessions at once as stated, a new one for each that ends, in one process."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with scripted_sessions(database, projections=projections) as running:
            await running.run(CALLS, Nobody())
            yield Contest(_AtOnce(running, sessions).measure)

    params = {
        "sessions": sessions,
        "calls": CALLS,
        "observation_bytes": EVENT_BYTES,
        "projections": "running" if projections else "off",
    }
    return Bench(
        name=f"sessions_{sessions}",
        params=params,
        unit="tool steps/s",
        prepare=prepare,
        budgets=budgets,
    )


class _StepTimes(Nobody):
    """Takes the time between one tool's return and the next."""

    def __init__(self, commits: Commits) -> None:
        self._commits = commits
        self._last: tuple[float, float] | None = None
        self.walls_ms: list[float] = []
        self.waits_ms: list[float] = []

    def recorded(self, fact: RecordedEvent) -> None:
        if not isinstance(fact.event, ToolReturned):
            return
        now, waited = perf_counter(), self._commits.waited_s
        if self._last is not None:
            self.walls_ms.append((now - self._last[0]) * 1000)
            self.waits_ms.append((waited - self._last[1]) * 1000)
        self._last = now, waited

    def next_session(self) -> None:
        """What lies between two sessions is no step."""
        self._last = None


class _OneByOne:
    def __init__(self, sessions: ScriptedSessions, commits: Commits) -> None:
        self._sessions = sessions
        self._commits = commits

    async def measure(self, round_s: float) -> Sample:
        times = _StepTimes(self._commits)
        until, commits, cpu_s, ran = (
            perf_counter() + round_s,
            self._commits.count,
            process_time(),
            0,
        )
        while not ran or perf_counter() < until:
            times.next_session()
            await self._sessions.run(CALLS, times)
            ran += 1
        own_ms = [wall - wait for wall, wait in zip(times.walls_ms, times.waits_ms, strict=True)]
        also = {
            "step_ms": median(times.walls_ms),
            "waited_for_commits_ms": median(times.waits_ms),
            "cpu_ms": (process_time() - cpu_s) * 1000 / (ran * CALLS),
            # A session's first append, and the one that ends it, belong to no step.
            "commits": (self._commits.count - commits - 2 * ran) / (ran * CALLS),
        }
        return Sample(median(own_ms), times.walls_ms, also)


class _AtOnce:
    def __init__(self, sessions: ScriptedSessions, count: int) -> None:
        self._sessions = sessions
        self._count = count

    async def measure(self, round_s: float) -> Sample:
        steps = _StepCount()
        began, cpu_s = perf_counter(), process_time()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._count):
                tasks.create_task(self._one_after_another(steps, began + round_s))
            await asyncio.sleep(round_s)
            taken, took_s, cpu_s = steps.count, perf_counter() - began, process_time() - cpu_s
        return Sample(taken / took_s, also={"cpu_ms": cpu_s * 1000 / max(taken, 1)})

    async def _one_after_another(self, steps: "_StepCount", until: float) -> None:
        while perf_counter() < until:
            await self._sessions.run(CALLS, steps)


class _StepCount(Nobody):
    def __init__(self) -> None:
        self.count = 0

    def recorded(self, fact: RecordedEvent) -> None:
        self.count += isinstance(fact.event, ToolReturned)
