"""Which inputs memory may give at a place in a session, and which changes of it may be told."""

from collections.abc import Callable
from typing import Any, Final

from schema import events, json_text
from schema.events import Event, MemoryPolicy, MemoryRecalled
from service.agent.moves import Move, Recall, Transact, asks_memory
from service.memory.budget import told
from service.memory.working import note
from service.replay.place import Objection, Place, refused

RECALL: Final = "recall"
NOTE: Final = "note"
"""The tools whose work is told in the session's own stream."""

WORKING: Final = (
    events.WorkingSet,
    events.WorkingRead,
    events.WorkingRemoved,
    events.WorkingEvicted,
)


def tells(place: Place, call: events.ToolCalled) -> bool:
    """Whether the session's own stream tells what *call* did to memory."""
    policy = _policy(place)
    if call.tool == NOTE:
        return policy is not None and not policy.working_shared
    return call.tool == RECALL


def _recalled(place: Place, event: MemoryRecalled) -> Objection | None:
    """What speaks against *event* as what memory gave."""
    if place.state.missing:
        return None
    match place.under_way:
        case Recall(query) if event.call_id is None and _is_asked(place):
            pass
        case Transact(call) if event.call_id == call.call_id and call.tool == RECALL:
            query = _query(call, event.query)
        case _:
            return refused("nothing from memory, which was not asked", event.type)
    if not place.state.goes_on:
        return refused("no recall behind the end", event.type)
    return _fits(place, event, query)


def _is_asked(place: Place) -> bool:
    """Whether the task is put to memory, and not to the graph alone."""
    return place.state.started is not None and asks_memory(place.state.started)


def _query(call: events.ToolCalled, found: str) -> str:
    """What *call* asks for; *found*, where the model did not write it as an object."""
    match call.arguments:
        case {"query": str(query)}:
            return query
        case _:
            return found


def _limit(under_way: Move) -> int | None:
    """How many memories the call that is under way asks for, if it says so."""
    match under_way:
        case Transact(events.ToolCalled(arguments={"limit": int(limit)})):
            return limit
        case _:
            return None


def _fits(place: Place, event: MemoryRecalled, query: str) -> Objection | None:
    """What speaks against *event* as the answer to *query*."""
    policy = _policy(place)
    if policy is None:
        return _without(event)
    if event.query != query:
        return refused(f"a recall for {query!r}", f"one for {event.query!r}")
    pinned = None if place.state.started is None else place.state.started.mind
    if pinned is not None and event.version > pinned.memory:
        return refused(f"memory at version {pinned.memory}", f"that at version {event.version}")
    if event.policy != policy:
        return refused("the policy that the session began with", "another")
    if event.at != place.asked_at:
        return refused(f"a recall at {place.asked_at}", f"one at {event.at}")
    most = policy.max_memory_recalls if event.call_id is None else _limit(place.under_way)
    if most is not None and len(event.items) > most:
        return refused(f"at most {most} memories", f"{len(event.items)}")
    tokens_max = policy.max_memory_tokens if event.call_id is None else None
    if event.items != told(event.items, tokens_max):
        return refused("all told that the budget has room for", "others told")
    if event.working and not policy.working_shared:
        return refused("no working memory, which is the session's own", "some")
    return None


def _worked(place: Place, event: Event) -> Objection | None:
    """What speaks against a change of the session's own working memory."""
    if place.state.missing:
        return None
    if isinstance(event, events.WorkingEvicted):
        return _evicted(place, event)
    match place.under_way:
        case Transact(call) if call.tool == NOTE and place.state.goes_on:
            return _noted(place, call, event)
        case _:
            return refused("no change of working memory, none was asked for", event.type)


def _noted(place: Place, call: events.ToolCalled, event: Any) -> Objection | None:
    policy = _policy(place)
    if policy is None:
        return _without(event)
    if policy.working_shared:
        return refused("nothing here, working memory is shared", event.type)
    asked = _asked(call, event)
    if event != asked:
        return refused(*(f"{fact.type} {json_text.encode(fact)}" for fact in (asked, event)))
    if not isinstance(event, events.WorkingSet) and place.state.working.get(event.key) is None:
        return refused(f"an entry {event.key!r}", "none")
    return None


def _asked(call: events.ToolCalled, found: Event) -> Event:
    """What *call* asks for; *found*, where the model did not write it as an object."""
    match call.arguments:
        case {"key": str(key), "remove": True}:
            return events.WorkingRemoved(key=key)
        case {"key": str(key), "value": str(value)} if value:
            return events.WorkingSet(key=key, value=value)
        case {"key": str(key)}:
            return events.WorkingRead(key=key)
        case _:
            return found


def _evicted(place: Place, event: events.WorkingEvicted) -> Objection | None:
    due = due_evictions(place)
    if place.half is None or not due:
        return refused("no eviction, there is room", event.type)
    if event.key != due[0]:
        return refused(f"the eviction of {due[0]!r}, used least recently", f"that of {event.key!r}")
    return None


def due_evictions(place: Place) -> list[str]:
    """The keys that must still go for the entry that was used last."""
    policy, used = _policy(place), place.state.working.used
    if policy is None or not used:
        return []
    last = used[-1]
    changes = note(place.state.working, last.key, last.value, policy.working_capacity)
    return [change.key for change in changes if isinstance(change, events.WorkingEvicted)]


def _policy(place: Place) -> MemoryPolicy | None:
    """How the session remembers; None where it does not."""
    return None if place.state.started is None else place.state.started.memory


def _without(event: Event) -> Objection:
    return refused("nothing of memory, the session has none", event.type)


ON_MEMORY: Final[dict[type[Event], Callable[[Place, Any], Objection | None]]] = {
    MemoryRecalled: _recalled,
    **dict.fromkeys(WORKING, _worked),
}
