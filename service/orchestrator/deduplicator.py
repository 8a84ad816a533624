"""Deduplication: what is asked twice is done once, and both get what came of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import isfinite
from types import TracebackType
from typing import Final, Generic, TypeAlias, TypeVar

from eventlog.signals import heard
from schema.errors import DeadlinePassed, GivenUp, Invalid, Shed

T = TypeVar("T")

KEY_CHARS_MAX: Final = 512
ENTRIES_MAX: Final = 10_000
BYTES_MAX: Final = 64 * 1024 * 1024
WAITING_MAX: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much is kept, and for how long."""

    ttl_s: float
    """So long a result answers, from when it came."""
    entries_max: int = ENTRIES_MAX
    """Keys under way and results together."""
    bytes_max: int = BYTES_MAX
    """Of results; a larger one is not kept."""
    waiting_max: int = WAITING_MAX
    """Duplicates that wait, over all keys."""

    def __post_init__(self) -> None:
        """Refuse what could not be kept."""
        if not (isfinite(self.ttl_s) and self.ttl_s > 0):
            raise Invalid("ttl_s", f"{self.ttl_s} is not a number of seconds above 0")
        for name, least in (("entries_max", 1), ("bytes_max", 0), ("waiting_max", 0)):
            if getattr(self, name) < least:
                raise Invalid(name, f"{getattr(self, name)} is less than {least}")


@dataclass(frozen=True, slots=True)
class Cached(Generic[T]):
    """It was asked before, and answered."""

    result: T


@dataclass(frozen=True, slots=True)
class Failed:
    """It was asked before, and went wrong."""

    error: Exception
    traceback: TracebackType | None


Outcome: TypeAlias = Cached[T] | Failed


class Deduplicator(Generic[T]):
    """Key → who was first, and what came of it.

    *size_of* tells how many bytes a result takes. Where there is no room the oldest result goes.
    Keys under way are never forgotten, however long they take: they end by `complete` or `fail`, or
    with the block of their `New`.
    """

    def __init__(
        self,
        bounds: Bounds,
        *,
        size_of: Callable[[T], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bounds = bounds
        self._size_of = size_of
        self._clock = clock
        self._running: dict[str, _Work[T]] = {}
        self._kept: dict[str, _Kept[T]] = {}
        """In the order in which they came, and so in the one in which their time is over."""
        self._bytes = 0
        self._waiting = 0

    def __len__(self) -> int:
        return len(self._running) + len(self._kept)

    @property
    def bytes(self) -> int:
        """How many bytes the results take."""
        return self._bytes

    def begin(self, key: str) -> "New[T] | InProgress[T] | Cached[T]":
        """What is known of *key*; who gets `New` must do the work.

        Raises `Shed` where there is no room for another key.
        """
        if not 0 < len(key) <= KEY_CHARS_MAX:
            raise Invalid("key", f"it needs 1 to {KEY_CHARS_MAX} characters, and has {len(key)}")
        if (running := self._running.get(key)) is not None:
            return InProgress(self, running)
        self._forget_expired()
        if (kept := self._kept.get(key)) is not None:
            return Cached(kept.result)
        self._make_room()
        work = self._running[key] = _Work(key)
        return New(self, work)

    async def call(self, key: str, fn: Callable[[], Awaitable[T]], *, timeout_s: float) -> T:
        """What *fn* returned for *key*, to us or to who was first; else what it raised.

        A duplicate waits at most *timeout_s*, then raises `DeadlinePassed`; who is first takes the
        time that *fn* takes. Where the first was cancelled, one of the duplicates does the work.
        """
        over_at = self._clock() + timeout_s
        while True:
            begun = self.begin(key)
            if isinstance(begun, Cached):
                return begun.result
            if isinstance(begun, New):
                return await _done(begun, fn)
            outcome = await begun.outcome(over_at - self._clock())
            if outcome is not None:
                return _unpacked(outcome)

    async def _outcome(self, work: "_Work[T]", timeout_s: float) -> Outcome[T] | None:
        if self._waiting >= self._bounds.waiting_max:
            raise Shed("duplicates", depth=self._waiting, capacity=self._bounds.waiting_max)
        self._waiting += 1
        try:
            await heard(work.ended, timeout_s)
        finally:
            self._waiting -= 1
        if not work.ended.is_set():
            raise DeadlinePassed("another request for the same is still under way")
        return work.outcome

    def _end(self, work: "_Work[T]", outcome: Outcome[T] | None) -> None:
        """End *work* once; without an outcome it was given up."""
        if work.ended.is_set():
            return
        del self._running[work.key]
        work.outcome = outcome
        work.ended.set()
        if isinstance(outcome, Cached):
            self._keep(work.key, outcome.result)

    def _keep(self, key: str, result: T) -> None:
        size_bytes = self._size_of(result)
        if size_bytes > self._bounds.bytes_max:
            return
        while self._bytes + size_bytes > self._bounds.bytes_max:
            self._drop_oldest()
        self._kept[key] = _Kept(result, size_bytes, self._clock() + self._bounds.ttl_s)
        self._bytes += size_bytes

    def _forget_expired(self) -> None:
        now_s = self._clock()
        while self._kept and next(iter(self._kept.values())).until_s <= now_s:
            self._drop_oldest()

    def _make_room(self) -> None:
        if len(self) < self._bounds.entries_max:
            return
        if not self._kept:
            raise Shed("keys", depth=len(self), capacity=self._bounds.entries_max)
        self._drop_oldest()

    def _drop_oldest(self) -> None:
        self._bytes -= self._kept.pop(next(iter(self._kept))).size_bytes


@dataclass(frozen=True, slots=True)
class New(Generic[T]):
    """Nobody asked before: do the work, then say what came of it.

    As a `with` block it's given up at its end, unless it was said before.
    """

    _deduplicator: Deduplicator[T]
    _work: "_Work[T]"

    def complete(self, result: T) -> None:
        """Answer all who wait and, for some time, who ask."""
        self._deduplicator._end(self._work, Cached(result))  # noqa: SLF001 - its other half.

    def fail(self, error: Exception) -> None:
        """Raise *error* for all who wait; who asks from now on is the first again."""
        failed = Failed(error, error.__traceback__)
        self._deduplicator._end(self._work, failed)  # noqa: SLF001 - as above.

    def __enter__(self) -> "New[T]":
        return self

    def __exit__(self, *_: object) -> None:
        self._deduplicator._end(self._work, None)  # noqa: SLF001 - as above.


@dataclass(frozen=True, slots=True)
class InProgress(Generic[T]):
    """Somebody is at it."""

    _deduplicator: Deduplicator[T]
    _work: "_Work[T]"

    async def wait(self, timeout_s: float) -> T:
        """Their result, or what they raised.

        Raises `GivenUp` where they stopped without either, `DeadlinePassed` where they take longer,
        and `Shed` where too many wait.
        """
        outcome = await self.outcome(timeout_s)
        if outcome is None:
            raise GivenUp("the first request for the same was cancelled: ask again")
        return _unpacked(outcome)

    async def outcome(self, timeout_s: float) -> Outcome[T] | None:
        """How it ended; None where it was given up. Raises as `wait` does."""
        return await self._deduplicator._outcome(self._work, timeout_s)  # noqa: SLF001 - as above.


@dataclass(slots=True)
class _Work(Generic[T]):
    key: str
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    outcome: Outcome[T] | None = None


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    result: T
    size_bytes: int
    until_s: float


async def _done(new: New[T], fn: Callable[[], Awaitable[T]]) -> T:
    with new:
        try:
            result = await fn()
        except Exception as error:
            new.fail(error)
            raise
        new.complete(result)
        return result


def _unpacked(outcome: Outcome[T]) -> T:
    if isinstance(outcome, Failed):
        # Each who waits raises the same error: without this its traceback would grow by each.
        raise outcome.error.with_traceback(outcome.traceback)
    return outcome.result
