"""Deduplication, against a model of a few lines and on a clock that takes no time."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schema.errors import DeadlinePassed, GivenUp, Invalid, Shed
from service.orchestrator.deduplicator import Bounds, Cached, Deduplicator, InProgress, New
from tests.unit.service.orchestrator.moved_clock import now_s, run, runner, settle

TTL_S = 100.0
STEP_S = 30.0
"""No number of them makes a TTL."""
WAIT_S = 70.0
KEYS = st.sampled_from("abcd")


def deduplicator(**given: Any) -> Deduplicator[str]:
    bounds = Bounds(**{"ttl_s": TTL_S, **given})
    return Deduplicator(bounds, size_of=lambda text: len(text.encode()), clock=now_s)


@dataclass
class Asked:
    """Who was first for a key, and who waits for them, each with what is left of their time."""

    new: New[str]
    waiting: list[tuple["asyncio.Task[str]", float]] = field(default_factory=list)


class Requests(RuleBasedStateMachine):
    """The model: what is under way, and results with the rest of their time, oldest first."""

    @initialize(entries_max=st.integers(1, 4), bytes_max=st.sampled_from([12, 5, 8, 0]))
    def begin_all(self, entries_max: int, bytes_max: int) -> None:
        self.on = runner()
        self.bounds = Bounds(
            ttl_s=TTL_S, entries_max=entries_max, bytes_max=bytes_max, waiting_max=3
        )
        self.deduplicator = Deduplicator[str](
            self.bounds, size_of=len, clock=self.on.get_loop().time
        )
        self.running: dict[str, Asked] = {}
        self.kept: dict[str, tuple[str, float]] = {}

    def run(self, work: Any) -> Any:
        return self.on.get_loop().run_until_complete(work)

    @rule(key=KEYS)
    def ask(self, key: str) -> None:
        if key in self.running:
            self.run(self._wait(key))
        elif key in self.kept:
            assert self.deduplicator.begin(key) == Cached(self.kept[key][0])
        elif len(self.running) == self.bounds.entries_max:
            with pytest.raises(Shed):
                self.deduplicator.begin(key)
        else:
            if len(self.running) + len(self.kept) == self.bounds.entries_max:
                self.kept.pop(next(iter(self.kept)))
            self.running[key] = Asked(self._new(key))

    @rule(key=KEYS, size=st.sampled_from([5, 1, 8, 9]))
    def ask_and_answer(self, key: str, size: int) -> None:
        self.ask(key)
        if key in self.running:
            self.end(key, "completes", size)

    @precondition(lambda self: bool(getattr(self, "running", ())))
    @rule(
        which=st.sampled_from([0, -1]),
        how=st.sampled_from(["completes", "fails", "gives up"]),
        size=st.integers(0, 8),
    )
    def first_ends(self, which: int, how: str, size: int) -> None:
        self.end(list(self.running)[which], how, size)

    def end(self, key: str, how: str, size: int) -> None:
        asked, error, result = self.running.pop(key), KeyError(key), key * size
        match how:
            case "completes":
                asked.new.complete(result)
                self._keep(key, result)
            case "fails":
                asked.new.fail(error)
            case "gives up":
                asked.new.__exit__(None, None, None)
        asked.new.complete("too late")
        answers = self.run(asyncio.wait_for(self._answers(asked), 1.0))
        for answer in answers:
            match how:
                case "completes":
                    assert answer == result
                case "fails":
                    assert answer is error
                case "gives up":
                    assert isinstance(answer, GivenUp)

    @rule(steps=st.integers(1, 3))
    def time_passes(self, steps: int) -> None:
        seconds = steps * STEP_S
        self.run(asyncio.sleep(seconds))
        self.kept = {k: (r, left - seconds) for k, (r, left) in self.kept.items() if left > seconds}
        for asked in self.running.values():
            for waiter, left in asked.waiting:
                assert waiter.done() == (left <= seconds)
                if waiter.done():
                    assert isinstance(waiter.exception(), DeadlinePassed)
            asked.waiting = [(w, left - seconds) for w, left in asked.waiting if left > seconds]

    @invariant()
    def agree(self) -> None:
        if hasattr(self, "deduplicator"):
            self.deduplicator._forget_expired()
            assert len(self.deduplicator) == len(self.running) + len(self.kept)
            assert self.deduplicator.bytes == sum(len(result) for result, _ in self.kept.values())
            assert self.deduplicator.bytes <= self.bounds.bytes_max

    def teardown(self) -> None:
        if hasattr(self, "on"):
            self.on.close()

    async def _wait(self, key: str) -> None:
        first = self.deduplicator.begin(key)
        assert isinstance(first, InProgress)
        if sum(len(asked.waiting) for asked in self.running.values()) == self.bounds.waiting_max:
            with pytest.raises(Shed):
                await first.wait(WAIT_S)
            return
        self.running[key].waiting.append((asyncio.create_task(first.wait(WAIT_S)), WAIT_S))
        await settle()

    async def _answers(self, asked: Asked) -> list[Any]:
        return await asyncio.gather(*(w for w, _ in asked.waiting), return_exceptions=True)

    def _new(self, key: str) -> New[str]:
        new = self.deduplicator.begin(key)
        assert isinstance(new, New)
        return new

    def _keep(self, key: str, result: str) -> None:
        if len(result) > self.bounds.bytes_max:
            return
        while sum(len(r) for r, _ in self.kept.values()) + len(result) > self.bounds.bytes_max:
            self.kept.pop(next(iter(self.kept)))
        self.kept[key] = (result, TTL_S)


TestRequests = Requests.TestCase
TestRequests.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


class Work:
    """Takes a second, and counts how often it was done."""

    def __init__(self, *outcomes: str | Exception) -> None:
        self.outcomes = list(outcomes)
        self.done = 0

    async def __call__(self) -> str:
        self.done += 1
        await asyncio.sleep(1.0)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def asked_by(times: int, work: Work, *, timeout_s: float = 5.0) -> list[Any]:
    same = deduplicator()
    return await asyncio.gather(
        *(same.call("k", work, timeout_s=timeout_s) for _ in range(times)), return_exceptions=True
    )


def test_work_asked_for_by_many_is_done_once_and_answers_all():
    work = Work("done")

    assert run(asked_by(100, work)) == ["done"] * 100
    assert work.done == 1


def test_a_failure_of_the_first_is_the_failure_of_all_who_wait():
    error = ConnectionError("lost")

    assert run(asked_by(20, Work(error))) == [error] * 20


def test_a_failure_heard_by_many_keeps_one_traceback():
    async def depths() -> list[int]:
        answers = await asked_by(50, Work(ConnectionError("lost")))
        tracebacks = []
        tb = answers[0].__traceback__
        while tb is not None:
            tracebacks.append(tb)
            tb = tb.tb_next
        return [len(tracebacks)]

    assert run(depths())[0] < 12


def test_after_a_failure_the_next_who_asks_is_the_first_again():
    async def asked() -> str:
        same, work = deduplicator(), Work(ConnectionError("lost"), "done")
        with pytest.raises(ConnectionError):
            await same.call("k", work, timeout_s=1.0)
        return await same.call("k", work, timeout_s=1.0)

    assert run(asked()) == "done"


def test_a_result_answers_until_its_time_is_over():
    async def asked() -> list[str]:
        same, work = deduplicator(), Work("old", "new")
        answers = [await same.call("k", work, timeout_s=1.0)]
        await asyncio.sleep(TTL_S - 1)
        answers.append(await same.call("k", work, timeout_s=1.0))
        await asyncio.sleep(1)
        answers.append(await same.call("k", work, timeout_s=1.0))
        return answers

    assert run(asked()) == ["old", "old", "new"]


def test_work_that_outlasts_the_time_of_a_result_is_not_begun_a_second_time():
    async def asked() -> tuple[list[Any], int]:
        same, begun = deduplicator(), 0

        async def long() -> str:
            nonlocal begun
            begun += 1
            await asyncio.sleep(3 * TTL_S)
            return "done"

        first = asyncio.create_task(same.call("k", long, timeout_s=1.0))
        await asyncio.sleep(2 * TTL_S)
        second = asyncio.create_task(same.call("k", long, timeout_s=2 * TTL_S))
        return [await first, await second], begun

    assert run(asked()) == (["done", "done"], 1)


def test_who_waited_long_enough_is_told_so_and_the_work_goes_on():
    async def asked() -> list[Any]:
        same, work = deduplicator(), Work("done")
        calls = [same.call("k", work, timeout_s=timeout_s) for timeout_s in (0.5, 0.5, 1.5)]
        return await asyncio.gather(*calls, return_exceptions=True)

    first, impatient, patient = run(asked())

    assert (first, patient) == ("done", "done")
    assert isinstance(impatient, DeadlinePassed)


def test_when_the_first_is_cancelled_one_who_waits_does_the_work():
    async def asked() -> tuple[list[str], int]:
        same, work = deduplicator(), Work("done", "twice")
        first = asyncio.create_task(same.call("k", work, timeout_s=9.0))
        await settle()
        others = [asyncio.create_task(same.call("k", work, timeout_s=9.0)) for _ in range(5)]
        await asyncio.sleep(0.5)
        first.cancel()
        return await asyncio.gather(*others), work.done

    assert run(asked()) == (["done"] * 5, 2)


def test_who_waits_for_one_after_another_waits_no_longer_than_they_said():
    async def endless() -> str:
        await asyncio.Event().wait()
        return "never"

    async def asked() -> float:
        same = deduplicator()
        firsts = [asyncio.create_task(same.call("k", endless, timeout_s=30.0)) for _ in range(2)]
        await settle()
        waiter = asyncio.create_task(same.call("k", endless, timeout_s=9.0))
        await asyncio.sleep(6.0)
        firsts[0].cancel()
        with pytest.raises(DeadlinePassed):
            await waiter
        assert not firsts[1].done()
        return now_s()

    assert run(asked()) == pytest.approx(9.0, abs=0.01)


def test_a_waiter_that_is_cancelled_disturbs_nobody_and_leaves_its_place():
    async def asked() -> str:
        same, work = deduplicator(waiting_max=1), Work("done")
        first = asyncio.create_task(same.call("k", work, timeout_s=9.0))
        await settle()
        for _ in range(3):
            waiter = asyncio.create_task(same.call("k", work, timeout_s=9.0))
            await settle()
            waiter.cancel()
            await settle()
            assert waiter.cancelled()
        return await first

    assert run(asked()) == "done"


def test_a_block_that_ends_without_an_outcome_gives_the_key_up():
    async def asked() -> None:
        same = deduplicator()
        new = same.begin("k")
        waiter = same.begin("k")
        assert isinstance(new, New)
        assert isinstance(waiter, InProgress)
        with pytest.raises(ValueError, match="x"), new:
            raise ValueError("x")
        with pytest.raises(GivenUp):
            await waiter.wait(1.0)
        assert isinstance(same.begin("k"), New)

    run(asked())


@pytest.mark.parametrize("key", ["", "k" * 513])
def test_a_key_of_no_length_or_beyond_all_is_refused(key: str):
    async def asked() -> None:
        deduplicator().begin(key)

    with pytest.raises(Invalid):
        run(asked())


@pytest.mark.parametrize(
    ("field", "value"),
    [("ttl_s", 0.0), ("ttl_s", float("inf")), ("entries_max", 0), ("bytes_max", -1)],
)
def test_bounds_that_make_no_sense_are_refused(field: str, value: float):
    with pytest.raises(Invalid) as raised:
        deduplicator(**{field: value})

    assert raised.value.field == field
