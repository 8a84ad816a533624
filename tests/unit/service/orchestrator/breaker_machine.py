"""A breaker against a model of a few lines, over any store: calls that overlap, end, and time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from schema.errors import BreakerOpen, Invalid
from service.orchestrator.breaker import Breaker, BreakerMoved, BreakerStore
from service.orchestrator.circuit import Rules, State

WINDOW_S = 100.0
CALLS_MAX = 6
STEP_S = 30.0
"""No number of them makes a window: it's never on the very moment that the rules depend."""


@dataclass
class Model:
    """What a breaker does, as one would say it."""

    threshold: int
    failures: int = 0
    state: State = State.CLOSED
    open_s: float = 0.0
    """So long it stays open."""
    era: int = 0
    """Which calls are of today."""

    def asked(self) -> bool:
        """Whether a call may go."""
        if self.state is State.CLOSED:
            return True
        if self.open_s > 0:
            return False
        self.move(State.HALF_OPEN, float("inf"))
        return True

    def ended(self, era: int, how: str) -> None:
        if era != self.era:
            return
        if how == "succeeds":
            self.failures = 0
        if how == "fails":
            self.failures += 1
        match self.state, how:
            case State.CLOSED, "fails" if self.failures >= self.threshold:
                self.move(State.OPEN, WINDOW_S)
            case State.HALF_OPEN, "fails":
                self.move(State.OPEN, WINDOW_S)
            case State.HALF_OPEN, "succeeds":
                self.move(State.CLOSED, 0.0)
            case State.HALF_OPEN, _:
                self.move(State.HALF_OPEN, 0.0)

    def move(self, state: State, open_s: float) -> None:
        self.state, self.open_s, self.era = state, open_s, self.era + 1


@dataclass
class Call:
    """A call that is under way, or that was refused."""

    task: "asyncio.Task[str]"
    started: asyncio.Event = field(default_factory=asyncio.Event)
    end: asyncio.Event = field(default_factory=asyncio.Event)
    how: str = ""
    era: int = 0


class BreakerMachine(RuleBasedStateMachine):
    """To be told where circuits are kept, once for each who calls, and how time passes there."""

    callers: ClassVar[int] = 1

    def open_loop(self) -> asyncio.AbstractEventLoop:
        raise NotImplementedError

    async def open_store(self, on_move: Callable[[BreakerMoved], None]) -> BreakerStore:
        raise NotImplementedError

    async def pass_time(self, seconds: float) -> None:
        raise NotImplementedError

    async def look(self) -> None:
        """Let all callers know what any of them did."""

    def close_loop(self) -> None:
        raise NotImplementedError

    @initialize(threshold=st.integers(1, 2))
    def begin(self, threshold: int) -> None:
        self.loop = self.open_loop()
        self.moves: list[list[BreakerMoved]] = [[] for _ in range(self.callers)]
        rules = Rules(threshold=threshold, recovery_window_s=WINDOW_S)
        name = f"model {uuid4()}"
        self.breakers = [
            Breaker(name, rules, self.run(self.open_store(moves.append))) for moves in self.moves
        ]
        self.model = Model(threshold)
        self.calls: list[Call] = []

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @precondition(lambda self: hasattr(self, "model") and len(self.calls) < CALLS_MAX)
    @rule(who=st.integers(0, 2), times=st.integers(1, 3))
    def calls_begin(self, who: int, times: int) -> None:
        for n in range(times):
            self.call(who + n)

    def call(self, who: int) -> None:
        may = self.model.asked()
        call = self.run(self._begin(self.breakers[who % self.callers]))
        assert call.started.is_set() == may
        if may:
            call.era = self.model.era
            self.calls.append(call)
            return
        with pytest.raises(BreakerOpen) as raised:
            self.run(call.task)
        assert raised.value.retry_after_s is not None
        assert raised.value.retry_after_s >= 0

    @precondition(lambda self: bool(getattr(self, "calls", ())))
    @rule(
        which=st.sampled_from([0, -1]),
        how=st.sampled_from(["fails", "fails", "succeeds", "is refused", "is cancelled"]),
    )
    def call_ends(self, which: int, how: str) -> None:
        call = self.calls.pop(which)
        self.model.ended(call.era, how)
        assert self.run(self._ended(call, how)) == how

    @precondition(lambda self: hasattr(self, "model"))
    @rule(steps=st.sampled_from([4, 2, 1]))
    def time_passes(self, steps: int) -> None:
        self.model.open_s -= steps * STEP_S
        self.run(self.pass_time(steps * STEP_S))

    @invariant()
    def agree(self) -> None:
        if hasattr(self, "model"):
            self.run(self.look())
            for breaker, moves in zip(self.breakers, self.moves, strict=True):
                assert breaker.state is self.model.state
                told = [State.CLOSED, *(m.after for m in moves if m.name == breaker.name)]
                assert told[-1] is self.model.state

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            for call in self.calls:
                self.run(self._ended(call, "is cancelled"))
            self.close_loop()

    async def _begin(self, breaker: Breaker) -> Call:
        call: Call

        async def fn() -> str:
            call.started.set()
            await call.end.wait()
            match call.how:
                case "fails":
                    raise ConnectionError
                case "is refused":
                    raise Invalid("x", "wrong")
            return call.how

        call = Call(asyncio.create_task(breaker.call(fn)))
        started = asyncio.create_task(call.started.wait())
        await asyncio.wait({call.task, started}, return_when=asyncio.FIRST_COMPLETED)
        started.cancel()
        return call

    async def _ended(self, call: Call, how: str) -> str:
        call.how = how
        if how == "is cancelled":
            call.task.cancel()
        call.end.set()
        try:
            return await call.task
        except ConnectionError:
            return "fails"
        except Invalid:
            return "is refused"
        except asyncio.CancelledError:
            return "is cancelled"
