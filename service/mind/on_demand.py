"""A projection's runner that starts when somebody needs its rows: most commands never do."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # It takes long to load.
    from eventlog.runner import Runner

LoadRunnerFn: TypeAlias = Callable[[], "Runner"]
"""Makes the runner; called in a thread, since it has much to load."""


class RunnerOnDemand:
    """The runner of one projection in this process."""

    def __init__(self, load_runner: LoadRunnerFn) -> None:
        self._load_runner = load_runner
        self._wanted = asyncio.Event()
        self._runner: asyncio.Future[Runner] = asyncio.get_running_loop().create_future()

    async def runner(self) -> "Runner":
        """The runner, started if it was not."""
        self._wanted.set()
        return await self.started()

    async def started(self) -> "Runner":
        """The runner, once somebody else has needed it."""
        return await asyncio.shield(self._runner)

    async def run(self) -> None:
        """Run it, once it is wanted, until cancelled."""
        await self._wanted.wait()
        runner = await asyncio.to_thread(self._load_runner)
        self._runner.set_result(runner)
        await runner.run()
