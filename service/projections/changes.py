"""The read model `changes`: each event that is no step, with what it happened to and why."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from eventlog.database import Conn
from eventlog.project import Projection
from eventlog.statements import statement
from schema import events
from schema.envelope import RecordedEvent
from schema.events import Erased, Event
from schema.row_text import projected
from service.projections.setwise import Row, erased_versions, execute_for, made

ADD: Final = statement(__package__, "add_changes")
ERASE: Final = statement(__package__, "erase_changes")

SUBJECT_CHARS_MAX: Final = 1024
DETAIL_CHARS_MAX: Final = 8192
"""What is longer is cut: the event has all of it."""

Told = tuple[str | None, str | None]
"""What it happened to, and why or what it is from then on."""


async def apply(conn: Conn, batch: Sequence[RecordedEvent]) -> None:
    """Add what *batch* tells; what an erased event said goes, that it happened stays."""
    await execute_for(conn, ADD, _rows(batch))
    await execute_for(conn, ERASE, erased_versions(batch))


def _rows(batch: Sequence[RecordedEvent]) -> Iterator[Row]:
    for recorded in batch:
        if (said := _said(recorded.event)) is None:
            continue
        type_, (subject, detail) = said
        subject, subject_altered = _fit(subject, SUBJECT_CHARS_MAX)
        detail, detail_altered = _fit(detail, DETAIL_CHARS_MAX)
        actor = projected(recorded.metadata.actor or "")[0]
        yield (*made(recorded), type_, actor, subject, detail, subject_altered or detail_altered)


def _said(event: Event) -> tuple[str, Told] | None:
    """The type and what is told of it; None for what has no row here."""
    if isinstance(event, Erased):
        return (event.erased_type, (None, None)) if event.erased_type in _TYPES else None
    told = _TOLD.get(type(event))
    return None if told is None else (event.type, told(event))


def _fit(text: str | None, characters_max: int) -> tuple[str | None, bool]:
    if text is None:
        return None, False
    fitting, altered = projected(text[:characters_max])
    return fitting, altered or len(text) > characters_max


def _link(event: Any) -> str:
    return f"{event.source} {event.kind} {event.target}"


def _word(event: events.ApprovalDecided) -> str:
    return f"{'approved' if event.approved else 'rejected'}: {event.reason}"


_TOLD: Final[Mapping[type[Event], Callable[[Any], Told]]] = {
    events.AgentDefined: lambda e: (e.model, None),
    events.EpisodeRecorded: lambda e: (None, e.content),
    events.EpisodeEvicted: lambda e: (e.id, "capacity"),
    events.EpisodeForgotten: lambda e: (e.id, e.reason),
    events.EpisodePinned: lambda e: (e.id, "pinned" if e.pinned else "unpinned"),
    events.FactStored: lambda e: (e.key, e.value),
    events.FactRemoved: lambda e: (e.key, e.reason),
    events.EmbeddingSpaceActivated: lambda e: (e.space, e.model),
    events.EntityPut: lambda e: (e.id, e.label),
    events.EntityRemoved: lambda e: (e.id, e.reason),
    events.RelationshipPut: lambda e: (_link(e), f"{e.weight:g}"),
    events.RelationshipRemoved: lambda e: (_link(e), e.reason),
    events.CompletionFailed: lambda e: (str(e.step), f"{e.code}: {e.detail}"),
    events.FallbackChosen: lambda e: (e.model, e.cause),
    events.AnswerWithheld: lambda e: (e.stage, f"{e.code}: {e.detail}"),
    events.DeadlinePassed: lambda e: (None, f"{e.timeout_s:g} s"),
    events.SessionPaused: lambda e: (e.cause, e.detail),
    events.PauseRequested: lambda e: (None, e.reason),
    events.ApprovalRequested: lambda e: (" ".join(e.call_ids), None),
    events.ApprovalDecided: lambda e: (e.call_id, _word(e)),
    events.ToolReconciled: lambda e: (e.call_id, f"{e.outcome}: {e.reason}"),
    events.BudgetReached: lambda e: (e.kind, f"{e.spent:.15g} of {e.most:.15g}"),
    events.BudgetRaised: lambda e: (None, e.reason),
    events.SessionResumed: lambda e: (str(e.epoch), e.reason),
    events.SessionCancelled: lambda e: (None, e.reason),
    events.SessionFailed: lambda e: (e.cause, e.detail),
    events.CheckpointLabelled: lambda e: (e.label, str(e.at)),
}

_TYPES: Final = frozenset(event.type for event in _TOLD)

changes = Projection(
    "changes",
    tables=("changes",),
    apply=apply,
    handles=frozenset({*_TOLD, events.EventsErased}),
    kinds=frozenset(),
)
