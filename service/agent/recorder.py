"""The one way in which a session moves on: events, and what they decide, in one append."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol
from uuid import UUID

from msgspec import Struct

from eventlog.members import StreamAppend
from schema import events
from schema.errors import Broken, WrongExpectedVersion
from schema.events import Event
from schema.ids import uuid7
from service.agent.moves import Decide, Move
from service.agent.rules import Rules
from service.agent.session import SessionState, fold

CONFLICTS_MAX: Final = 100
"""How often in a row others may be faster before we give up."""


class Changed(Struct, frozen=True):
    """What came of asking a mind: all of it is appended, or nothing."""

    facts: tuple[Event, ...]
    """The session's."""
    others: tuple[StreamAppend, ...] = ()
    """What other streams get."""


class RecordFn(Protocol):
    """Puts events into the session's stream."""

    async def __call__(
        self, facts: Sequence[Event], ids: Sequence[UUID], version: int, /, *others: StreamAppend
    ) -> None:
        """Append *facts* under *ids* behind *version*, with what *others* get: all or none."""


ReadFn = Callable[[int], Awaitable[Sequence[Event]]]
"""The session's events after a version."""
OnRecordedFn = Callable[[int, Sequence[Event]], None]
"""Told of events, and the version of the first, once they are in the log."""


class Recorder:
    """A session's state, which changes with its stream."""

    def __init__(
        self,
        state: SessionState,
        rules: Rules,
        record: RecordFn,
        read: ReadFn,
        on_recorded: OnRecordedFn | None,
    ) -> None:
        self.state = state
        self._rules = rules
        self._record = record
        self._read = read
        self._on_recorded = on_recorded

    def next_move(self) -> Move:
        """What is to be done now."""
        return self._rules.next_move(self.state)

    async def record(self, inputs: Sequence[Event]) -> Move:
        """Append *inputs* and what is decided upon them; the move that is next.

        Others may get in between: on a conflict the inputs go again, under the same ids, behind
        what came between, and the decisions are taken afresh.
        """
        ids = [uuid7() for _ in inputs]
        for _ in range(CONFLICTS_MAX):
            try:
                return await self._append(inputs, ids)
            except WrongExpectedVersion:
                await self._catch_up()
                if not self.state.goes_on:
                    inputs, ids = _paid(inputs, ids)
        raise Broken(
            f"others were faster {CONFLICTS_MAX} times in a row: "
            f"the session moves on too fast, it is at version {self.state.version}"
        )

    async def append_if_due(self, changed: Changed) -> Move:
        """Append *changed* and what is decided upon it, unless others got in between.

        The move that is next, then as otherwise: what rested on a state that is past is dropped,
        and costs nothing to make anew.
        """
        try:
            return await self._append(
                changed.facts, [uuid7() for _ in changed.facts], *changed.others
            )
        except WrongExpectedVersion:
            await self._catch_up()
            return self.next_move()

    async def _append(
        self, inputs: Sequence[Event], ids: Sequence[UUID], *others: StreamAppend
    ) -> Move:
        move, state, facts = self._decided(fold(inputs, self.state), list(inputs))
        if facts:
            decided = [uuid7() for _ in range(len(facts) - len(inputs))]
            await self._record(facts, [*ids, *decided], self.state.version, *others)
            self._moved(state, facts)
        return move

    async def _catch_up(self) -> None:
        """Fold what others appended."""
        between = await self._read(self.state.version)
        self._moved(fold(between, self.state), between)

    def _decided(
        self, state: SessionState, facts: list[Event]
    ) -> tuple[Move, SessionState, list[Event]]:
        """*state* and *facts* with the decisions that follow, and the move that is next."""
        while isinstance(move := self._rules.next_move(state), Decide):
            facts.extend(move.events)
            state = fold(move.events, state)
        return move, state, facts

    def _moved(self, state: SessionState, facts: Sequence[Event]) -> None:
        first = self.state.version + 1
        self.state = state
        if self._on_recorded is not None:
            self._on_recorded(first, facts)


def _paid(inputs: Sequence[Event], ids: Sequence[UUID]) -> tuple[list[Event], list[UUID]]:
    """What must be kept although nothing goes on: answers paid for, and effects that happened."""
    kept = [
        (fact, event_id)
        for fact, event_id in zip(inputs, ids, strict=True)
        if isinstance(fact, events.CompletionReceived | events.ToolReturned)
    ]
    return [fact for fact, _ in kept], [event_id for _, event_id in kept]
