"""Projections catching up with a log that they have never read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Final

from eventlog.bell import BellSettings
from eventlog.database import Database
from eventlog.log import EventLog, open_log
from eventlog.progress import wait_until
from eventlog.statements import statement
from service.bench.bench import Bench, Budget, Contest, Sample
from service.bench.facts import EVENT_BYTES
from service.bench.written import write_sessions
from service.projecting import projecting
from service.projections import PROJECTIONS

EVENTS: Final = 30_000
STEPS_EACH: Final = 10
TIMEOUT_S: Final = 120.0


def projections_bench(*budgets: Budget) -> Bench:
    """Events per second that all projections get through together, side by side."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with open_log(database, BellSettings()) as log:
            events = await write_sessions(log, EVENTS, steps=STEPS_EACH)
            yield Contest(_CatchingUp(log, events).measure)

    params = {"projections": len(PROJECTIONS), "events": EVENTS, "text_bytes": EVENT_BYTES}
    return Bench(
        name="projections", params=params, unit="events/s", prepare=prepare, budgets=budgets
    )


class _CatchingUp:
    def __init__(self, log: EventLog, events: int) -> None:
        self._log = log
        self._events = events

    async def measure(self, round_s: float) -> Sample:
        """Again and again from the log's origin, until time is up."""
        spent_s, times = 0.0, 0
        while spent_s < round_s:
            await self._forget()
            began = perf_counter()
            await self._catch_up()
            spent_s += perf_counter() - began
            times += 1
        return Sample(times * self._events / spent_s)

    async def _forget(self) -> None:
        owner = await self._log.database.connect_as_owner()
        try:
            await owner.execute(statement(__package__, "forget_read_models"))
        finally:
            await owner.close()

    async def _catch_up(self) -> None:
        async with projecting(self._log) as runners:
            for runner in runners.values():
                await wait_until(self._log.database, runner, {0: self._events}, timeout_s=TIMEOUT_S)
