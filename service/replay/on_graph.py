"""What an agent's graph may give at a place in a session."""

from itertools import pairwise
from typing import Any, Final

from schema import events
from schema.events import GraphPolicy, GraphRecalled, KnownRelationship
from service.agent.graph_text import told
from service.agent.moves import Recall, Transact, asks_memory
from service.agent.session import Status
from service.replay.place import Objection, Place, refused

DESCRIBE: Final = "describe"
NEIGHBOURS: Final = "neighbours"
PATH: Final = "path"
"""The tools whose answers are told in the session's own stream; the first one writes, too."""


def tells(call: events.ToolCalled) -> bool:
    """Whether *call* is sure to have read the graph, if it did anything."""
    if call.tool in (NEIGHBOURS, PATH):
        return True
    return (
        call.tool == DESCRIBE and isinstance(call.arguments, dict) and not _writes(call.arguments)
    )


def recalled(place: Place, event: GraphRecalled) -> Objection | None:
    """What speaks against *event* as what the graph gave."""
    if place.state.missing:
        return None
    match place.under_way:
        case Recall() if event.call_id is None:
            objection = _for_task(place, event)
        case Transact(call) if event.call_id == call.call_id and _may_tell(call):
            objection = _for_call(call, event)
        case _:
            return refused("nothing of the graph, which was not asked", event.type)
    if objection is not None:
        return objection
    if place.state.status is not Status.RUNNING:
        return refused("no answer of the graph behind the end", event.type)
    if event.at != place.asked_at:
        return refused(f"what the graph held at {place.asked_at}", f"what it held at {event.at}")
    return None


def _may_tell(call: events.ToolCalled) -> bool:
    """Whether *call* may have read the graph: what is no object may have been read as one."""
    return tells(call) or (call.tool == DESCRIBE and not isinstance(call.arguments, dict))


def _writes(given: dict[str, Any]) -> bool:
    return (
        given.get("label") is not None or bool(given.get("properties")) or bool(given.get("remove"))
    )


def _for_task(place: Place, event: GraphRecalled) -> Objection | None:
    started = place.state.started
    policy = None if started is None else started.graph
    if started is None or policy is None:
        return refused("nothing of the graph, the session is told none", event.type)
    if asks_memory(started) and place.state.recalled is None:
        return refused("what memory holds, which comes first", event.type)
    if event.policy != policy:
        return refused("the policy that the session began with", "another")
    return _too_much(policy, event) or _budgeted(event)


def _too_much(policy: GraphPolicy, event: GraphRecalled) -> Objection | None:
    most = policy.max_entities * policy.max_relationships
    if len(event.relationships) > most:
        return refused(f"at most {most} relationships", f"{len(event.relationships)}")
    if len(event.entities) > policy.max_entities + most:
        return refused(f"at most {policy.max_entities + most} entities", f"{len(event.entities)}")
    return None


def _budgeted(event: GraphRecalled) -> Objection | None:
    if event != told(event):
        return refused("all told that the budget has room for", "others told")
    return None


def _for_call(call: events.ToolCalled, event: GraphRecalled) -> Objection | None:
    """What speaks against *event* as the answer to *call*, as far as that is an object."""
    if event.policy is not None:
        return refused("no policy, a tool asked", "one")
    given = call.arguments if isinstance(call.arguments, dict) else {}
    match given.get("limit"):
        case int(limit) if len(event.relationships) > limit:
            return refused(f"at most {limit} relationships", f"{len(event.relationships)}")
    match given.get("kind"):
        case str(kind) if any(one.kind != kind for one in event.relationships):
            return refused(f"relationships of the kind {kind!r}", "others")
    if call.tool == PATH:
        return _led(given, event.relationships) or _budgeted(event)
    return _of_one(given.get("id"), event.relationships) or _budgeted(event)


def _of_one(id_: Any, found: tuple[KnownRelationship, ...]) -> Objection | None:
    if isinstance(id_, str) and any(id_ not in (one.source, one.target) for one in found):
        return refused(f"relationships of {id_!r}", "others")
    return None


def _led(given: dict[str, Any], steps: tuple[KnownRelationship, ...]) -> Objection | None:
    """What speaks against *steps* as a way; one that is long is told in part."""
    if any(one.target != other.source for one, other in pairwise(steps)):
        return refused("a way, step by step", "relationships that do not follow on each other")
    if steps and isinstance(given.get("from"), str) and steps[0].source != given["from"]:
        return refused(f"a way from {given['from']!r}", f"one from {steps[0].source!r}")
    return None
