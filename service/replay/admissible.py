"""Which inputs the world may give at a place in a session."""

from collections.abc import Callable
from typing import Any, Final

from schema import events, json_text
from schema.events import Erased, Event
from service.agent.moves import Pass, Think
from service.agent.session import SessionState, Status
from service.replay import on_graph
from service.replay.on_control import ON_CONTROL, untold
from service.replay.on_memory import ON_MEMORY
from service.replay.on_mind import due_words, goes_with, return_of_change
from service.replay.place import Objection, Place, refused

CONTROL: Final[frozenset[type[Event]]] = frozenset(
    {
        events.SessionCancelled,
        events.SessionResumed,
        events.CheckpointLabelled,
        events.EventsErased,
        events.SessionForked,
        *ON_CONTROL,
    }
)
"""What other processes append while a model or a tool is at work."""
SHOWN_CHARS_MAX: Final = 200
"""Of an observation that is none."""


_ALONE: Final = frozenset({events.SessionStarted.type} | {kind.type for kind in CONTROL})


def comes_alone(event: Event) -> bool:
    """Whether *event* is appended without what is decided upon it, so that others may come first.

    The loop appends an input together with all its decisions; what others append, it finds later.
    """
    return (event.erased_type if isinstance(event, Erased) else event.type) in _ALONE


def objection(place: Place, event: Event) -> Objection | None:
    """What speaks against *event* at *place*; None where nothing does."""
    if place.state.version == 0 and type(event) is not events.SessionStarted:
        return refused("session_started", event.type)
    cut_off = type(event) is events.SessionForked  # Its parent's append went on without it.
    if place.half is not None and not cut_off and not goes_with(place, event):
        return refused(f"{due_words(place.half)}, appended with what came before", event.type)
    check = _CHECKS.get(type(event))
    return None if check is None else check(place, event)


def _started(place: Place, _event: events.SessionStarted) -> Objection | None:
    if place.state.version == 0:
        return None
    return refused("no second session_started", "one")


def _received(place: Place, event: events.CompletionReceived) -> Objection | None:
    out_of_turn = _answers(place, event.step)
    if out_of_turn is not None:
        return out_of_turn
    if place.digest is not None and place.digest != event.prompt_digest:
        return Objection(
            "prompt",
            f"the prompt with digest {place.digest}",
            f"an answer to the one with digest {event.prompt_digest}",
        )
    if (event.cost_micro_usd is None) != (event.priced_from is None):
        return refused("a cost with its price's day, or neither", "one of the two")
    return None


def _failed(place: Place, event: events.CompletionFailed) -> Objection | None:
    return _answers(place, event.step)


def _answers(place: Place, step: int) -> Objection | None:
    """Whether the model was asked for *step*."""
    match place.under_way:
        case Think(due) if due == step and place.state.rested:
            return refused("nothing from the model, nobody drove the session", f"step {step}")
        case Think(due) if due == step:
            return None
        case Think(due):
            return refused(f"the completion of step {due}", f"that of step {step}")
        case _ if place.state.missing:
            return None
        case _:
            return refused("nothing from the model, which was not asked", f"step {step}")


def _passed(place: Place, event: events.AnswerPassed | events.AnswerWithheld) -> Objection | None:
    """What the stages made of it nobody asks again; that they were asked is what is known."""
    match place.under_way:
        case Pass(due) if due == event.step and not place.state.rested:
            return None
        case Pass(due) if due == event.step:
            return refused("nothing from the stages, nobody drove the session", event.type)
        case Pass(due):
            return refused(f"the answer of step {due}", f"that of step {event.step}")
        case _ if place.state.missing:
            return None
        case _:
            return refused("nothing from the stages, which were not asked", event.type)


def _returned(place: Place, event: events.ToolReturned) -> Objection | None:
    turn = place.state.turn
    # What was erased stands in a slot that need not be its own.
    waiting = () if turn is None else turn.unsaid
    names = [call.call_id for call in waiting if isinstance(call, events.ToolCalled)]
    if event.call_id not in names and len(names) == len(waiting):
        wanted = f"the return of {' or '.join(names) or 'nothing'}"
        return refused(wanted, f"that of {event.call_id}")
    if place.state.status not in _TOOLS_MAY_RETURN:
        return refused(f"no return, the session had {place.state.status.value}", event.call_id)
    if not place.state.missing and (objection := untold(place.state, event.call_id)):
        return objection
    return return_of_change(place, event) or _observed(event, place.state.started)


def _observed(
    event: events.ToolReturned, started: events.SessionStarted | None
) -> Objection | None:
    """What speaks against the observation; a tool's return is never anything else."""
    try:
        value = json_text.decode(event.observation)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or value.get("ok") is not event.ok:
        wanted = f'a JSON object with "ok":{json_text.encode(event.ok)}'
        return refused(wanted, event.observation[:SHOWN_CHARS_MAX])
    size_bytes = len(event.observation.encode("utf-8", "surrogatepass"))
    if started is not None and size_bytes > started.limits.observation_bytes_max:
        most = started.limits.observation_bytes_max
        return refused(f"an observation of at most {most} bytes", f"one of {size_bytes}")
    return None


_TOOLS_MAY_RETURN: Final = frozenset(Status) - {Status.COMPLETED, Status.FAILED}


def _deadline_passed(place: Place, event: events.DeadlinePassed) -> Objection | None:
    started = place.state.started
    if not place.state.goes_on:
        return refused("no deadline, the session is not running", "deadline_passed")
    if started is not None and started.limits.session_timeout_s != event.timeout_s:
        expected = f"a deadline after {started.limits.session_timeout_s:g} s"
        return refused(expected, f"one after {event.timeout_s:g} s")
    return None


def _cancelled(place: Place, _event: events.SessionCancelled) -> Objection | None:
    if not place.state.ended:
        return None
    return refused("a session that can be cancelled", _standing(place.state))


def _resumed(place: Place, event: events.SessionResumed) -> Objection | None:
    state = place.state
    if state.ended:
        return refused("a session that can be resumed", _standing(state))
    if event.epoch <= state.epoch:
        return refused(f"an epoch after {state.epoch}", f"epoch {event.epoch}")
    return None


def _labelled(place: Place, event: events.CheckpointLabelled) -> Objection | None:
    if 0 <= event.at <= place.state.version:
        return None
    return refused(f"a label on version 0 to {place.state.version}", f"one on {event.at}")


def _events_erased(place: Place, event: events.EventsErased) -> Objection | None:
    if all(1 <= version <= place.state.version for version in event.versions):
        return None
    return refused(f"erased versions 1 to {place.state.version}", f"{list(event.versions)}")


def _forked(place: Place, event: events.SessionForked) -> Objection | None:
    if event.at == place.state.version:
        return None
    return refused(f"a fork at version {place.state.version}", f"one at {event.at}")


def _standing(state: SessionState) -> str:
    return f"one that has {state.status.value}"


_CHECKS: Final[dict[type[Event], Callable[[Place, Any], Objection | None]]] = {
    events.SessionStarted: _started,
    events.CompletionReceived: _received,
    events.CompletionFailed: _failed,
    events.AnswerPassed: _passed,
    events.AnswerWithheld: _passed,
    events.ToolReturned: _returned,
    **ON_MEMORY,
    events.GraphRecalled: on_graph.recalled,
    events.DeadlinePassed: _deadline_passed,
    events.SessionCancelled: _cancelled,
    events.SessionResumed: _resumed,
    events.CheckpointLabelled: _labelled,
    events.EventsErased: _events_erased,
    events.SessionForked: _forked,
    **ON_CONTROL,
}
