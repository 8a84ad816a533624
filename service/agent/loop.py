"""What drives a session: it holds every effect and no rule."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final
from uuid import UUID

from schema import events
from schema.completions import Completion, CompletionRequest
from schema.errors import (
    Broken,
    NestedTooDeep,
    NotFinite,
    PayloadTooLarge,
    ProviderRefused,
    ProviderUnavailable,
    WrongExpectedVersion,
)
from schema.events import Event
from schema.ids import uuid7
from service.agent import outcomes
from service.agent.moves import Act, Decide, Move, Think
from service.agent.prompt import Prompt
from service.agent.rules import Rules, rules_of
from service.agent.session import SessionState, fold
from service.agent.tools.observation import Observed

CONFLICTS_MAX: Final = 100
"""How often in a row others may be faster before we give up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """The world, as the loop reaches it."""

    think: Callable[[CompletionRequest], Awaitable[Completion]]
    """Raises `ProviderUnavailable` and `ProviderRefused` when trying again was given up."""
    act: Callable[[events.ToolCalled], Awaitable[Observed]]
    """Whatever the tool does wrong is an observation."""
    record: Callable[[Sequence[Event], Sequence[UUID], int], Awaitable[None]]
    """Append events under their ids, all or none, behind the version that is expected."""
    read: Callable[[int], Awaitable[Sequence[Event]]]
    """The session's events after a version."""


async def run(
    state: SessionState,
    effects: Effects,
    *,
    calls_at_once: int,
    on_recorded: Callable[[int, Sequence[Event]], None] | None = None,
) -> SessionState:
    """Drive a started session until it has ended or waits; its state then.

    *on_recorded* is told of events (and the version of the first) once they are in the log,
    those of other writers too. `Fenced`, faults of the log and of ours are raised; cancelled
    at any moment, the log holds what happened.
    """
    if state.started is None:
        raise ValueError("a session without session_started can't be run")
    return await _Run(state, state.started, effects, calls_at_once, on_recorded).drive()


class _Run:
    """A session on its way."""

    def __init__(
        self,
        state: SessionState,
        started: events.SessionStarted,
        effects: Effects,
        calls_at_once: int,
        on_recorded: Callable[[int, Sequence[Event]], None] | None,
    ) -> None:
        self._state = state
        self._started = started
        self._effects = effects
        self._calls_at_once = calls_at_once
        self._on_recorded = on_recorded
        self._rules: Rules = rules_of(started)
        self._prompt: Prompt = self._rules.begin(started)
        self._deadline_s = asyncio.get_running_loop().time() + started.limits.session_timeout_s

    async def drive(self) -> SessionState:
        move = self._rules.next_move(self._state)
        while True:
            if isinstance(move, Think):
                move = await self._think(move.step)
            elif isinstance(move, Act):
                move = await self._act(move.calls)
            elif isinstance(move, Decide):
                move = await self._record(())
            else:
                return self._state

    async def _think(self, step: int) -> Move:
        """Ask the model; its answer, or why there is none, is recorded with what follows."""
        self._prompt = self._rules.extend(self._prompt, self._state)
        request = self._rules.request(self._prompt, self._started)
        until_s = min(self._deadline_s, asyncio.get_running_loop().time() + request.timeout_s)
        began_s = perf_counter()
        try:
            async with asyncio.timeout_at(until_s) as clock:
                completion = await self._effects.think(request)
        except TimeoutError:
            if not clock.expired():
                raise
            return await self._record((self._late(step, request.timeout_s),))
        except (ProviderUnavailable, ProviderRefused) as error:
            return await self._record((outcomes.failed(step, error),))
        else:
            digest = self._prompt.digest.hex()
            received = outcomes.received(step, completion, digest, _ms_since(began_s))
            return await self._record_received(received)

    async def _record_received(self, received: events.CompletionReceived) -> Move:
        """Record the model's answer, or that no event can hold it or what it asks for."""
        try:
            return await self._record((received,))
        except (PayloadTooLarge, NestedTooDeep, NotFinite) as error:
            return await self._record((outcomes.unkept(received.step, error),))

    def _late(self, step: int, timeout_s: float) -> Event:
        """Which of the two clocks ran out."""
        if asyncio.get_running_loop().time() >= self._deadline_s:
            return self._deadline_passed()
        return events.CompletionFailed(
            step=step,
            code="timeout",
            detail=f"no completion within {timeout_s:g} s",
            retryable=True,
        )

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
            return await self._record((self._deadline_passed(),))
        else:
            return await self._record((returned,))

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
        move = await self._record(_drained(returns))
        if in_time or self._state.ended:
            return move
        return await self._record((self._deadline_passed(),))

    async def _record_returns(
        self, returns: asyncio.Queue[events.ToolReturned], count: int
    ) -> bool:
        """Record *count* returns, those ready together in one append; False when time was up."""
        while count and not self._state.ended:
            try:
                async with asyncio.timeout_at(self._deadline_s):
                    first = await returns.get()
            except TimeoutError:
                return False
            ready: list[Event] = [first, *_drained(returns)]
            count -= len(ready)
            await self._record(ready)
        return True

    def _deadline_passed(self) -> Event:
        return events.DeadlinePassed(timeout_s=self._started.limits.session_timeout_s)

    async def _call(self, call: events.ToolCalled) -> events.ToolReturned:
        observed = await self._effects.act(call)
        return outcomes.returned(call, observed, self._started.salt)

    async def _record(self, inputs: Sequence[Event]) -> Move:
        """Append *inputs* and what is decided upon them; the move that is next.

        Others may get in between: on a conflict the inputs go again, under the same ids, behind
        what came between, and the decisions are taken afresh.
        """
        ids = [uuid7() for _ in inputs]
        for _ in range(CONFLICTS_MAX):
            move, state, facts = self._decided(fold(inputs, self._state), list(inputs))
            if not facts:
                return move
            decided = [uuid7() for _ in range(len(facts) - len(inputs))]
            try:
                await self._effects.record(facts, [*ids, *decided], self._state.version)
            except WrongExpectedVersion:
                await self._catch_up()
                if self._state.ended:
                    inputs, ids = _paid(inputs, ids)
            else:
                self._moved(state, facts)
                return move
        raise Broken(
            f"others were faster {CONFLICTS_MAX} times in a row: "
            f"the session moves on too fast, it is at version {self._state.version}"
        )

    def _decided(
        self, state: SessionState, facts: list[Event]
    ) -> tuple[Move, SessionState, list[Event]]:
        """*state* and *facts* with the decisions that follow, and the move that is next."""
        while isinstance(move := self._rules.next_move(state), Decide):
            facts.extend(move.events)
            state = fold(move.events, state)
        return move, state, facts

    async def _catch_up(self) -> None:
        """Fold what others appended."""
        between = await self._effects.read(self._state.version)
        self._moved(fold(between, self._state), between)

    def _moved(self, state: SessionState, facts: Sequence[Event]) -> None:
        first = self._state.version + 1
        self._state = state
        if self._on_recorded is not None:
            self._on_recorded(first, facts)


def _drained(returns: asyncio.Queue[events.ToolReturned]) -> list[Event]:
    """All that is in *returns* now."""
    return [returns.get_nowait() for _ in range(returns.qsize())]


def _paid(inputs: Sequence[Event], ids: list[UUID]) -> tuple[list[Event], list[UUID]]:
    """What must be kept although the session ended: answers paid for, and effects that happened."""
    kept = [
        (fact, event_id)
        for fact, event_id in zip(inputs, ids, strict=True)
        if isinstance(fact, events.CompletionReceived | events.ToolReturned)
    ]
    return [fact for fact, _ in kept], [event_id for _, event_id in kept]


def _ms_since(began_s: float) -> float:
    return round((perf_counter() - began_s) * 1000, 3)
