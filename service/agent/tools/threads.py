"""Threads for sync tools, bounded, since a thread can't be stopped from outside."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from service.agent.tools.observation import ToolError

_Outcome = tuple[Any, BaseException | None]


class Threads:
    """Runs functions off the event loop, at most `threads_max` at once.

    A call that is cancelled or times out *abandons* its thread: it goes on, unheard, and keeps
    its place until it ends. Threads are daemons, so that none of them holds up the process's end.
    """

    def __init__(self, threads_max: int) -> None:
        self.threads_max = threads_max
        self.abandoned = 0
        """Threads that nobody waits for any more and that have not ended."""
        self._places = asyncio.Semaphore(threads_max)

    async def run(self, function: Callable[[], Any]) -> Any:
        """What *function* returns or raises; waits for a place first, under the caller's timeout.

        `ToolError` (transient) at once where every place is taken by an abandoned thread.
        """
        if self.abandoned >= self.threads_max:
            raise ToolError("transient", f"all {self.threads_max} threads for tools are stuck")
        await self._places.acquire()
        ended: asyncio.Future[_Outcome] = asyncio.get_running_loop().create_future()
        self._start(function, ended)
        try:
            value, error = await ended
        except asyncio.CancelledError:
            self.abandoned += ended.cancelled()
            raise
        if error is not None:
            raise error
        return value

    def _start(self, function: Callable[[], Any], ended: asyncio.Future[_Outcome]) -> None:
        loop = asyncio.get_running_loop()

        def work() -> None:
            outcome = _outcome(function)
            with suppress(RuntimeError):  # the loop closed meanwhile: nobody is left to tell
                loop.call_soon_threadsafe(self._end, ended, outcome)

        context = contextvars.copy_context()
        try:
            threading.Thread(target=context.run, args=(work,), name="tool", daemon=True).start()
        except RuntimeError as error:  # the machine gives no more threads
            self._places.release()
            raise ToolError("transient", str(error)) from error

    def _end(self, ended: asyncio.Future[_Outcome], outcome: _Outcome) -> None:
        self._places.release()
        if ended.cancelled():
            self.abandoned -= 1
        else:
            ended.set_result(outcome)


def _outcome(function: Callable[[], Any]) -> _Outcome:
    # Nothing is swallowed: what was raised is raised again where the call is awaited. As a value,
    # because a future takes no StopIteration.
    try:
        return function(), None
    except BaseException as error:  # noqa: BLE001
        return None, error
