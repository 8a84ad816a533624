"""What of an agent's mind is told in one append with something else: nothing comes in between."""

from typing import Final

from schema import events
from schema.events import Event, GraphRecalled, MemoryRecalled
from service.agent.moves import Move, Recall, Transact
from service.agent.session import SessionState
from service.replay import on_graph, on_memory
from service.replay.place import Objection, Place, refused

GRAPH_DUE: Final = GraphRecalled.type
"""What comes behind memory before the first step; no call has such a name."""

_CHANGES: Final = (*on_memory.WORKING, MemoryRecalled, GraphRecalled)


def change_begun(state: SessionState, under_way: Move, event: Event) -> str | None:
    """The call whose return comes behind *event* in the same append, or `GRAPH_DUE`; else None."""
    match under_way:
        case Transact(call) if isinstance(event, _CHANGES):
            return call.call_id
        case Recall() if isinstance(event, MemoryRecalled):
            graph = None if state.started is None else state.started.graph
            return None if graph is None else GRAPH_DUE
        case _:
            return None


def due_words(half: str | None) -> str:
    """What must come behind the change that has begun, its type first; nothing where none has."""
    if half is None or half == GRAPH_DUE:
        return half or ""
    return f"{events.ToolReturned.type} of {half}"


def goes_with(place: Place, event: Event) -> bool:
    """Whether *event* may come right behind the change that has begun at *place*."""
    match event:
        case events.ToolReturned(call_id=call_id):
            return call_id == place.half
        case GraphRecalled():
            return place.half == GRAPH_DUE
        case _:
            return isinstance(event, events.WorkingEvicted) and place.half != GRAPH_DUE


def return_of_change(place: Place, event: events.ToolReturned) -> Objection | None:
    """What speaks against the return of a tool on the mind: it comes with its change or never."""
    if not isinstance(place.under_way, Transact) or place.state.missing:
        return None
    call = place.under_way.call
    if event.call_id != call.call_id:
        return refused(f"the return of {call.call_id}", f"that of {event.call_id}")
    if not place.state.goes_on:
        return refused("no change of the mind behind the end", event.call_id)
    if due := on_memory.due_evictions(place):
        return refused(f"working_evicted of {due[0]!r}", event.type)
    tells = on_memory.tells(place, call) or on_graph.tells(place, call)
    if event.ok and tells and place.half is None:
        return refused(f"what {call.tool} did, before its return", event.type)
    return None
