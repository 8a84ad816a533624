"""What drives a session: it holds every effect and no rule."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

from schema import events
from schema.completions import Completion, CompletionRequest
from schema.errors import (
    DeadlinePassed,
    NestedTooDeep,
    NotFinite,
    PayloadTooLarge,
    StageRefused,
    StageUnavailable,
)
from schema.events import Event
from service.agent import outcomes
from service.agent.moves import Act, Decide, Move, Pass, Recall, Think, Transact
from service.agent.prompt import Prompt
from service.agent.recorder import Changed, OnRecordedFn, ReadFn, Recorder, RecordFn
from service.agent.rules import Rules, rules_of
from service.agent.session import SessionState
from service.agent.tools.observation import Observed
from service.memory.working import Working

REBASES_MAX: Final = 5
"""How often a change of a mind is made anew because what it holds has changed."""
TRIES_MAX: Final = 100
"""The same where something was recorded beside it that changes nothing there: a count, a label."""


LATE_GRACE_S: Final = 0.25
"""Whoever asks a model keeps its time, so that breakers hear of it; this is for who doesn't."""


def _as_long_as_it_takes() -> None:
    """Nobody else can have the session."""


async def _as_it_is(answer: str) -> str:
    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """The world, as the loop reaches it."""

    think: Callable[[CompletionRequest], Awaitable[Completion]]
    """Raises `ProviderUnavailable` and `ProviderRefused` when trying again was given up,
    `DeadlinePassed` when the request's time was; and where nobody was asked `BreakerOpen`,
    `BudgetSpent` or `PriceUnknown`."""
    act: Callable[[events.ToolCalled], Awaitable[Observed]]
    """Whatever the tool does wrong is an observation."""
    record: RecordFn
    """The session's stream is written by this alone."""
    read: ReadFn
    recall: Callable[[str], Awaitable[Changed]]
    """What memory and graph hold for a query."""
    transact: Callable[[events.ToolCalled, Working], AbstractAsyncContextManager[Changed]]
    """What a tool makes of a mind, and its return; to be appended before the context is left."""
    outdated: Callable[[Changed], Awaitable[bool]]
    """Whether a mind holds something else by now than what a change of it rests on."""
    passed: Callable[[str], Awaitable[str]] = _as_it_is
    """What the answer's stages make of it; raises `StageRefused` and `StageUnavailable`."""
    go_on: Callable[[], None] = _as_long_as_it_takes
    """Raises `LeaseLost` where no further move may be begun: the session is another's now."""


async def run(
    state: SessionState,
    effects: Effects,
    *,
    calls_at_once: int,
    on_recorded: OnRecordedFn | None = None,
) -> SessionState:
    """Drive a started session until it has ended or waits; its state then.

    One that has come to rest is not driven on, whatever was said meanwhile: who takes it up is.
    *on_recorded* is told of events (and the version of the first) once they are in the log,
    those of other writers too. `Fenced`, `LeaseLost`, faults of the log, of a mind and of ours
    are raised; cancelled at any moment, the log holds what happened.
    """
    if state.started is None:
        raise ValueError("a session without session_started can't be run")
    rules = rules_of(state.started)
    recorder = Recorder(state, rules, effects.record, effects.read, on_recorded)
    return await _Run(state.started, rules, effects, recorder, calls_at_once).drive()


class _Run:
    """A session on its way."""

    def __init__(
        self,
        started: events.SessionStarted,
        rules: Rules,
        effects: Effects,
        recorder: Recorder,
        calls_at_once: int,
    ) -> None:
        self._started = started
        self._rules = rules
        self._effects = effects
        self._recorder = recorder
        self._calls_at_once = calls_at_once
        self._prompt: Prompt | None = None
        self._deadline_s = asyncio.get_running_loop().time() + started.limits.session_timeout_s

    async def drive(self) -> SessionState:
        move = self._recorder.next_move()
        while not self._recorder.state.rested:
            self._effects.go_on()
            match move:
                case Recall(query):
                    move = await self._in_time(self._recall(query))
                case Think(step):
                    move = await self._think(step)
                case Transact(call):
                    move = await self._in_time(self._transact(call))
                case Act(calls):
                    move = await self._act(calls)
                case Pass(step, answer):
                    move = await self._in_time(self._pass(step, answer))
                case Decide():
                    move = await self._recorder.record(())
                case _:
                    break
        return self._recorder.state

    async def _recall(self, query: str) -> Move:
        """Ask the mind; what it holds for the task is recorded."""
        return await self._recorder.append_if_due(await self._effects.recall(query))

    async def _transact(self, call: events.ToolCalled) -> Move:
        """Run a tool on the mind, again where others have changed that in the meantime."""
        rebases = 0
        for _ in range(TRIES_MAX):
            async with self._effects.transact(call, self._recorder.state.working) as changed:
                move = await self._recorder.append_if_due(changed)
            if move != Transact(call):
                return move
            rebases += await self._effects.outdated(changed)
            if rebases > REBASES_MAX:
                break
        return await self._recorder.append_if_due(Changed((outcomes.overtaken(call),)))

    async def _pass(self, step: int, answer: str) -> Move:
        """Let the answer pass its stages; what comes of that is recorded."""
        try:
            passed = await self._effects.passed(answer)
        except (StageRefused, StageUnavailable) as error:
            return await self._recorder.record((outcomes.withheld(step, error),))
        try:
            return await self._recorder.record((events.AnswerPassed(step=step, answer=passed),))
        except PayloadTooLarge as error:
            return await self._recorder.record((outcomes.unpassed(step, error),))

    async def _in_time(self, doing: Coroutine[Any, Any, Move]) -> Move:
        """What *doing* leads to; the deadline cuts it off, and what it had appended stays."""
        try:
            async with asyncio.timeout_at(self._deadline_s) as deadline:
                return await doing
        except TimeoutError:
            if not deadline.expired():
                raise
            return await self._recorder.record((self._deadline_passed(),))

    def _prompt_now(self) -> Prompt:
        """The prompt, with every turn so far."""
        self._prompt = self._rules.prompt(self._prompt, self._recorder.state)
        assert self._prompt is not None  # noqa: S101 - the session was started.
        return self._prompt

    async def _think(self, step: int) -> Move:
        """Ask the model; its answer, or why there is none, is recorded with what follows."""
        prompt = self._prompt_now()
        request = self._rules.request(prompt, self._started)
        time_s = request.timeout_s + LATE_GRACE_S
        until_s = min(self._deadline_s, asyncio.get_running_loop().time() + time_s)
        began_s = perf_counter()
        try:
            async with asyncio.timeout_at(until_s) as clock:
                completion = await self._effects.think(request)
        except TimeoutError:
            if not clock.expired():
                raise
            return await self._recorder.record((self._late(step, request.timeout_s, None),))
        except DeadlinePassed as error:
            late = self._late(step, request.timeout_s, error.__cause__)
            return await self._recorder.record((late,))
        except outcomes.NO_COMPLETION as error:
            return await self._recorder.record((outcomes.failed(step, error),))
        else:
            latency_ms = _ms_since(began_s)
            received = outcomes.received(step, completion, prompt.digest.hex(), latency_ms)
            return await self._record_received(received)

    async def _record_received(self, received: events.CompletionReceived) -> Move:
        """Record the model's answer, or that no event can hold it or what it asks for."""
        try:
            return await self._recorder.record((received,))
        except (PayloadTooLarge, NestedTooDeep, NotFinite) as error:
            return await self._recorder.record((outcomes.unkept(received.step, error),))

    def _late(self, step: int, timeout_s: float, before: BaseException | None) -> Event:
        """Which of the two clocks ran out."""
        if asyncio.get_running_loop().time() >= self._deadline_s:
            return self._deadline_passed()
        return outcomes.late(step, timeout_s, before)

    async def _act(self, calls: Sequence[events.ToolCalled]) -> Move:
        """Run *calls*; each return is recorded as it comes, and the deadline cuts off the rest."""
        if len(calls) > 1:
            return await self._act_side_by_side(calls)
        try:
            async with asyncio.timeout_at(self._deadline_s) as deadline:
                returned = await self._call(calls[0])
        except TimeoutError:
            if not deadline.expired():
                raise
            return await self._recorder.record((self._deadline_passed(),))
        else:
            return await self._recorder.record((returned,))

    async def _act_side_by_side(self, calls: Sequence[events.ToolCalled]) -> Move:
        """Run *calls* at once; what has returned is recorded even where the rest is cut off."""
        slots = asyncio.Semaphore(self._calls_at_once)
        returns: asyncio.Queue[events.ToolReturned] = asyncio.Queue(maxsize=len(calls))

        async def one(call: events.ToolCalled) -> None:
            async with slots:
                returns.put_nowait(await self._call(call))

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(call)) for call in calls]
                in_time = await self._record_returns(returns, len(calls))
                for task in tasks:
                    task.cancel()
        except BaseExceptionGroup as faults:
            raise faults.exceptions[0] from faults  # the first fault is the cause of the others
        move = await self._recorder.record(_drained(returns))
        if in_time or not self._recorder.state.goes_on:
            return move
        return await self._recorder.record((self._deadline_passed(),))

    async def _record_returns(
        self, returns: asyncio.Queue[events.ToolReturned], count: int
    ) -> bool:
        """Record *count* returns, those ready together in one append; False when time was up."""
        while count and not self._recorder.state.ended:
            try:
                async with asyncio.timeout_at(self._deadline_s):
                    first = await returns.get()
            except TimeoutError:
                return False
            ready: list[Event] = [first, *_drained(returns)]
            count -= len(ready)
            await self._recorder.record(ready)
        return True

    def _deadline_passed(self) -> Event:
        return events.DeadlinePassed(timeout_s=self._started.limits.session_timeout_s)

    async def _call(self, call: events.ToolCalled) -> events.ToolReturned:
        observed = await self._effects.act(call)
        return outcomes.returned(call, observed, self._started.salt)


def _drained(returns: asyncio.Queue[events.ToolReturned]) -> list[Event]:
    """All that is in *returns* now."""
    return [returns.get_nowait() for _ in range(returns.qsize())]


def _ms_since(began_s: float) -> float:
    return round((perf_counter() - began_s) * 1000, 3)
