"""What a session's events add up to."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import reduce
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from schema import events
from schema.events import Erased, Event, Usage
from service.agent.shared import Shared
from service.agent.turn import (
    Turn,
    asked_for_nothing,
    filled,
    may_have_acted,
    open_slot,
    slot_of,
)
from service.memory.working import Working
from service.memory.working import evolve as noted


class Status(StrEnum):
    """Where a session stands."""

    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED: Final = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})


class SessionState(Struct, frozen=True, gc=False):
    """A session after its first *version* events."""

    version: int = 0
    """How many events were folded, known and unknown ones."""
    started: events.SessionStarted | None = None
    recalled: events.MemoryRecalled | None = None
    """What memory held for the task, before the first step."""
    graph: events.GraphRecalled | None = None
    """What the graph held around the entities that the task names, before the first step."""
    working: Working = Working()
    """The session's own working memory."""
    status: Status = Status.RUNNING
    turns: Shared[Turn] = Shared()
    """Every turn before the open one; they never change again."""
    turn: Turn | None = None
    """The open turn: the newest completion and what it led to so far."""
    unreadable: int = 0
    """How many of the last turns before the open one asked for nothing that could be done."""
    failure: events.CompletionFailed | None = None
    """The failed completion that nothing was decided about yet."""
    failures: int = 0
    """Completions that failed, in all."""
    deadline_passed: bool = False
    uncertain: bool = False
    """The process changed before calls that may run only once returned; it lasts until they do."""
    answer: str | None = None
    cause: str | None = None
    """Why the session paused, failed or was cancelled."""
    detail: str = ""
    usage: Usage = Usage()
    epoch: int = 0
    labels: Shared[events.CheckpointLabelled] = Shared()
    missing: Shared[tuple[int, str]] = Shared()
    """Version and type of each event whose data was erased."""

    @property
    def steps(self) -> int:
        """How many completions there are."""
        return 0 if self.turn is None else self.turn.step

    @property
    def ended(self) -> bool:
        """Whether nothing will ever be decided in this session again."""
        return self.status in ENDED


def fold(facts: Iterable[Event], state: SessionState | None = None) -> SessionState:
    """*state* (a session without events, if none is given) after all of *facts*."""
    return reduce(evolve, facts, SessionState() if state is None else state)


def evolve(state: SessionState, event: Event) -> SessionState:
    """*state* after *event*."""
    change = _CHANGES.get(type(event))
    if change is None:
        return replace(state, version=state.version + 1)
    return change(state, event)


def _started(state: SessionState, event: events.SessionStarted) -> SessionState:
    return replace(state, version=state.version + 1, started=event, epoch=event.epoch)


def _recalled(state: SessionState, event: events.MemoryRecalled) -> SessionState:
    recalled = event if event.call_id is None else state.recalled
    return replace(state, version=state.version + 1, recalled=recalled)


def _graph_recalled(state: SessionState, event: events.GraphRecalled) -> SessionState:
    graph = event if event.call_id is None else state.graph
    return replace(state, version=state.version + 1, graph=graph)


def _noted(state: SessionState, event: Event) -> SessionState:
    return replace(state, version=state.version + 1, working=noted(state.working, event))


def _resumed(state: SessionState, event: events.SessionResumed) -> SessionState:
    if state.ended:
        return replace(state, version=state.version + 1, epoch=event.epoch)
    return replace(
        state,
        version=state.version + 1,
        epoch=event.epoch,
        status=Status.RUNNING,
        uncertain=_is_uncertain(state),
        failure=None,
        cause=None,
        detail="",
    )


def _is_uncertain(state: SessionState) -> bool:
    """Whether a session that is resumed here knows less than what it did; a pause tells no more."""
    return (state.status is Status.RUNNING or state.uncertain) and may_have_acted(state.turn)


def _completed_step(
    state: SessionState, completion: events.CompletionReceived | Erased
) -> SessionState:
    usage = state.usage
    if isinstance(completion, events.CompletionReceived):
        usage += completion.usage
    last = state.turn
    return replace(
        state,
        version=state.version + 1,
        turns=state.turns if last is None else state.turns.append(last),
        turn=Turn(1 if last is None else last.step + 1, completion),
        unreadable=state.unreadable + 1 if asked_for_nothing(last) else 0,
        failure=None,
        usage=usage,
    )


def _completion_failed(state: SessionState, event: events.CompletionFailed) -> SessionState:
    return replace(state, version=state.version + 1, failure=event, failures=state.failures + 1)


def _called(state: SessionState, call: events.ToolCalled | Erased) -> SessionState:
    turn = state.turn
    if turn is None:
        return replace(state, version=state.version + 1)
    turn = Turn(turn.step, turn.completion, (*turn.calls, call), (*turn.returns, None))
    return replace(state, version=state.version + 1, turn=turn)


def _returned(state: SessionState, event: events.ToolReturned) -> SessionState:
    turn = state.turn
    slot = -1 if turn is None else slot_of(turn, event.call_id)
    if turn is None or slot < 0:
        return replace(state, version=state.version + 1)
    displaced = turn.returns[slot]
    turn = filled(turn, slot, event)
    if isinstance(displaced, Erased):  # it stood here only because its own place is not known
        turn = filled(turn, open_slot(turn), displaced)
    return _with_returns(state, turn)


def _with_returns(state: SessionState, turn: Turn) -> SessionState:
    uncertain = state.uncertain and may_have_acted(turn)
    return replace(state, version=state.version + 1, turn=turn, uncertain=uncertain)


def _deadline_passed(state: SessionState, _event: events.DeadlinePassed) -> SessionState:
    return replace(state, version=state.version + 1, deadline_passed=True)


def _cancelled(state: SessionState, event: events.SessionCancelled) -> SessionState:
    return _ended(state, Status.CANCELLED, cause="cancelled", detail=event.reason)


def _paused(state: SessionState, event: events.SessionPaused) -> SessionState:
    return _ended(state, Status.PAUSED, cause=event.cause, detail=event.detail)


def _completed(state: SessionState, event: events.SessionCompleted) -> SessionState:
    return replace(_ended(state, Status.COMPLETED), answer=event.answer)


def _failed(state: SessionState, event: events.SessionFailed) -> SessionState:
    return _ended(state, Status.FAILED, cause=event.cause, detail=event.detail)


def _ended(
    state: SessionState, status: Status, *, cause: str | None = None, detail: str = ""
) -> SessionState:
    return replace(
        state, version=state.version + 1, status=status, cause=cause, detail=detail, failure=None
    )


def _labelled(state: SessionState, event: events.CheckpointLabelled) -> SessionState:
    return replace(state, version=state.version + 1, labels=state.labels.append(event))


def _erased(state: SessionState, event: Erased) -> SessionState:
    state = replace(state, missing=state.missing.append((state.version + 1, event.erased_type)))
    match event.erased_type:
        case "completion_received":
            return _completed_step(state, event)
        case "tool_called":
            return _called(state, event)
        case "tool_returned" if state.turn is not None:
            return _with_returns(state, filled(state.turn, open_slot(state.turn), event))
        case "session_resumed":
            return _resumed(state, events.SessionResumed(epoch=state.epoch))
        case kind if kind in _STATUS_OF_ERASED:
            return _ended(state, _STATUS_OF_ERASED[kind], cause="erased")
        case _:
            return replace(state, version=state.version + 1)


_STATUS_OF_ERASED: Final = {
    "session_paused": Status.PAUSED,
    "session_completed": Status.COMPLETED,
    "session_failed": Status.FAILED,
    "session_cancelled": Status.CANCELLED,
}

_CHANGES: Final[dict[type[Event], Callable[[SessionState, Any], SessionState]]] = {
    events.SessionStarted: _started,
    events.MemoryRecalled: _recalled,
    events.GraphRecalled: _graph_recalled,
    events.WorkingSet: _noted,
    events.WorkingRead: _noted,
    events.WorkingRemoved: _noted,
    events.WorkingEvicted: _noted,
    events.SessionResumed: _resumed,
    events.CompletionReceived: _completed_step,
    events.CompletionFailed: _completion_failed,
    events.ToolCalled: _called,
    events.ToolReturned: _returned,
    events.DeadlinePassed: _deadline_passed,
    events.SessionCancelled: _cancelled,
    events.SessionPaused: _paused,
    events.SessionCompleted: _completed,
    events.SessionFailed: _failed,
    events.CheckpointLabelled: _labelled,
    Erased: _erased,
}
