"""What people and other processes may decide at a place in a session."""

from collections.abc import Callable
from typing import Any, Final

from schema import events
from schema.events import Budget, Event
from service.agent import moves
from service.agent.budgets import most
from service.agent.control import return_of, wants_word
from service.agent.session import SessionState, Status
from service.replay.place import Objection, Place, refused


def untold(state: SessionState, call_id: str) -> Objection | None:
    """What speaks against a return of *call_id*: that it can't have begun yet."""
    if state.rested:
        return refused("no return, nobody drove the session", f"that of {call_id}")
    calls = () if state.turn is None else state.turn.unreturned
    for call in calls:
        if isinstance(call, events.ToolCalled) and call.call_id == call_id:
            held = wants_word(state, call) and call_id not in state.released
            return refused(f"no return of {call_id} before its approval", "one") if held else None
    return None


def erased_word_for(owed: Event, state: SessionState) -> bool:
    """Whether *owed* rests on what may have been said otherwise, and was erased."""
    said: tuple[type[Event], ...] = ()
    match owed:
        case events.ApprovalRequested():
            said = (events.ApprovalDecided,)
        case events.SessionPaused(cause=moves.OUTCOME_UNKNOWN):
            said = (events.ApprovalDecided, events.ToolReconciled, events.ToolReturned)
        case events.BudgetReached():
            said = (events.CompletionReceived, events.ToolReturned, events.BudgetRaised)
    types = {event_type for _, event_type in state.missing} if said else set()
    return not types.isdisjoint(kind.type for kind in said)


def _pause_requested(place: Place, _event: events.PauseRequested) -> Objection | None:
    if place.state.goes_on:
        return None
    return refused("a session that can be paused", f"one that has {place.state.status.value}")


def _approval_decided(place: Place, event: events.ApprovalDecided) -> Objection | None:
    state = place.state
    if state.missing:
        return None
    if state.status is not Status.WAITING or event.call_id not in state.waiting_for:
        waiting = " or ".join(state.waiting_for) or "nothing"
        return refused(f"a word about {waiting}", f"one about {event.call_id}")
    if event.arguments is not None and not event.approved:
        return refused("no arguments for what is not to run", "some")
    return _fits(state, return_of(event))


def _tool_reconciled(place: Place, event: events.ToolReconciled) -> Objection | None:
    state = place.state
    if state.missing:
        return None
    if state.ended or event.call_id not in state.doubtful:
        unknown = " or ".join(state.doubtful) if not state.ended else ""
        return refused(f"the outcome of {unknown or 'nothing'}", f"that of {event.call_id}")
    if event.data is not None and event.outcome != "happened":
        return refused("no data of what did not happen", "some")
    return _fits(state, return_of(event))


def _budget_raised(place: Place, event: events.BudgetRaised) -> Objection | None:
    state = place.state
    if state.ended:
        return refused("a session that can spend something", f"one that has {state.status.value}")
    if state.missing:
        return None
    asked = most(
        Budget(tokens=event.tokens, steps=event.steps, seconds=event.seconds, cost=event.cost)
    )
    for kind, so_far in most(state.budget).items():
        wanted = asked[kind]
        if wanted is not None and (so_far is None or wanted <= so_far):
            limit = "as many as one likes" if so_far is None else f"{so_far:g}"
            return refused(f"more {kind} than {limit}", f"{wanted:g}")
    return None


def _fits(state: SessionState, back: events.ToolReturned | None) -> Objection | None:
    if back is None or state.started is None:
        return None
    most = state.started.limits.observation_bytes_max
    size_bytes = len(back.observation.encode("utf-8", "surrogatepass"))
    if size_bytes <= most:
        return None
    return refused(f"an observation of at most {most} bytes", f"one of {size_bytes}")


ON_CONTROL: Final[dict[type[Event], Callable[[Place, Any], Objection | None]]] = {
    events.PauseRequested: _pause_requested,
    events.ApprovalDecided: _approval_decided,
    events.ToolReconciled: _tool_reconciled,
    events.BudgetRaised: _budget_raised,
}
