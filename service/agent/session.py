"""What a session's events add up to."""

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, Final

from msgspec.structs import replace

from schema import events
from schema.events import Erased, Event
from service.agent import control
from service.agent.control import came_to, may_have_run, with_returns
from service.agent.forked import overridden, reopened
from service.agent.state import ENDED, SessionState, Status
from service.agent.turn import Turn, asked_for_nothing, filled, open_slot, slot_of
from service.memory.working import evolve as noted

__all__ = ["ENDED", "SessionState", "Status", "evolve", "fold"]


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
    return replace(
        state,
        version=state.version + 1,
        started=event,
        epoch=event.epoch,
        budget=event.budget,
    )


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
        doubtful=state.doubtful if state.rested else may_have_run(state),
        released=state.approved,
        waiting_for=(),  # It is asked again.
        rested=False,
        failure=None,
        passing=None,
        fallback=0,  # Who takes it up asks its first model again.
        withheld=None,
        cause=None,
        detail="",
    )


def _forked(state: SessionState, event: events.SessionForked) -> SessionState:
    """As if another process took it up, whatever it had come to; what is other comes upon that."""
    resumed = _resumed(reopened(state), events.SessionResumed(epoch=event.epoch))
    return overridden(resumed, event)


def _completed_step(
    state: SessionState, completion: events.CompletionReceived | Erased
) -> SessionState:
    usage, busy_ms = state.usage, state.busy_ms + state.tools_ms
    cost_micro_usd = None
    if isinstance(completion, events.CompletionReceived):
        usage += completion.usage
        busy_ms += completion.latency_ms
        cost_micro_usd = completion.cost_micro_usd
    last = state.turn
    return replace(
        state,
        version=state.version + 1,
        turns=state.turns if last is None else state.turns.append(last),
        turn=Turn(1 if last is None else last.step + 1, completion),
        unreadable=state.unreadable + 1 if asked_for_nothing(last) else 0,
        approved=(),
        released=(),
        failure=None,
        passing=None,
        passed=None,
        withheld=None,
        usage=usage,
        cost_micro_usd=state.cost_micro_usd + (cost_micro_usd or 0),
        unpriced=state.unpriced + (cost_micro_usd is None),
        busy_ms=busy_ms,
        tools_ms=0.0,
    )


def _completion_failed(state: SessionState, event: events.CompletionFailed) -> SessionState:
    return replace(
        state,
        version=state.version + 1,
        failure=event,
        failures=state.failures + 1,
        passing=event if event.retryable else state.passing,
    )


def _fallback_chosen(state: SessionState, _event: events.FallbackChosen | Erased) -> SessionState:
    """The next in order; where that is not known, whoever is told of it says a wrong name."""
    known = 0 if state.started is None else len(state.started.fallbacks)
    return replace(
        state,
        version=state.version + 1,
        failure=None,
        fallback=min(state.fallback + 1, known),
    )


def _passed(state: SessionState, event: events.AnswerPassed) -> SessionState:
    return replace(state, version=state.version + 1, passed=event)


def _withheld(state: SessionState, event: events.AnswerWithheld) -> SessionState:
    return replace(state, version=state.version + 1, withheld=event)


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
    return with_returns(state, turn, event.latency_ms)


def _deadline_passed(state: SessionState, _event: events.DeadlinePassed) -> SessionState:
    return replace(state, version=state.version + 1, deadline_passed=True)


def _cancelled(state: SessionState, event: events.SessionCancelled) -> SessionState:
    return came_to(state, Status.CANCELLED, cause="cancelled", detail=event.reason)


def _paused(state: SessionState, event: events.SessionPaused) -> SessionState:
    paused = came_to(state, Status.PAUSED, cause=event.cause, detail=event.detail)
    return replace(paused, rested=True)


def _completed(state: SessionState, event: events.SessionCompleted) -> SessionState:
    return replace(came_to(state, Status.COMPLETED), answer=event.answer)


def _failed(state: SessionState, event: events.SessionFailed) -> SessionState:
    return came_to(state, Status.FAILED, cause=event.cause, detail=event.detail)


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
            return with_returns(state, filled(state.turn, open_slot(state.turn), event))
        case "fallback_chosen":
            return _fallback_chosen(state, event)
        case "approval_requested":
            return control.requested_by_erased(state)
        case "approval_decided" | "tool_reconciled":
            return control.settled_by_erased(state, event)
        case "session_resumed":
            return _resumed(state, events.SessionResumed(epoch=state.epoch))
        case kind if kind in _STATUS_OF_ERASED:
            state = came_to(state, _STATUS_OF_ERASED[kind], cause="erased")
            return replace(state, rested=state.rested or kind in _RESTING)
        case _:
            return replace(state, version=state.version + 1)


_RESTING: Final = frozenset({"session_paused", "budget_reached"})
_STATUS_OF_ERASED: Final = {
    "session_paused": Status.PAUSED,
    "pause_requested": Status.PAUSED,
    "budget_reached": Status.PAUSED,
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
    events.FallbackChosen: _fallback_chosen,
    events.AnswerPassed: _passed,
    events.AnswerWithheld: _withheld,
    events.ToolCalled: _called,
    events.ToolReturned: _returned,
    events.DeadlinePassed: _deadline_passed,
    events.SessionCancelled: _cancelled,
    events.SessionPaused: _paused,
    events.SessionCompleted: _completed,
    events.SessionFailed: _failed,
    events.CheckpointLabelled: _labelled,
    events.SessionForked: _forked,
    events.PauseRequested: control.pause_requested,
    events.ApprovalRequested: control.requested,
    events.ApprovalDecided: control.decided,
    events.ToolReconciled: control.reconciled,
    events.BudgetReached: control.budget_reached,
    events.BudgetRaised: control.budget_raised,
    Erased: _erased,
}
