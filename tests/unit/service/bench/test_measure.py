from contextlib import AbstractAsyncContextManager

from eventlog.database import Database
from service.bench.bench import Bench, Budget, Contest, Sample
from service.bench.measure import Rounds, measure, summed_up


def unprepared(_database: Database) -> AbstractAsyncContextManager[Contest]:
    raise AssertionError("nothing is prepared here")


def bench(*budgets: Budget) -> Bench:
    return Bench(
        name="append", params={"sessions": 1}, unit="events/s", prepare=unprepared, budgets=budgets
    )


class Taking:
    """Notes whose turn it is, and gives the next sample."""

    def __init__(self, side: str, order: list[str], values: list[float]) -> None:
        self._side = side
        self._order = order
        self._values = iter(values)

    async def measure(self, _round_s: float) -> Sample:
        self._order.append(self._side)
        return Sample(next(self._values))


async def test_ours_and_the_floor_take_turns_and_change_who_begins():
    order: list[str] = []
    contest = Contest(
        Taking("ours", order, [1, 1, 1]).measure, Taking("floor", order, [1, 1, 1]).measure
    )

    await measure(contest, bench(), Rounds(count=3, round_s=0), lambda: None)

    assert order == ["ours", "floor", "floor", "ours", "ours", "floor"]


async def test_progress_is_told_after_each_turn():
    told: list[None] = []
    contest = Contest(Taking("ours", [], [1, 1]).measure)

    await measure(contest, bench(), Rounds(count=2, round_s=0), lambda: told.append(None))

    assert len(told) == 2


def test_the_ratio_is_the_median_of_the_rounds_own_ratios():
    ours = [Sample(10.0), Sample(50.0), Sample(40.0)]
    floors = [Sample(10.0), Sample(100.0), Sample(20.0)]

    result = summed_up(bench(), ours, floors)

    assert (result.value, result.floor, result.ratio) == (40.0, 20.0, 1.0)
    assert result.ratio_range == (0.5, 2.0)


def test_latencies_of_all_rounds_are_taken_together():
    ours = [Sample(1.0, [1.0, 2.0]), Sample(1.0, [9.0])]

    result = summed_up(bench(), ours, [])

    assert (result.p50_ms, result.p99_ms, result.floor_p99_ms) == (2.0, 9.0, None)


def test_other_figures_are_medians_too():
    samples = [Sample(1.0, also={"commits": count}) for count in (2.0, 5.0, 3.0)]

    assert summed_up(bench(), samples, []).also == {"commits": 3.0}


def test_a_budget_is_missed_when_its_figure_is_beyond_it():
    kept = Budget(figure="ratio", at_least=0.6)
    missed = Budget(figure="p99_ratio", at_most=1)

    result = summed_up(bench(kept, missed), [Sample(7.0, [3.0])], [Sample(10.0, [2.0])])

    assert result.missed == (missed,)


def test_a_budget_on_another_figure_finds_it():
    budget = Budget(figure="commits", at_most=2)
    samples = [Sample(1.0, also={"commits": 2.5})]

    assert summed_up(bench(budget), samples, []).missed == (budget,)
