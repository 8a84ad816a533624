"""Breakers of one process, on a clock that takes no time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import settings

from schema.errors import BreakerOpen, Broken, Invalid, ProviderRefused, Shed
from service.orchestrator.breaker import (
    Breaker,
    BreakerMoved,
    BreakerStore,
    LocalBreakers,
    Move,
    Step,
)
from service.orchestrator.circuit import Circuit, Rules, State
from service.orchestrator.retry import Retry
from tests.unit.service.orchestrator.breaker_machine import BreakerMachine
from tests.unit.service.orchestrator.moved_clock import MovedLoop, now_s, run, settle

RULES = Rules(threshold=2, recovery_window_s=30.0, probe_lease_s=15.0)


class LocalMachine(BreakerMachine):
    def open_loop(self) -> asyncio.AbstractEventLoop:
        return MovedLoop()

    async def open_store(self, on_move: Callable[[BreakerMoved], None]) -> BreakerStore:
        return LocalBreakers(clock=self.loop.time, on_move=on_move)

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def close_loop(self) -> None:
        self.loop.close()


TestLocalMachine = LocalMachine.TestCase
TestLocalMachine.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)


def answering(answer: object = "done") -> Callable[[], Awaitable[Any]]:
    async def fn() -> object:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return fn


FAILING = answering(ConnectionError("lost"))


def made(name: str = "model", store: LocalBreakers | None = None, **given: Any) -> Breaker:
    return Breaker(name, RULES, store or LocalBreakers(clock=now_s), **given)


async def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(ConnectionError):
            await breaker.call(FAILING)


async def opened(**given: Any) -> Breaker:
    breaker = made(**given)
    await fail(breaker, RULES.threshold)
    assert breaker.state is State.OPEN
    return breaker


async def after(seconds: float, breaker: Breaker) -> Breaker:
    await asyncio.sleep(seconds)
    return breaker


def test_an_open_breaker_says_whom_it_guards_and_when_to_come_again():
    async def asked() -> BreakerOpen:
        breaker = await opened(name="anthropic")
        await asyncio.sleep(12.0)
        with pytest.raises(BreakerOpen) as raised:
            await breaker.call(answering())
        return raised.value

    error = run(asked())

    assert error.name == "anthropic"
    assert error.retry_after_s == pytest.approx(18.0)
    assert error.retryable


def test_an_error_comes_out_as_the_very_one_that_was_raised():
    async def raised_by(error: BaseException, breaker: Breaker) -> BaseException:
        with pytest.raises(type(error)) as raised:
            await breaker.call(answering(error))
        return raised.value

    async def asked() -> None:
        group = ExceptionGroup("several", [ExceptionGroup("one", [ValueError()])])
        for error in (ValueError("x"), ProviderRefused("x"), group):
            assert await raised_by(error, made()) is error
            probe = await after(31.0, await opened())
            assert await raised_by(error, probe) is error

    run(asked())


@pytest.mark.parametrize("error", [Invalid("x", "y"), Broken("x"), Shed("x", depth=1, capacity=1)])
def test_what_the_caller_did_wrong_opens_nothing(error: Exception):
    async def asked() -> State:
        breaker = made()
        for _ in range(5):
            with pytest.raises(type(error)):
                await breaker.call(answering(error))
        return breaker.state

    assert run(asked()) is State.CLOSED


def test_a_caller_may_say_what_counts():
    async def asked() -> State:
        breaker = made(counts=lambda error: isinstance(error, KeyError))
        await fail(breaker, 5)
        return breaker.state

    assert run(asked()) is State.CLOSED


def test_a_success_ends_a_row_of_failures():
    async def asked() -> State:
        breaker = made()
        for _ in range(5):
            await fail(breaker, RULES.threshold - 1)
            await breaker.call(answering())
        return breaker.state

    assert run(asked()) is State.CLOSED


def test_of_many_who_come_when_the_window_is_over_one_passes():
    async def asked() -> tuple[int, list[object]]:
        breaker = await after(31.0, await opened())
        started = 0

        async def slow() -> str:
            nonlocal started
            started += 1
            await asyncio.sleep(5.0)
            return "done"

        answers = await asyncio.gather(
            *(breaker.call(slow) for _ in range(50)), return_exceptions=True
        )
        return started, list(answers)

    started, answers = run(asked())

    assert started == 1
    assert answers[0] == "done"
    assert all(isinstance(answer, BreakerOpen) for answer in answers[1:])


def test_a_probe_stays_the_only_one_however_long_it_takes():
    async def asked() -> tuple[str, State]:
        breaker = await after(31.0, await opened())

        async def long() -> str:
            await asyncio.sleep(10 * RULES.probe_lease_s)
            return "done"

        probe = asyncio.create_task(breaker.call(long))
        for _ in range(9):
            await asyncio.sleep(RULES.probe_lease_s)
            with pytest.raises(BreakerOpen):
                await breaker.call(answering())
        return await probe, breaker.state

    assert run(asked()) == ("done", State.CLOSED)


def test_a_cancelled_probe_leaves_room_for_the_next_at_once():
    async def asked() -> State:
        breaker = await after(31.0, await opened())
        probe = asyncio.create_task(breaker.call(asyncio.Event().wait))
        await settle()
        probe.cancel()
        with pytest.raises(asyncio.CancelledError):
            await probe
        assert breaker.state is State.HALF_OPEN
        await breaker.call(answering())
        return breaker.state

    assert run(asked()) is State.CLOSED


def test_a_call_from_before_the_opening_has_nothing_to_say_any_more():
    async def asked() -> list[State]:
        breaker = made()
        go = asyncio.Event()

        async def late(answer: str) -> str:
            await go.wait()
            if answer == "fails":
                raise ConnectionError
            return answer

        calls = [asyncio.create_task(breaker.call(lambda a=a: late(a))) for a in ("fails", "done")]  # type: ignore[misc]
        await settle()
        await fail(breaker, RULES.threshold)
        seen = [breaker.state]
        go.set()
        await asyncio.gather(*calls, return_exceptions=True)
        seen.append(breaker.state)
        await asyncio.sleep(29.0)
        with pytest.raises(BreakerOpen):
            await breaker.call(answering())
        return seen

    assert run(asked()) == [State.OPEN, State.OPEN]


class OthersWereFaster:
    """A store that knows of an open circuit, of which others took the probe by now."""

    def __init__(self, by_now: Circuit) -> None:
        self.by_now = by_now

    def known(self, name: str) -> tuple[Circuit, float]:  # noqa: ARG002 - it has one.
        return Circuit(state=State.OPEN, generation=1, until_s=30.0), 31.0

    async def change(self, name: str, step: Step) -> Move:  # noqa: ARG002 - as above.
        return Move(before=self.by_now, after=step(self.by_now, 31.0), now_s=31.0)


def test_who_finds_the_probe_taken_by_others_is_refused_until_its_lease_is_over():
    taken = Circuit(state=State.HALF_OPEN, generation=2, until_s=40.0)

    with pytest.raises(BreakerOpen) as raised:
        run(Breaker("model", RULES, OthersWereFaster(taken)).call(answering()))

    assert raised.value.retry_after_s == pytest.approx(9.0)


def test_who_finds_the_breaker_closed_by_others_calls():
    closed = Circuit(generation=3)

    assert run(Breaker("model", RULES, OthersWereFaster(closed)).call(answering())) == "done"


def test_breakers_of_one_store_stand_apart_by_name():
    async def asked() -> tuple[State, State]:
        store = LocalBreakers(clock=now_s)
        await opened(name="tool:grep", store=store)
        other = made("tool:now", store)
        await other.call(answering())
        return made("tool:grep", store).state, other.state

    assert run(asked()) == (State.OPEN, State.CLOSED)


def test_each_move_is_told_once():
    moved: list[BreakerMoved] = []

    async def asked() -> None:
        store = LocalBreakers(clock=now_s, on_move=moved.append)
        breaker = await after(31.0, await opened(store=store))
        await fail(breaker, 1)
        await asyncio.sleep(31.0)
        await breaker.call(answering())
        await breaker.call(answering())

    run(asked())

    assert [(move.before, move.after, move.failures) for move in moved] == [
        (State.CLOSED, State.OPEN, 2),
        (State.OPEN, State.HALF_OPEN, 2),
        (State.HALF_OPEN, State.OPEN, 3),
        (State.OPEN, State.HALF_OPEN, 3),
        (State.HALF_OPEN, State.CLOSED, 0),
    ]


def test_a_call_with_its_retries_is_one_call_to_the_breaker():
    async def asked() -> tuple[int, State]:
        called = 0

        async def fn() -> str:
            nonlocal called
            called += 1
            raise ConnectionError

        breaker = made()
        retry = Retry(attempts=3, base_s=1.0, deadline_s=60.0)
        with pytest.raises(ConnectionError):
            await breaker.call(lambda: retry.call(fn))
        return called, breaker.state

    assert run(asked()) == (3, State.CLOSED)


def test_a_store_forgets_closed_circuits_before_open_ones(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.orchestrator.breaker.CIRCUITS_MAX", 3)

    async def asked() -> tuple[int, State]:
        store = LocalBreakers(clock=now_s)
        breaker = await opened(name="down", store=store)
        for n in range(20):
            await fail(made(f"flaky {n}", store), 1)
        return len(store._circuits), breaker.state

    assert run(asked()) == (3, State.OPEN)


@pytest.mark.parametrize("name", ["", "a\nb", "nul\0", "\ud800", "n" * 201])
def test_a_name_that_no_row_or_log_could_hold_is_refused(name: str):
    with pytest.raises(Invalid):
        Breaker(name, RULES, LocalBreakers())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("threshold", 0),
        ("recovery_window_s", 0.0),
        ("recovery_window_s", float("nan")),
        ("probe_lease_s", float("inf")),
    ],
)
def test_rules_that_make_no_sense_are_refused(field: str, value: float):
    with pytest.raises(Invalid) as raised:
        Rules(**{"threshold": 1, "recovery_window_s": 1.0, field: value})  # type: ignore[arg-type]

    assert raised.value.field == field
