"""Keeps projections level with the log, for as long as it runs."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog

from eventlog.bell import Bell
from eventlog.block import BlockLimits
from eventlog.database import Conn, Database
from eventlog.faults import backoff_s
from eventlog.lifetimes import beside
from eventlog.plans import BY_INDEX
from eventlog.project import Poisoned, Projection, Suspicion, advance, park
from eventlog.retrying import PASSING, holding
from eventlog.signals import Signal, heard
from eventlog.statements import statement
from schema.errors import DatabaseUnavailable, NotReady

ADD_CHECKPOINTS: Final = statement(__package__, "add_checkpoints")
PARTITIONS_AHEAD: Final = statement(__package__, "partitions_ahead")
PARTITIONS_BEHIND: Final = statement(__package__, "partitions_behind")

LIVE: Final = {"search_path": "readmodel, public", **BY_INDEX}
"""Settings of a connection that applies events to the live tables."""

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class RunnerSettings:
    """How a runner works."""

    limits: BlockLimits = field(default_factory=BlockLimits)
    linger_s: float = 0.01
    """How long events may gather behind a small block, unless somebody waits for them."""
    failures_max: int = 12
    """Lost connections in a row before the runner gives up, after about half a minute."""


class Walk:
    """One projection's way through all partitions, block by block."""

    def __init__(self, projection: Projection, limits: BlockLimits) -> None:
        self._projection = projection
        self._limits = limits
        self._suspicions: dict[int, Suspicion] = {}

    async def begin(self, conn: Conn) -> None:
        """Make the checkpoints; raises `NotReady` where one is ahead of the log."""
        await conn.execute(ADD_CHECKPOINTS, self._projection.name)
        if await conn.fetch(PARTITIONS_AHEAD, self._projection.name):
            raise NotReady(
                f"projection {self._projection.name} is ahead of the log, which was restored: "
                f"run `agent-runtime projections rebuild {self._projection.name}`"
            )

    async def step(self, conn: Conn) -> int:
        """One block of each partition that has events left; how many events went by.

        0 means that there is nothing to do here: level, or in the hands of another process.
        """
        behind = await conn.fetch(PARTITIONS_BEHIND, self._projection.name)
        return sum([await self._advance(conn, row["partition"]) for row in behind])

    async def _advance(self, conn: Conn, partition: int) -> int:
        suspicion = self._suspicions.get(partition, Suspicion())
        try:
            return await advance(conn, self._projection, partition, self._limits, suspicion)
        except Poisoned as poisoned:
            if len(poisoned.block.rows) == 1:
                await park(conn, self._projection, poisoned)
            else:
                self._suspicions[partition] = poisoned.suspicion
            return 1  # Nothing may have gone by, but there is more to do.


class Runner:
    """Keeps one projection level; of several of one name, one at a time holds a checkpoint."""

    def __init__(
        self, projection: Projection, database: Database, bell: Bell, settings: RunnerSettings
    ) -> None:
        self.name = projection.name
        self._walk = Walk(projection, settings.limits)
        self._database = database
        self._bell = bell
        self._settings = settings
        self._failed = 0
        self.hurry = Signal()
        """For those to send who wait for what was written."""
        self.moved = Signal()
        """Sent when events have gone by."""

    async def run(self) -> None:
        """Work until cancelled, over a new connection when one is lost.

        Raises every fault but that, and a poison event's; `DatabaseUnavailable` when it has lasted.
        """
        while True:
            try:
                await self._follow()
            except PASSING as error:
                self._failed += 1
                log.warning(
                    "projection.interrupted",
                    projection=self.name,
                    failed=self._failed,
                    error=repr(error),
                )
                if self._failed >= self._settings.failures_max:
                    raise DatabaseUnavailable(
                        f"projection {self.name} cannot go on: {error!r}"
                    ) from error
                await asyncio.sleep(backoff_s(self._failed))

    async def _follow(self) -> None:
        conn = await self._database.connect(settings=LIVE)
        try:
            with holding(conn):
                await self._follow_over(conn)
        finally:
            conn.terminate()

    async def _follow_over(self, conn: Conn) -> None:
        await self._walk.begin(conn)
        while True:
            ring, hurry = self._bell.next_ring(), self.hurry.next()
            went_by = await self._walk.step(conn)
            self._failed = 0
            if went_by:
                self.moved.send()
                if went_by < self._settings.limits.events:
                    await heard(hurry, self._settings.linger_s)
            else:
                await self._bell.wait(ring)


@asynccontextmanager
async def running(
    projections: Sequence[Projection], database: Database, bell: Bell, settings: RunnerSettings
) -> AsyncIterator[dict[str, Runner]]:
    """A runner for each of *projections* while the body runs; the fault of one ends all."""
    runners = {p.name: Runner(p, database, bell, settings) for p in projections}
    async with beside(_run_all(runners.values())):
        yield runners


async def _run_all(runners: Iterable[Runner]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for runner in runners:
            tasks.create_task(runner.run())
