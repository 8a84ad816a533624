"""What the guards cost around a call that does nothing: all five of them, as a session has them."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from statistics import median
from time import perf_counter
from typing import Final

from eventlog.database import Database
from service.bench.bench import Bench, Budget, Contest, Sample
from service.guarded import RULES, Guards
from service.orchestrator.backpressure import Backpressure
from service.orchestrator.deduplicator import Bounds, Deduplicator
from service.orchestrator.pipeline import Pipeline, Stage
from service.orchestrator.shared_breaker import open_shared_breakers

CALLS_AT_ONCE: Final = 500
"""Between two looks at the clock that ends the round."""
MODEL: Final = "scripted:nothing"
TIMEOUT_S: Final = 120.0


def guards_bench(*budgets: Budget) -> Bench:
    """One call after another, each with a key of its own; breakers are shared over the database.

    The value is what one call takes, at the median; `p99_us` what it takes at most in 99 of 100.
    """

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with open_shared_breakers(database) as breakers:
            calls = _Calls(Guards(breakers, RULES))
            await calls.measure(0.1)
            yield Contest(calls.measure)

    params = {"parts": 5, "stages": 2}
    return Bench(name="guards", params=params, unit="us", prepare=prepare, budgets=budgets)


class _Calls:
    """Calls of nothing."""

    def __init__(self, guards: Guards) -> None:
        self._guards = guards
        self._asked: Deduplicator[str] = Deduplicator(Bounds(ttl_s=1), size_of=len)
        self._room = Backpressure(capacity=200, soft_limit=150)
        self._prompt = Pipeline([Stage(name="trim", run=str.strip)])
        self._answer = Pipeline([Stage(name="lower", run=str.lower)])
        self._keys = map(str, count())

    async def measure(self, round_s: float) -> Sample:
        """Call for so long."""
        took: list[float] = []
        gc.collect()
        until_s = perf_counter() + round_s
        while perf_counter() < until_s:
            for _ in range(CALLS_AT_ONCE):
                key = next(self._keys)
                began_s = perf_counter()
                await self._asked.call(key, self._request, timeout_s=TIMEOUT_S)
                took.append(perf_counter() - began_s)
        took.sort()
        p99_s = took[int(len(took) * 0.99)]
        return Sample(value=median(took) * 1e6, also={"p99_us": p99_s * 1e6})

    async def _request(self) -> str:
        with self._room.admit():
            prompt = await self._prompt.run(" Yes ")

            async def nothing() -> str:
                return prompt

            answer = await self._guards.ask(
                MODEL, nothing, timeout_s=TIMEOUT_S, open_wait_s=TIMEOUT_S
            )
            return await self._answer.run(answer)
