"""Trying again: what may succeed is asked again, after ever longer waits, until a deadline."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import isfinite
from typing import Final, TypeVar

import stamina

from schema.errors import AgentRuntimeError, DeadlinePassed, Invalid

T = TypeVar("T")

WAIT_MAX_S: Final = 60.0
DOUBLINGS_MAX: Final = 64
"""Beyond them a wait has long come to its maximum, and a float would overflow."""

RETRYABLE_STATUSES: Final = frozenset({408, 409, 429})


@dataclass(frozen=True, kw_only=True)
class Retrying:
    """A failed attempt that will be followed by another."""

    attempt: int
    """The one that failed, from 1."""
    wait_s: float
    error: Exception


def untold(_: Retrying) -> None:
    """Tell nobody."""


def status_may_succeed(status: int) -> bool:
    """Whether another request may be answered where this one got *status* from an HTTP server."""
    return status in RETRYABLE_STATUSES or status >= 500  # noqa: PLR2004 - HTTP's own line.


def may_succeed(error: Exception) -> bool:
    """Whether trying again may help: our own errors know; else timeouts and lost connections."""
    if isinstance(error, AgentRuntimeError):
        return error.retryable
    return isinstance(error, TimeoutError | ConnectionError)


def full_wait_s(attempt: int, base_s: float, max_s: float = WAIT_MAX_S) -> float:
    """The longest wait after the *attempt*-th failure (from 1): doubling, at most *max_s*."""
    doublings = min(max(attempt, 1) - 1, DOUBLINGS_MAX)
    return min(base_s * 2.0**doublings, max_s)


@dataclass(frozen=True, kw_only=True)
class Retry:
    """Calls a function until it succeeds, fails for good, or the time is up.

    The wait between two attempts is drawn evenly from 0 to `full_wait_s`, so that callers who
    failed together don't come back together. Who failed with a `retry_after_s` is not asked sooner
    than that. An error that isn't followed by another attempt is raised as it is.
    """

    attempts: int
    base_s: float
    deadline_s: float
    """For all attempts and waits together; an attempt that is under way then is cancelled."""
    wait_max_s: float = WAIT_MAX_S
    may_succeed: Callable[[Exception], bool] = may_succeed
    on_retry: Callable[[Retrying], None] = untold

    def __post_init__(self) -> None:
        """Refuse what could not be done."""
        if self.attempts < 1:
            raise Invalid("attempts", f"{self.attempts} is less than 1")
        for field in ("base_s", "deadline_s", "wait_max_s"):
            value = getattr(self, field)
            if not (isfinite(value) and value > 0):
                raise Invalid(field, f"{value} is not a number of seconds above 0")

    async def call(self, fn: Callable[[], Awaitable[T]]) -> T:
        """What *fn* returns; raises its last error, or `DeadlinePassed`."""
        course = _Course(self)
        try:
            async with asyncio.timeout_at(course.over_at) as limit:
                try:
                    return await fn()
                except Exception as error:
                    if not self.may_succeed(error):
                        raise
                    first = error
                return await course.follow(fn, first)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise DeadlinePassed(
                f"{self.deadline_s:g} s were over in attempt {course.failed + 1}"
            ) from (course.latest or error)


class _Course:
    """The attempts of one call."""

    def __init__(self, retry: Retry) -> None:
        self._retry = retry
        self._clock = asyncio.get_running_loop().time
        self.over_at = self._clock() + retry.deadline_s
        self.failed = 0
        self.latest: Exception | None = None

    async def follow(self, fn: Callable[[], Awaitable[T]], first: Exception) -> T:
        """Go on after *first*; what answers at once never pays for setting this up."""
        attempts = stamina.retry_context(
            on=self._pause, attempts=self._retry.attempts, timeout=None
        )
        async for attempt in attempts:
            with attempt:
                if attempt.num == 1:
                    raise first
                return await fn()
        raise AssertionError("the last attempt returns or raises")

    def _pause(self, error: BaseException) -> bool | float:
        """How long to wait after *error* in seconds; False: it was the last."""
        if not isinstance(error, Exception):
            return False  # A cancellation passes, whatever `may_succeed` would say of it.
        self.failed += 1
        self.latest = error
        retry = self._retry
        if self.failed >= retry.attempts or not retry.may_succeed(error):
            return False
        full_s = full_wait_s(self.failed, retry.base_s, retry.wait_max_s)
        jitter_s = random.uniform(0, full_s)  # noqa: S311 - spreads load, hides nothing.
        wait_s = _asked_s(error) + jitter_s
        if self._clock() + wait_s >= self.over_at:
            return False
        retry.on_retry(Retrying(attempt=self.failed, wait_s=wait_s, error=error))
        return wait_s


def _asked_s(error: Exception) -> float:
    """How long the other side asked us to wait, in seconds; 0 if it didn't."""
    asked = getattr(error, "retry_after_s", None)
    return asked if isinstance(asked, int | float) and asked > 0 else 0.0
