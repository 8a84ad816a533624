"""Every event type that this program knows, and how stored text becomes one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from schema import json_text
from schema.errors import UnknownEvent
from schema.events import agent, control, fork, graph, log, memory, session
from schema.events.base import Erased, Event
from schema.events.upcasters import UPCASTERS

_TYPES: Final[tuple[type[Event], ...]] = (
    session.SessionStarted,
    session.SessionResumed,
    session.CompletionReceived,
    session.CompletionFailed,
    session.FallbackChosen,
    session.AnswerPassed,
    session.AnswerWithheld,
    session.ToolCalled,
    session.ToolReturned,
    session.DeadlinePassed,
    session.SessionCancelled,
    session.SessionPaused,
    session.SessionCompleted,
    session.SessionFailed,
    session.CheckpointLabelled,
    fork.SessionForked,
    control.PauseRequested,
    control.ApprovalRequested,
    control.ApprovalDecided,
    control.ToolReconciled,
    control.BudgetReached,
    control.BudgetRaised,
    agent.AgentDefined,
    memory.EpisodeRecorded,
    memory.EpisodeEvicted,
    memory.EpisodeForgotten,
    memory.EpisodePinned,
    memory.RecallsCounted,
    memory.EmbeddingSpaceActivated,
    memory.EpisodesEmbedded,
    memory.FactStored,
    memory.FactRemoved,
    memory.WorkingSet,
    memory.WorkingRead,
    memory.WorkingRemoved,
    memory.WorkingEvicted,
    memory.MemoryRecalled,
    graph.EntityPut,
    graph.EntityRemoved,
    graph.RelationshipPut,
    graph.RelationshipRemoved,
    graph.GraphRecalled,
    log.EventsErased,
)

EVENT_TYPES: Final[Mapping[str, type[Event]]] = MappingProxyType({t.type: t for t in _TYPES})
"""Stored name → class."""

_DECODERS: Final = {(t.type, t.schema_version): msgspec.json.Decoder(t) for t in _TYPES}


def decode(event_type: str, schema_version: int, data: str | None) -> Event:
    """The event that was stored as *data*, lifted to today's shape; `Erased` where *data* is gone.

    Raises `UnknownEvent` for a type or schema version that this program does not know,
    and for data that does not fit them.
    """
    if data is None:
        return Erased(erased_type=event_type)
    decoder = _DECODERS.get((event_type, schema_version))
    try:
        if decoder is None:
            return _lift(event_type, schema_version, json_text.decode(data))
        return decoder.decode(data)
    except UnicodeEncodeError:  # a lone surrogate somewhere: the slow way keeps it
        return _convert(event_type, json_text.decode(data))
    except msgspec.ValidationError as error:
        raise UnknownEvent(f"{event_type} version {schema_version}: {error}") from error
    except msgspec.DecodeError:
        return _convert(event_type, json_text.decode(data))


def _lift(event_type: str, schema_version: int, data: dict[str, Any]) -> Event:
    """Apply the upcasters from *schema_version* up to today's."""
    known = EVENT_TYPES.get(event_type)
    if known is None or schema_version > known.schema_version:
        raise UnknownEvent(
            f"{event_type} version {schema_version} was written by a newer program than this one"
        )
    for version in range(schema_version, known.schema_version):
        data = UPCASTERS[event_type, version](data)
    return _convert(event_type, data)


def _convert(event_type: str, data: dict[str, Any]) -> Event:
    try:
        return msgspec.convert(data, EVENT_TYPES[event_type])
    except msgspec.ValidationError as error:
        raise UnknownEvent(f"{event_type}: {error}") from error
