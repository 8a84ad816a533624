"""Which episode must go first, kept in order as episodes come and go."""

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from heapq import merge
from typing import Any, Final

from msgspec import Struct

from schema.events import Eviction, MemoryPolicy

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECONDS_PER_HOUR: Final = 3_600_000_000


class Held(Struct, frozen=True, kw_only=True, gc=False):
    """What must be known of a live episode to decide whether it stays."""

    id: str
    entry: int
    """The version of the memory stream that recorded it."""
    importance: float
    timestamp: datetime
    pinned: bool = False
    expires_at: datetime | None = None


class Order:
    """The unpinned episodes in the order in which they must go, by the rule of one policy.

    While all ages grow alike, fading changes no order: `importance · 2^(−age / half_life)` grows
    with `log2(importance) + timestamp / half_life`, which stays as it is, so each episode finds
    its place once. Two kinds are looked up by their times instead: what lies in the future has no
    age yet, and what has expired goes before all else.
    """

    def __init__(self, policy: MemoryPolicy, episodes: Iterable[Held] = ()) -> None:
        self._rule = _rule(policy)
        self._places: list[tuple[float, int, int, str]] = []
        """By rank; of equal ranks the earliest, then the one recorded first."""
        self._times: list[tuple[int, int, Held]] = []
        self._expiries: list[tuple[int, int, Held]] = []
        for held in episodes:
            for line, place in self._lines(held):
                line.append(place)
        for every in (self._places, self._times, self._expiries):
            every.sort()

    def follows(self, policy: MemoryPolicy) -> bool:
        """Whether this is the order that *policy* asks for."""
        return self._rule == _rule(policy)

    def __len__(self) -> int:
        return len(self._places)

    def add(self, held: Held) -> None:
        """*held* finds its place; what is pinned has none."""
        for line, place in self._lines(held):
            insort(line, place)

    def remove(self, held: Held) -> None:
        """*held* leaves the place that it found."""
        for line, place in self._lines(held):
            del line[bisect_left(line, place)]

    def ids(self, at: datetime) -> Iterator[str]:
        """All of them, in the order in which they must go at the time *at*."""
        now = _microseconds(at)
        until_now = (now, math.inf)
        expired = self._expiries[: bisect_right(self._expiries, until_now)]
        yield from (held.id for *_, held in expired)
        ahead = self._times[bisect_right(self._times, until_now) :]
        gone = {held.id for *_, held in expired}
        moved = gone.union(held.id for *_, held in ahead)
        settled = (place for place in self._places if place[-1] not in moved)
        ageless = sorted(self._place(held, now) for *_, held in ahead if held.id not in gone)
        yield from (place[-1] for place in merge(settled, ageless))

    def _lines(self, held: Held) -> Iterator[tuple[list[Any], tuple[Any, ...]]]:
        """Where *held* stands, and as what."""
        if held.pinned:
            return
        since = _microseconds(held.timestamp)
        yield self._places, self._place(held, since)
        if self._rule[1] is not None:
            yield self._times, (since, held.entry, held)
        if held.expires_at is not None:
            yield self._expiries, (_microseconds(held.expires_at), held.entry, held)

    def _place(self, held: Held, fading_since: int) -> tuple[float, int, int, str]:
        rank = _rank(self._rule, held.importance, fading_since)
        return rank, _microseconds(held.timestamp), held.entry, held.id


def _rule(policy: MemoryPolicy) -> tuple[Eviction, float | None]:
    """The part of *policy* that the order depends on; being the oldest does not fade."""
    fades = policy.eviction is Eviction.LOWEST_IMPORTANCE
    return policy.eviction, policy.half_life_hours if fades else None


def _rank(rule: tuple[Eviction, float | None], importance: float, since: int) -> float:
    eviction, half_life = rule
    if eviction is Eviction.OLDEST:
        return 0.0
    if half_life is None:
        return importance
    if importance <= 0:
        return -math.inf
    return math.log2(importance) + since / (half_life * MICROSECONDS_PER_HOUR)


def _microseconds(moment: datetime) -> int:
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
