"""Asks one worker: one question after the other, in time, in a line that does not grow for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from msgspec import Struct

from schema.errors import Unavailable
from service.graph.worker.process import Child
from service.graph.worker.words import Request

WAITING_MAX: Final = 64
"""Callers of one worker at once, the one that is being answered included."""
RETRY_AFTER_S: Final = 1.0

StartFn: TypeAlias = Callable[[], Awaitable[Child]]


class Result(Struct, frozen=True, kw_only=True):
    """What a worker answered."""

    version: int
    """That the result is true of."""
    body: bytes
    """JSON."""


class Worker:
    """A process that is started with the first question, and anew where it died."""

    def __init__(self, name: str, start: StartFn, *, waiting_max: int = WAITING_MAX) -> None:
        self.name = name
        self._start = start
        self._waiting_max = waiting_max
        self._waiting = 0
        self._turn = asyncio.Lock()
        self._child: Child | None = None
        self.loads = 0
        """How often the process that runs has made a graph of rows."""

    @property
    def pid(self) -> int | None:
        """Of the process that runs, if one does."""
        return self._child.pid if self._child is not None and self._child.lives else None

    async def ask(self, request: Request, *, timeout_s: float) -> Result:
        """What the worker says to *request*, within *timeout_s*, the wait in the line included.

        `Unavailable` where the line is too long, the time passes, or the process dies. Then, or
        cancelled, what it was computing for us is called back.
        """
        if self._waiting >= self._waiting_max:
            raise Unavailable(
                f"{self._waiting} questions about graphs wait already: try again", RETRY_AFTER_S
            )
        self._waiting += 1
        try:
            async with asyncio.timeout(timeout_s), self._turn:
                return await self._answer(request)
        except TimeoutError:
            raise Unavailable(
                f"no answer within {timeout_s:g} s: ask about less, or allow more time",
                RETRY_AFTER_S,
            ) from None
        finally:
            self._waiting -= 1

    async def stop(self) -> None:
        """End the process, if there is one."""
        if self._child is not None:
            await self._child.stop()
            self._child = None

    async def _answer(self, request: Request) -> Result:
        child = await self._running()
        try:
            head, result = await child.ask(request)
        except asyncio.CancelledError:
            await child.call_back()
            raise
        self.loads = head.loads
        return Result(version=head.version, body=result)

    async def _running(self) -> Child:
        if self._child is None or not self._child.lives:
            self._child = await self._start()
        return self._child
