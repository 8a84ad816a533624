"""Takes a bench's rounds, ours and the floor's in turn, and sums them up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from service.bench.bench import Bench, Budget, Contest, Param, RoundFn, Sample
from service.bench.figures import percentile


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """How long is measured."""

    count: int = 5
    round_s: float = 3.0


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a bench came to: medians over its rounds."""

    name: str
    params: Mapping[str, Param]
    value: float
    unit: str
    floor: float | None
    ratio: float | None
    """The median of each round's own ratio: what slows both in one round takes no side."""
    p50_ms: float | None
    p99_ms: float | None
    floor_p99_ms: float | None
    range: tuple[float, float]
    floor_range: tuple[float, float] | None
    ratio_range: tuple[float, float] | None
    rounds: int
    also: Mapping[str, float]
    budgets: tuple[Budget, ...]

    @property
    def figures(self) -> dict[str, float]:
        """Everything that a budget may speak of, by name."""
        named = {"value": self.value, **self.also}
        if self.ratio is not None:
            named["ratio"] = self.ratio
        if self.p99_ms is not None and self.floor_p99_ms is not None:
            named["p99_ratio"] = self.p99_ms / self.floor_p99_ms
        return named

    @property
    def missed(self) -> tuple[Budget, ...]:
        """The budgets that were not kept."""
        figures = self.figures
        return tuple(budget for budget in self.budgets if not budget.met(figures[budget.figure]))


async def measure(
    contest: Contest, bench: Bench, rounds: Rounds, on_round: Callable[[], None]
) -> Result:
    """Let both work in turn, the one that begins changing; *on_round* is told after each turn."""
    ours: list[Sample] = []
    floors: list[Sample] = []
    sides: list[tuple[RoundFn, list[Sample]]] = [(contest.ours, ours)]
    if contest.floor is not None:
        sides.append((contest.floor, floors))
    for _ in range(rounds.count):
        for work, samples in sides:
            samples.append(await work(rounds.round_s))
            on_round()
        sides.reverse()
    return summed_up(bench, ours, floors)


def summed_up(bench: Bench, ours: Sequence[Sample], floors: Sequence[Sample]) -> Result:
    """One result of all rounds; latencies are taken together."""
    ratios = [our.value / floor.value for our, floor in zip(ours, floors, strict=bool(floors))]
    latencies = [ms for sample in ours for ms in sample.latencies_ms]
    floor_latencies = [ms for sample in floors for ms in sample.latencies_ms]
    return Result(
        name=bench.name,
        params=bench.params,
        value=median(sample.value for sample in ours),
        unit=bench.unit,
        floor=median(sample.value for sample in floors) if floors else None,
        ratio=median(ratios) if ratios else None,
        p50_ms=percentile(latencies, 50) if latencies else None,
        p99_ms=percentile(latencies, 99) if latencies else None,
        floor_p99_ms=percentile(floor_latencies, 99) if floor_latencies else None,
        range=_range([sample.value for sample in ours]),
        floor_range=_range([sample.value for sample in floors]) if floors else None,
        ratio_range=_range(ratios) if ratios else None,
        rounds=len(ours),
        also={name: median(sample.also[name] for sample in ours) for name in ours[0].also},
        budgets=bench.budgets,
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)
