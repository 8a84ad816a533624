"""What the word of people and other processes changes in a session's state."""

from msgspec.structs import replace

from schema import events, json_text
from schema.events import Erased
from service.agent.state import SessionState, Status
from service.agent.turn import Turn, altered, filled, once_only, slot_of


def came_to(
    state: SessionState, status: Status, *, cause: str | None = None, detail: str = ""
) -> SessionState:
    """*state* one version on, with another status, and why."""
    return replace(
        state, version=state.version + 1, status=status, cause=cause, detail=detail, failure=None
    )


def pause_requested(state: SessionState, event: events.PauseRequested) -> SessionState:
    """What is under way may return; nothing begins.

    Whether somebody drives the session we can't tell, so it has not come to rest by this.
    """
    paused = came_to(state, Status.PAUSED, cause=event.type, detail=event.reason)
    return replace(paused, waiting_for=())  # It is asked again when it goes on.


def budget_reached(state: SessionState, event: events.BudgetReached) -> SessionState:
    """It rests until somebody lets it go on."""
    detail = f"{event.spent:.15g} of {event.most:.15g} {event.kind} are spent"
    return replace(came_to(state, Status.PAUSED, cause=event.type, detail=detail), rested=True)


def budget_raised(state: SessionState, event: events.BudgetRaised) -> SessionState:
    """What a paused session has more it spends when it is resumed."""
    kinds = ("tokens", "steps", "seconds", "cost")
    raised = {kind: most for kind in kinds if (most := getattr(event, kind)) is not None}
    return replace(state, version=state.version + 1, budget=replace(state.budget, **raised))


# ---- approval --------------------------------------------------------------------------------


def wants_word(state: SessionState, call: events.ToolCalled | Erased) -> bool:
    """Whether *call* runs only once somebody approved it."""
    started = state.started
    return (
        started is not None
        and isinstance(call, events.ToolCalled)
        and call.tool in started.approvals
    )


def unapproved(state: SessionState) -> tuple[str, ...]:
    """The calls of the open turn that nobody has said a word about, in the model's order."""
    started = state.started
    if started is None or not started.approvals or state.turn is None:
        return ()
    return tuple(
        call.call_id
        for call in state.turn.unreturned
        if isinstance(call, events.ToolCalled)
        and call.tool in started.approvals
        and call.call_id not in state.approved
    )


def requested(state: SessionState, event: events.ApprovalRequested) -> SessionState:
    """The calls wait; what needs no word may run beside them."""
    waits = came_to(state, Status.WAITING, cause=event.type, detail=", ".join(event.call_ids))
    waits = replace(waits, waiting_for=event.call_ids)
    return replace(waits, rested=_has_come_to_rest(waits, waits.turn))


def requested_by_erased(state: SessionState) -> SessionState:
    """As if the event named the calls that it must have named."""
    state = requested(state, events.ApprovalRequested(call_ids=unapproved(state)))
    return replace(state, cause="erased", detail="")


def decided(state: SessionState, event: events.ApprovalDecided) -> SessionState:
    """The call runs once the session goes on, or has returned with this no.

    The session waits until it is taken up: only then somebody drives it.
    """
    turn = state.turn
    slot = -1 if turn is None else slot_of(turn, event.call_id)
    left = tuple(call_id for call_id in state.waiting_for if call_id != event.call_id)
    state = replace(state, version=state.version + 1, waiting_for=left)
    if turn is None or slot < 0:
        return state
    if back := return_of(event):
        return replace(state, turn=filled(turn, slot, back))
    turn = altered(turn, slot, event.arguments)
    return replace(state, turn=turn, approved=(*state.approved, event.call_id))


def _has_come_to_rest(state: SessionState, turn: Turn | None) -> bool:
    """Whether a session that waits has nothing else to do."""
    waits = state.status is Status.WAITING and turn is not None
    return waits and turn is not None and all(wants_word(state, call) for call in turn.unreturned)


# ---- unknown outcomes ------------------------------------------------------------------------


def may_have_run(state: SessionState) -> tuple[str, ...]:
    """The calls that must not run twice, and may have run when the process went away."""
    return tuple(
        call.call_id
        for call in once_only(state.turn)
        if not wants_word(state, call) or call.call_id in state.released
    )


def reconciled(state: SessionState, event: events.ToolReconciled) -> SessionState:
    """The call has returned, or is to run when the session goes on."""
    turn = state.turn
    slot = -1 if turn is None else slot_of(turn, event.call_id)
    if turn is None or slot < 0:
        return replace(state, version=state.version + 1)
    if back := return_of(event):
        return with_returns(state, filled(turn, slot, back))
    doubtful = tuple(call_id for call_id in state.doubtful if call_id != event.call_id)
    return with_returns(replace(state, doubtful=doubtful), turn)


def with_returns(state: SessionState, turn: Turn, latency_ms: float = 0.0) -> SessionState:
    """*state* one version on, after something returned: *turn*."""
    return replace(
        state,
        version=state.version + 1,
        turn=turn,
        tools_ms=max(state.tools_ms, latency_ms),
        doubtful=state.doubtful and _still_open(state.doubtful, turn),
        rested=state.rested or _has_come_to_rest(state, turn),
    )


def _still_open(doubtful: tuple[str, ...], turn: Turn) -> tuple[str, ...]:
    return tuple(call.call_id for call in once_only(turn) if call.call_id in doubtful)


def settled_by_erased(state: SessionState, event: Erased) -> SessionState:
    """Somebody's word is gone: the call it may have been for is not run, which harms nobody."""
    turn = state.turn
    calls = state.waiting_for or state.doubtful
    if turn is None or not calls:
        return replace(state, version=state.version + 1)
    state = replace(state, waiting_for=state.waiting_for[1:])
    return with_returns(state, filled(turn, slot_of(turn, calls[0]), event))


def return_of(
    event: events.ApprovalDecided | events.ToolReconciled,
) -> events.ToolReturned | None:
    """What the model is told of a call that *event* settles; None where the call is to run."""
    match event:
        case events.ApprovalDecided(approved=False):
            error = f"not approved: {event.reason}" if event.reason else "not approved"
            said = {"ok": False, "error": error, "kind": "blocked"}
            return events.ToolReturned(
                call_id=event.call_id, ok=False, observation=json_text.encode(said), kind="blocked"
            )
        case events.ToolReconciled(outcome="happened"):
            told = json_text.encode({"ok": True, "data": event.data})
            return events.ToolReturned(call_id=event.call_id, ok=True, observation=told)
        case _:
            return None
