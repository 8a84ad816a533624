"""Trying again, on a clock that takes no time."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import (
    Broken,
    DeadlinePassed,
    Invalid,
    ProviderRefused,
    ProviderUnavailable,
    Unavailable,
)
from service.orchestrator.retry import (
    WAIT_MAX_S,
    Retry,
    Retrying,
    full_wait_s,
    may_succeed,
    status_may_succeed,
)
from tests.unit.service.orchestrator.moved_clock import now_s, run

LOST = ConnectionError("lost")


class Scripted:
    """Answers with what it was given, one after the other; tells when it was called."""

    def __init__(self, *outcomes: object, takes_s: float = 0.0) -> None:
        self.outcomes = list(outcomes)
        self.takes_s = takes_s
        self.called_at: list[float] = []

    async def __call__(self) -> object:
        self.called_at.append(now_s())
        if self.takes_s:
            await asyncio.sleep(self.takes_s)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    @property
    def waits_s(self) -> list[float]:
        return [after - before for before, after in pairwise(self.called_at)]


def retry(**given: Any) -> Retry:
    return Retry(**{"attempts": 4, "base_s": 1.0, "deadline_s": 1_000.0, **given})


def call(retrying: Retry, fn: Callable[[], Awaitable[object]]) -> object:
    return run(retrying.call(fn))


def test_what_succeeds_is_called_once():
    fn = Scripted("done")

    assert call(retry(), fn) == "done"
    assert fn.called_at == [0.0]


def test_what_may_succeed_is_tried_again_until_it_does():
    fn = Scripted(LOST, TimeoutError(), ProviderUnavailable("529"), "done")

    assert call(retry(), fn) == "done"
    assert len(fn.called_at) == 4


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_the_last_error_comes_out_as_it_is_after_so_many_attempts(attempts: int):
    errors = [ConnectionError(str(n)) for n in range(attempts)]
    fn = Scripted(*errors)
    told: list[Retrying] = []

    with pytest.raises(ConnectionError) as raised:
        call(retry(attempts=attempts, on_retry=told.append), fn)

    assert raised.value is errors[-1]
    assert len(fn.called_at) == attempts
    assert [again.error for again in told] == errors[:-1]


@pytest.mark.parametrize(
    "error", [ProviderRefused("400", 400), Invalid("x", "wrong"), Broken("ours"), ValueError("x")]
)
def test_what_cannot_succeed_is_not_tried_again(error: Exception):
    fn = Scripted(LOST, error, "never")

    with pytest.raises(type(error)):
        call(retry(), fn)

    assert len(fn.called_at) == 2


def test_only_errors_of_the_world_may_succeed_another_time():
    assert [may_succeed(e) for e in (TimeoutError(), LOST, Unavailable("x"))] == [True] * 3
    assert [may_succeed(e) for e in (Broken("x"), Invalid("f", "x"), KeyError())] == [False] * 3


def test_of_answers_over_http_timeouts_conflicts_limits_and_outages_may_succeed():
    passing = [status for status in range(200, 600) if status_may_succeed(status)]

    assert passing == [408, 409, 429, *range(500, 600)]


@given(st.integers(1, 10_000), st.floats(0.001, 1_000))
def test_waits_double_from_the_base_up_to_a_minute(attempt: int, base_s: float):
    assert full_wait_s(1, base_s) == min(base_s, WAIT_MAX_S)
    assert full_wait_s(attempt + 1, base_s) == min(2 * full_wait_s(attempt, base_s), WAIT_MAX_S)


@given(st.integers(2, 8))
def test_each_wait_is_drawn_from_all_of_its_range(attempts: int):
    told: list[Retrying] = []
    fn = Scripted(*[LOST] * (attempts - 1), "done")

    call(retry(attempts=attempts, on_retry=told.append), fn)

    assert [t.attempt for t in told] == list(range(1, attempts))
    assert all(0 <= t.wait_s <= full_wait_s(t.attempt, 1.0) for t in told)
    assert fn.waits_s == pytest.approx([t.wait_s for t in told])


def test_callers_who_failed_together_come_back_apart():
    told: list[Retrying] = []
    for _ in range(200):
        call(retry(on_retry=told.append), Scripted(LOST, "done"))

    waits = sorted(t.wait_s for t in told)
    assert waits[20] < 0.3
    assert waits[-20] > 0.7


@given(st.floats(0.1, 300))
def test_nobody_is_asked_sooner_than_they_asked_for(retry_after_s: float):
    fn = Scripted(ProviderUnavailable("429", retry_after_s), "done")

    call(retry(), fn)

    assert retry_after_s <= fn.waits_s[0] + 1e-6 <= retry_after_s + 1.0 + 1e-5


@pytest.mark.parametrize("retry_after_s", [0, -3.0, float("nan"), None, "soon"])
def test_a_wait_that_makes_no_sense_is_not_honoured(retry_after_s: Any):
    fn = Scripted(ProviderUnavailable("429", retry_after_s), "done")

    assert call(retry(), fn) == "done"
    assert fn.waits_s[0] <= 1.0


@pytest.mark.parametrize("retry_after_s", [30.0, float("inf")])
def test_a_wait_beyond_the_deadline_is_not_begun(retry_after_s: float):
    asked = ProviderUnavailable("429", retry_after_s)

    async def timed() -> float:
        with pytest.raises(ProviderUnavailable) as raised:
            await retry(deadline_s=30.0).call(Scripted(asked))
        assert raised.value is asked
        return now_s()

    assert run(timed()) == 0.0


def test_an_attempt_under_way_at_the_deadline_is_cancelled():
    fn = Scripted(LOST, "too late", takes_s=20.0)

    async def timed() -> float:
        with pytest.raises(DeadlinePassed, match="30 s were over in attempt 2") as raised:
            await retry(deadline_s=30.0).call(fn)
        assert raised.value.__cause__ is LOST
        assert raised.value.retryable
        return now_s()

    assert run(timed()) == pytest.approx(30.0, abs=0.01)


def test_a_timeout_of_the_function_itself_is_no_deadline():
    own = TimeoutError("its own")

    with pytest.raises(TimeoutError) as raised:
        call(retry(attempts=1), Scripted(own))

    assert raised.value is own


@pytest.mark.parametrize("waits_in", ["first attempt", "pause", "second attempt"])
def test_a_cancellation_passes_whatever_else_would_be_tried_again(waits_in: str):
    fn = Scripted(LOST, "never", takes_s={"first attempt": 50.0, "pause": 0.0}.get(waits_in, 10.0))
    pause_s = 100.0 if waits_in == "pause" else 0.5

    async def cancelled() -> None:
        policy = retry(base_s=pause_s, may_succeed=lambda _: True)
        task = asyncio.create_task(policy.call(fn))
        await asyncio.sleep(15.0 if waits_in != "pause" else 0.0)
        if waits_in == "pause":
            await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        run(cancelled())
    assert len(fn.called_at) == (2 if waits_in == "second attempt" else 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("attempts", 0),
        ("base_s", 0.0),
        ("base_s", float("nan")),
        ("deadline_s", -1.0),
        ("deadline_s", float("inf")),
        ("wait_max_s", 0.0),
    ],
)
def test_what_could_not_be_done_is_refused_before_anything_is_called(field: str, value: float):
    with pytest.raises(Invalid) as raised:
        retry(**{field: value})

    assert raised.value.field == field
