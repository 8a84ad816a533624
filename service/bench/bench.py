"""What a bench is: one figure of ours, taken in rounds, beside the floor it is measured against."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TypeAlias

from eventlog.database import Database

Param: TypeAlias = str | int


@dataclass(frozen=True)
class Sample:
    """What one round gave."""

    value: float
    latencies_ms: Sequence[float] = ()
    """Of each single operation, where the bench times them."""
    also: Mapping[str, float] = field(default_factory=dict)
    """Further figures of the same round, by name; the name ends with the unit."""


RoundFn: TypeAlias = Callable[[float], Awaitable[Sample]]
"""Works for about so many seconds, or once through a fixed amount of work that takes longer."""


GroundFn: TypeAlias = Callable[[Database], Awaitable[None]]


@dataclass(frozen=True)
class Contest:
    """The two that take turns."""

    ours: RoundFn
    floor: RoundFn | None = None
    """The same on bare asyncpg, as good as it can be made; None where there is no such thing."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a figure must keep to; `figure` is a name in the bench's line."""

    figure: str
    at_least: float | None = None
    at_most: float | None = None

    def met(self, figure: float) -> bool:
        """Whether *figure* keeps to it."""
        enough = self.at_least is None or figure >= self.at_least
        return enough and (self.at_most is None or figure <= self.at_most)

    def __str__(self) -> str:
        least = [] if self.at_least is None else [f"≥ {self.at_least:g}"]
        most = [] if self.at_most is None else [f"≤ {self.at_most:g}"]
        return " ".join([self.figure, *least, *most])


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One thing that is measured, in a fresh database: its own, unless it stands on a ground."""

    name: str
    params: Mapping[str, Param]
    unit: str
    prepare: Callable[[Database], AbstractAsyncContextManager[Contest]]
    """Makes ready what the rounds need; none of its time counts."""
    budgets: tuple[Budget, ...]
    ground: GroundFn | None = None
    """Fills a database for all benches that stand on the same, one after another."""
