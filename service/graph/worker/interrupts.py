"""Calls a question back, by a signal: what computes stops, what waits is cancelled."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

T = TypeVar("T")

SIGNAL: Final = signal.SIGUSR1


class Interrupted(BaseException):
    """The question was called back; no `except Exception` of a library may keep it."""


class Interrupts:
    """Whether a question may be called back now, and what has to stop for it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[Any] | None = None
        self._computing = False
        self._wanted = False
        signal.signal(SIGNAL, self._heard)

    @contextmanager
    def question(self, task: "asyncio.Task[Any]") -> Iterator[None]:
        """Within it the signal means *task*; outside it means nothing, since it came too late."""
        self._wanted = False
        self._task = task
        try:
            yield
        finally:
            self._task = None

    def computed(self, work: Callable[[], T]) -> T:
        """What *work* gives, which awaits nothing; `Interrupted` at any point of it."""
        try:
            self._computing = True
            if self._wanted:
                raise Interrupted
            return work()
        finally:
            self._computing = False

    def _heard(self, *_: object) -> None:
        if self._task is None:
            return
        self._wanted = True
        if self._computing:
            self._computing = False  # One is enough: what cleans up must come to its end.
            raise Interrupted
        self._loop.call_soon_threadsafe(self._cancel, self._task)

    def _cancel(self, task: "asyncio.Task[Any]") -> None:
        if task is self._task:
            task.cancel()
