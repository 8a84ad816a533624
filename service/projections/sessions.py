"""The read model `sessions`: each run of an agent in one row."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from eventlog.database import Conn
from eventlog.project import Projection
from eventlog.statements import statement
from schema import events
from schema.envelope import RecordedEvent
from schema.tables import readmodel
from service.projections.setwise import Row, erased_versions, execute_for, of_sessions, place
from service.projections.text import projected

OPEN: Final = statement(__package__, "open_sessions")
ADVANCE: Final = statement(__package__, "advance_sessions")
SETTLE: Final = statement(__package__, "settle_sessions")
ERASE: Final = statement(__package__, "erase_sessions")

STATUS_AFTER: Final[Mapping[str, str]] = MappingProxyType(
    {
        events.SessionResumed.type: "running",
        events.SessionPaused.type: "paused",
        events.SessionCompleted.type: "completed",
        events.SessionFailed.type: "failed",
        events.SessionCancelled.type: "cancelled",
    }
)
"""Event type → the status it sets; by the stored name, which an erased event keeps."""

ENDS: Final = frozenset({"completed", "failed", "cancelled"})


async def apply(conn: Conn, batch: Sequence[RecordedEvent]) -> None:
    """Bring the rows of all sessions in *batch* to their last event."""
    batch = of_sessions(batch)
    await execute_for(conn, OPEN, _started(batch))
    await execute_for(conn, ADVANCE, map(_advanced, batch))
    await execute_for(conn, SETTLE, _settled(batch))
    await execute_for(conn, ERASE, erased_versions(batch))


def _started(batch: Sequence[RecordedEvent]) -> Iterator[Row]:
    for recorded in batch:
        if recorded.type != events.SessionStarted.type:
            continue
        prompt, model, altered = None, None, False
        if isinstance(event := recorded.event, events.SessionStarted):
            prompt, prompt_altered = projected(event.prompt)
            model, model_altered = projected(event.model)
            altered = prompt_altered or model_altered
        yield (*place(recorded), recorded.recorded_at, recorded.agent_id, prompt, model, altered)


def _advanced(recorded: RecordedEvent) -> Row:
    usage = events.Usage()
    if isinstance(recorded.event, events.CompletionReceived):
        usage = recorded.event.usage
    return (
        *place(recorded),
        recorded.recorded_at,
        int(recorded.type == events.CompletionReceived.type),
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_tokens,
    )


def _settled(batch: Sequence[RecordedEvent]) -> Iterator[Row]:
    for recorded in batch:
        if (status := STATUS_AFTER.get(recorded.type)) is None:
            continue
        texts = [None if text is None else projected(text) for text in _reasons(recorded.event)]
        yield (
            *place(recorded),
            status,
            *(text and text[0] for text in texts),
            recorded.recorded_at if status in ENDS else None,
            any(text and text[1] for text in texts),
        )


def _reasons(event: events.Event) -> tuple[str | None, str | None, str | None]:
    """Cause, detail and answer, as far as *event* gives them."""
    match event:
        case events.SessionPaused(cause=cause, detail=detail):
            return cause, detail, None
        case events.SessionFailed(cause=cause, detail=detail):
            return cause, detail, None
        case events.SessionCancelled(reason=reason):
            return reason, None, None
        case events.SessionCompleted(answer=answer):
            return None, None, answer
        case _:
            return None, None, None


sessions = Projection(
    "sessions",
    tables=(readmodel.Session,),
    apply=apply,
    handles=frozenset(
        {
            events.SessionStarted,
            events.SessionResumed,
            events.CompletionReceived,
            events.CompletionFailed,
            events.ToolCalled,
            events.ToolReturned,
            events.DeadlinePassed,
            events.SessionCancelled,
            events.SessionPaused,
            events.SessionCompleted,
            events.SessionFailed,
            events.CheckpointLabelled,
            events.EventsErased,
        }
    ),
)
