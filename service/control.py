"""What people and other processes tell a session in the midst of it, whoever drives it.

Each is one event behind all that is there; a driver that is at work meanwhile finds it, and
loses neither an answer that was paid for nor an effect that happened.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from msgspec.structs import replace

from eventlog.log import EventLog
from eventlog.members import StreamAppend
from schema import events, json_text
from schema.envelope import RecordedEvent
from schema.errors import Broken, Invalid, NotFound, WrongExpectedVersion, WrongStatus
from schema.events import Budget, Event
from schema.ids import session_stream, uuid7
from service.agent.budgets import KINDS, Kind, most
from service.agent.control import return_of
from service.agent.moves import Stop, Wait
from service.agent.rules import rules_of
from service.agent.session import SessionState, Status, fold
from service.leases import OFFER
from service.origin import said_by
from service.sessions import read_session

TRIES_MAX: Final = 100
"""How often a session may move on while we tell it something."""
REASON_CHARS_MAX: Final = 2000

Outcome = Literal["happened", "did_not_happen"]
_NO_MORE: Final = events.BudgetRaised()

DecideFn = Callable[[SessionState], Event | None]
"""What is to be appended to a session that stands so; None where nothing need be."""


def is_ready(state: SessionState) -> bool:
    """Whether a session at rest can go on, as soon as somebody takes it up."""
    if state.started is None or not state.rested:
        return False
    return not isinstance(rules_of(state.started).next_move(state), Wait | Stop)


@dataclass(frozen=True)
class Control:
    """Tells sessions what somebody wants; each call gives the state that the session is in then.

    Every one of them raises `NotFound` where there is no such session or call, `WrongStatus`
    where it makes no sense as the session stands, and changes nothing where all is so already.
    """

    log: EventLog
    actor: str
    """Who wants it, as the log keeps it."""
    event_id: UUID | None = None
    """Of the event that tells it, where the same may be asked for again: once it is in the log,
    nothing more is told."""

    async def cancel(self, session_id: UUID, *, reason: str = "") -> SessionState:
        """End the session; one that has ended stays as it is."""

        def decide(state: SessionState) -> Event | None:
            return None if state.ended else events.SessionCancelled(reason=_checked(reason))

        return await self._tell(session_id, decide)

    async def pause(self, session_id: UUID, *, reason: str = "") -> SessionState:
        """Let nothing more begin until the session is resumed; what is under way may return."""

        def decide(state: SessionState) -> Event | None:
            _see_open(state, session_id)
            if state.status is Status.PAUSED:
                return None
            return events.PauseRequested(reason=_checked(reason))

        return await self._tell(session_id, decide)

    async def approve(
        self,
        session_id: UUID,
        call_id: str,
        *,
        arguments: dict[str, object] | None = None,
        reason: str = "",
    ) -> SessionState:
        """Let a call run, with other *arguments* if they are given."""
        if arguments is not None:
            json_text.encode(arguments, "arguments")
        word = events.ApprovalDecided(
            call_id=call_id, approved=True, arguments=arguments, reason=_checked(reason)
        )
        return await self._decide(session_id, word)

    async def reject(self, session_id: UUID, call_id: str, *, reason: str = "") -> SessionState:
        """Let a call never run; the model is told the reason."""
        word = events.ApprovalDecided(call_id=call_id, approved=False, reason=_checked(reason))
        return await self._decide(session_id, word)

    async def reconcile(
        self,
        session_id: UUID,
        call_id: str,
        outcome: Outcome,
        *,
        data: object = None,
        reason: str = "",
    ) -> SessionState:
        """Say what became of a call whose outcome is unknown; *data* is what it gave back.

        The session stays paused: who resumes it has what did not happen run.
        """
        json_text.encode(data, "data")
        if data is not None and outcome != "happened":
            raise Invalid("data", "only what happened gave something back")
        word = events.ToolReconciled(
            call_id=call_id, outcome=outcome, data=data, reason=_checked(reason)
        )

        def decide(state: SessionState) -> Event:
            _see_open(state, session_id)
            if call_id not in state.doubtful:
                _see_called(state, session_id, call_id)
                known = _named("what became of", state.doubtful, "every call is known")
                raise WrongStatus(f"session {session_id} does not ask about {call_id}: {known}")
            _see_fits(state, word, "data")
            return word

        return await self._tell(session_id, decide)

    async def raise_budget(
        self,
        session_id: UUID,
        *,
        tokens: int | None = None,
        steps: int | None = None,
        seconds: float | None = None,
        cost: float | None = None,
        reason: str = "",
    ) -> SessionState:
        """Let the session spend so much in all; a paused one goes on when it's resumed."""
        asked = Budget(tokens=tokens, steps=steps, seconds=seconds, cost=cost)
        if asked == Budget():
            raise Invalid("budget", "say how many tokens, steps, seconds or dollars")

        def decide(state: SessionState) -> Event | None:
            _see_open(state, session_id)
            may, wanted = most(state.budget), most(asked)
            more = [kind for kind in KINDS if wanted[kind] not in (None, may[kind])]
            for kind in more:
                _see_more(kind, may[kind], wanted[kind])
            told = {kind: wanted[kind] for kind in more}
            return replace(_NO_MORE, **told, reason=_checked(reason)) if more else None

        return await self._tell(session_id, decide)

    async def offer(self, session_id: UUID) -> bool:
        """Let whoever looks for work take the session up, if it can go on; whether it can.

        A driver asks for it once its session waits and its lease is given back: what was said
        in between found somebody driving it still.
        """
        facts = await read_session(self.log, session_id)
        return await self._offer(session_id, fold(fact.event for fact in facts))

    async def _decide(self, session_id: UUID, word: events.ApprovalDecided) -> SessionState:
        def decide(state: SessionState) -> Event | None:
            if _is_said(state, word):
                return None
            _see_open(state, session_id)
            if word.call_id not in state.waiting_for:
                _see_called(state, session_id, word.call_id)
                waiting = _named("a word about", state.waiting_for, "no call waits for a word")
                told = f"{waiting}; about {word.call_id} there is nothing (more) to decide"
                raise WrongStatus(f"session {session_id} is {state.status}: {told}")
            _see_runs(state, word)
            _see_fits(state, word, "reason")
            return word

        state = await self._tell(session_id, decide)
        await self._offer(session_id, state)
        return state

    async def _tell(self, session_id: UUID, decide: DecideFn) -> SessionState:
        """Append what is decided upon the session's state, behind whatever comes in between."""
        for _ in range(TRIES_MAX):
            facts = await read_session(self.log, session_id)
            state = fold(fact.event for fact in facts)
            is_told = self.event_id in {fact.event_id for fact in facts}
            word = None if is_told else decide(state)
            if word is None:
                return state
            try:
                await self._append(facts[0], state.version, word)
            except WrongExpectedVersion:
                continue
            return fold((word,), state)
        raise Broken(f"session {session_id} moves on too fast to be told anything")

    async def _append(self, first: RecordedEvent, version: int, word: Event) -> None:
        append = StreamAppend(first.stream, version, (word,), (self.event_id or uuid7(),))
        await self.log.append(first.agent_id, append, metadata=said_by(self.actor))

    async def _offer(self, session_id: UUID, state: SessionState) -> bool:
        if state.started is None or not is_ready(state):
            return False
        partition = self.log.partition_of(session_stream(session_id))
        async with self.log.database.acquire() as conn:
            await conn.execute(OFFER, partition, session_id, state.started.agent_id)
        return True


def _checked(reason: str) -> str:
    if len(reason) > REASON_CHARS_MAX:
        raise Invalid("reason", f"has {len(reason)} characters: use at most {REASON_CHARS_MAX}")
    return reason


def _see_open(state: SessionState, session_id: UUID) -> None:
    if state.ended:
        raise WrongStatus(f"session {session_id} is {state.status}: nothing goes on in it")


def _see_called(state: SessionState, session_id: UUID, call_id: str) -> None:
    """`NotFound` where the model never asked for this call."""
    turns = [*state.turns, *([] if state.turn is None else [state.turn])]
    calls = (call for turn in turns for call in turn.calls if isinstance(call, events.ToolCalled))
    if all(call.call_id != call_id for call in calls):
        raise NotFound(f"session {session_id} has no call {call_id!r}")


def _is_said(state: SessionState, word: events.ApprovalDecided) -> bool:
    """Whether the very same was said before: an answer was lost, or two people agree."""
    if state.turn is None:
        return False
    for call, back in zip(state.turn.calls, state.turn.returns, strict=True):
        if not isinstance(call, events.ToolCalled) or call.call_id != word.call_id:
            continue
        if not word.approved:
            return back is not None and back == return_of(word)
        alike = word.arguments is None or word.arguments == call.arguments
        return word.call_id in state.approved and alike
    return False


def _see_runs(state: SessionState, word: events.ApprovalDecided) -> None:
    """`Invalid` where the tool has no such arguments, or lacks some: nobody could mend it later."""
    if word.arguments is None or state.started is None or state.turn is None:
        return
    calls = (call for call in state.turn.calls if isinstance(call, events.ToolCalled))
    tool = next((call.tool for call in calls if call.call_id == word.call_id), None)
    taken = next((spec.parameters for spec in state.started.tools if spec.name == tool), {})
    lacking = [name for name in taken.get("required", ()) if name not in word.arguments]
    unknown = sorted(set(word.arguments) - set(taken.get("properties", word.arguments)))
    if lacking or unknown:
        told = [f"{name} is missing" for name in lacking]
        told += [f"there is no {name}" for name in unknown]
        raise Invalid("arguments", f"do not fit {tool}: {', '.join(told)}")


def _see_more(kind: Kind, so_far: float | None, wanted: float | None) -> None:
    """`Invalid` where *wanted* is not more than what may be spent."""
    if so_far is None:
        raise Invalid(kind, "the session may spend as many as it likes")
    if wanted is None or not wanted > so_far:
        raise Invalid(kind, f"{wanted} is not more than the {so_far} that it may spend")


def _see_fits(
    state: SessionState, word: events.ApprovalDecided | events.ToolReconciled, field: str
) -> None:
    """`Invalid` where the model is not to be told as much as this."""
    back = return_of(word)
    if back is None or state.started is None:
        return
    most = state.started.limits.observation_bytes_max
    size_bytes = len(back.observation.encode("utf-8", "surrogatepass"))
    if size_bytes > most:
        raise Invalid(field, f"makes an observation of {size_bytes} bytes: {most} fit")


def _named(what: str, call_ids: tuple[str, ...], none: str) -> str:
    return f"it waits for {what} {', '.join(call_ids)}" if call_ids else none
