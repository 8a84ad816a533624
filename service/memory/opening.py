"""Opens the memories of all agents: their rows kept level and their texts embedded beside them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

from eventlog.lifetimes import beside
from eventlog.log import EventLog
from service.memory.asking import Asker
from service.memory.coordinates import MEMORY
from service.memory.kept import Kept
from service.memory.memory import ClockFn, Memory, PolicyFn, now
from service.mind.lanes import Lanes
from service.mind.level import Level
from service.mind.on_demand import LoadRunnerFn, RunnerOnDemand
from service.mind.writing import Writer

if TYPE_CHECKING:  # Both take long to load, and most commands need neither.
    from eventlog.runner import Runner
    from service.memory.embedder import Embedder

OpenEmbedderFn: TypeAlias = Callable[[], AbstractAsyncContextManager["Embedder | None"]]


class _Background:
    """What works beside the memories, from the day that somebody needs it."""

    def __init__(
        self, log: EventLog, load_runner: LoadRunnerFn, open_embedder: OpenEmbedderFn
    ) -> None:
        self._log = log
        self._rows = RunnerOnDemand(load_runner)
        self._open_embedder = open_embedder
        self._embedder_wanted = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._embedder: asyncio.Future[Embedder | None] = loop.create_future()

    async def runner(self) -> "Runner":
        """The runner, started if it was not; from then on texts are embedded, too."""
        self._embedder_wanted.set()
        return await self._rows.runner()

    async def embedder(self) -> "Embedder | None":
        """The embedder, opened if it was not: a question alone needs no runner."""
        self._embedder_wanted.set()
        return await asyncio.shield(self._embedder)

    async def run(self) -> None:
        """Do what is wanted, once it is, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._rows.run())
            tasks.create_task(self._embed())

    async def _embed(self) -> None:
        await self._embedder_wanted.wait()
        async with self._open_embedder() as embedder:
            self._embedder.set_result(embedder)
            runner = await self._rows.started()
            if embedder is not None:
                from service.memory.following import Follower  # noqa: PLC0415 - hardly needed.

                await Follower(self._log, runner, embedder).run()


@asynccontextmanager
async def open_memory(
    log: EventLog,
    *,
    load_runner: LoadRunnerFn,
    open_embedder: OpenEmbedderFn,
    policy_of: PolicyFn,
    lanes: Lanes | None = None,
    clock: ClockFn = now,
) -> AsyncIterator[Memory]:
    """The memories of all agents in *log*, changed in *lanes*, where others share them.

    Their rows are kept level, and their texts embedded, from the first time that somebody reads
    rows; `Memory.keep_up` asks for it at once. *load_runner* makes the runner of the projection
    `memory`. A fault there ends the block.
    """
    background = _Background(log, load_runner, open_embedder)
    level = Level(log, MEMORY.name, background.runner)
    kept, lanes = Kept(log, level), Lanes() if lanes is None else lanes
    async with beside(background.run()):
        yield Memory(
            log=log,
            level=level,
            kept=kept,
            lanes=lanes,
            writer=Writer(log, MEMORY, lanes, kept.appended),
            asker=Asker(log, level, background.embedder),
            policy_of=policy_of,
            clock=clock,
        )
