"""Backpressure."""

import asyncio
from contextlib import ExitStack

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schema.errors import Invalid, Shed
from service.orchestrator.backpressure import Backpressure, Pressure
from tests.unit.service.orchestrator.moved_clock import run


class Admissions(RuleBasedStateMachine):
    """The model: a list of what is under way, and a count of the crossings."""

    @initialize(capacity=st.integers(2, 6), soft=st.integers(1, 5))
    def begin(self, capacity: int, soft: int) -> None:
        self.told: list[Pressure] = []
        self.soft = min(soft, capacity - 1)
        self.guard = Backpressure(
            capacity=capacity, soft_limit=self.soft, on_pressure=self.told.append
        )
        self.under_way: list[ExitStack] = []
        self.crossings = 0

    @rule()
    def admit(self) -> None:
        permit = ExitStack()
        if len(self.under_way) == self.guard.capacity:
            with pytest.raises(Shed) as raised:
                permit.enter_context(self.guard.admit())
            assert (raised.value.depth, raised.value.capacity) == (self.guard.capacity,) * 2
            return
        permit.enter_context(self.guard.admit())
        self.under_way.append(permit)
        self.crossings += len(self.under_way) == self.soft

    @precondition(lambda self: bool(getattr(self, "under_way", ())))
    @rule(which=st.integers(0, 5))
    def leave(self, which: int) -> None:
        self.under_way.pop(which % len(self.under_way)).close()

    @invariant()
    def agree(self) -> None:
        if hasattr(self, "guard"):
            assert self.guard.depth == len(self.under_way)
            assert len(self.told) == self.crossings


TestAdmissions = Admissions.TestCase
TestAdmissions.settings = settings(max_examples=60, deadline=None)


def test_what_is_shed_is_told_how_deep_it_is_and_may_come_again():
    guard = Backpressure(capacity=1, what="sessions")

    with guard.admit(), pytest.raises(Shed, match="1 sessions are under way, and 1 fit") as raised:
        guard.admit().__enter__()

    assert raised.value.retryable


def test_a_place_is_free_again_whatever_the_block_was_left_with():
    guard = Backpressure(capacity=1)

    for error in (ValueError(), KeyboardInterrupt(), asyncio.CancelledError()):
        with pytest.raises(type(error)), guard.admit():
            raise error

    assert guard.depth == 0


def test_a_place_is_free_again_when_the_one_who_is_warned_fails():
    def faulty(_: Pressure) -> None:
        raise OSError("no log")

    guard = Backpressure(capacity=2, soft_limit=1, on_pressure=faulty)

    with pytest.raises(OSError, match="no log"), guard.admit():
        pass

    assert guard.depth == 0


@pytest.mark.parametrize("turns", range(8))
def test_no_place_is_lost_at_whatever_await_a_task_is_cancelled(turns: int):
    async def session(guard: Backpressure) -> None:
        await asyncio.sleep(0)
        with guard.admit():
            await asyncio.sleep(0)
            try:
                await asyncio.sleep(0)
            finally:
                await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def cancelled() -> int:
        guard = Backpressure(capacity=3)
        tasks = [asyncio.create_task(session(guard)) for _ in range(3)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return guard.depth

    assert run(cancelled()) == 0


@pytest.mark.parametrize(
    ("capacity", "soft_limit", "field"),
    [(0, None, "capacity"), (1, 1, "soft_limit"), (4, 0, "soft_limit"), (4, 4, "soft_limit")],
)
def test_limits_that_make_no_sense_are_refused(capacity: int, soft_limit: int | None, field: str):
    with pytest.raises(Invalid) as raised:
        Backpressure(capacity=capacity, soft_limit=soft_limit)

    assert raised.value.field == field
