"""What an agent's graph may give at a place in a session."""

from itertools import pairwise
from typing import Any, Final

from schema import events
from schema.events import GraphPolicy, GraphRecalled, KnownRelationship
from service.agent.given import object_given
from service.agent.graph_text import told
from service.agent.moves import Recall, Transact, asks_memory
from service.graph.limits import DESCRIBED_RELATIONSHIPS_MAX, HOPS_TOLD_MAX
from service.replay.place import Objection, Place, refused

DESCRIBE: Final = "describe"
NEIGHBOURS: Final = "neighbours"
PATH: Final = "path"
"""The tools whose answers are told in the session's own stream; the first one writes, too."""


def tells(place: Place, call: events.ToolCalled) -> bool:
    """Whether *call* reads the graph, if it does anything."""
    if call.tool in (NEIGHBOURS, PATH):
        return True
    return call.tool == DESCRIBE and not _writes(_given(place, call))


def recalled(place: Place, event: GraphRecalled) -> Objection | None:
    """What speaks against *event* as what the graph gave."""
    if place.state.missing:
        return None
    match place.under_way:
        case Recall() if event.call_id is None:
            objection = _for_task(place, event)
        case Transact(call) if event.call_id == call.call_id and tells(place, call):
            objection = _for_call(call.tool, _given(place, call), event)
        case _:
            return refused("nothing of the graph, which was not asked", event.type)
    if objection is not None:
        return objection
    pinned = None if place.state.started is None else place.state.started.mind
    if pinned is not None and event.version > pinned.graph:
        return refused(f"the graph at version {pinned.graph}", f"that at version {event.version}")
    if not place.state.goes_on:
        return refused("no answer of the graph behind the end", event.type)
    if event.at != place.asked_at:
        return refused(f"what the graph held at {place.asked_at}", f"what it held at {event.at}")
    return None


def _given(place: Place, call: events.ToolCalled) -> dict[str, Any]:
    """The arguments of *call* as its tool reads them; none where it must have refused them."""
    started = place.state.started
    specs = () if started is None else started.tools
    parameters = next((spec.parameters for spec in specs if spec.name == call.tool), {})
    try:
        given = object_given(parameters, call.arguments)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(given, dict):
        return {}
    properties = parameters.get("properties", {}).items()
    return {name: one["default"] for name, one in properties if "default" in one} | given


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


def _for_call(tool: str, given: dict[str, Any], event: GraphRecalled) -> Objection | None:
    """What speaks against *event* as the answer to what was *given* to *tool*."""
    if event.policy is not None:
        return refused("no policy, a tool asked", "one")
    most = HOPS_TOLD_MAX if tool == PATH else _most(given)
    if len(event.relationships) > most:
        return refused(f"at most {most} relationships", f"{len(event.relationships)}")
    match given.get("kind"):
        case str(kind) if any(one.kind != kind for one in event.relationships):
            return refused(f"relationships of the kind {kind!r}", "others")
    if tool == PATH:
        return _led(given, event.relationships) or _budgeted(event)
    return _of_one(given.get("id"), event.relationships) or _budgeted(event)


def _most(given: dict[str, Any]) -> int:
    """How many relationships may be told of an entity; `describe` is not asked for a number."""
    match given.get("limit"):
        case int(limit) | float(limit):
            return int(limit)
        case _:
            return DESCRIBED_RELATIONSHIPS_MAX


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
    is_whole = 0 < len(steps) < HOPS_TOLD_MAX
    if is_whole and isinstance(given.get("to"), str) and steps[-1].target != given["to"]:
        return refused(f"a way to {given['to']!r}", f"one to {steps[-1].target!r}")
    return None
