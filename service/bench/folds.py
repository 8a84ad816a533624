"""Folding a session's events into its state: pure, and linear however long the session is."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Final

from eventlog.database import Database
from schema.events import Event
from service.agent.session import fold
from service.bench.bench import Bench, Budget, Contest, Sample
from service.bench.facts import whole_session
from service.bench.figures import exponent

LENGTHS: Final = (12_500, 25_000, 50_000, 100_000)
"""None so short that it would fit into a processor's cache, which no long one does."""
TEXT_BYTES: Final = 64
"""The fold shares texts and never looks at them."""


def fold_bench(*budgets: Budget) -> Bench:
    """Events per second at the greatest length; the exponent says how time grows with length."""

    @asynccontextmanager
    async def prepare(_database: Database) -> AsyncIterator[Contest]:
        facts = list(whole_session(LENGTHS[-1] // 3, TEXT_BYTES))

        async def ours(round_s: float) -> Sample:
            return _measure(facts, round_s)

        yield Contest(ours)

    params = {"events": LENGTHS[-1]}
    return Bench(name="fold", params=params, unit="events/s", prepare=prepare, budgets=budgets)


def _measure(facts: Sequence[Event], round_s: float) -> Sample:
    best_s = [_best_s(facts[:length], round_s / len(LENGTHS)) for length in LENGTHS]
    growth = exponent([float(length) for length in LENGTHS], best_s)
    return Sample(LENGTHS[-1] / best_s[-1], also={"growth_exponent": growth})


def _best_s(facts: Sequence[Event], round_s: float) -> float:
    """The shortest of the folds that fit into *round_s*: what lengthens one is never the fold."""
    until = perf_counter() + round_s
    best_s = float("inf")
    while best_s == float("inf") or perf_counter() < until:
        began = perf_counter()
        fold(facts)
        best_s = min(best_s, perf_counter() - began)
    return best_s
