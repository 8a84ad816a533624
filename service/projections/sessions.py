"""The read model `sessions`: each run of an agent in one row."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from uuid import UUID

from eventlog.database import Conn
from eventlog.project import Projection
from eventlog.statements import statement
from schema import events
from schema.envelope import RecordedEvent
from schema.row_text import projected
from service.agent.session import SessionState, evolve
from service.projections.setwise import Row, erased_versions, execute_for, of_sessions, place

OPEN: Final = statement(__package__, "open_sessions")
OPEN_FORK: Final = statement(__package__, "open_fork")
ADVANCE: Final = statement(__package__, "advance_sessions")
SETTLE: Final = statement(__package__, "settle_sessions")
ERASE: Final = statement(__package__, "erase_sessions")
ERASE_FORKS: Final = statement(__package__, "erase_forks")

NEW: Final = SessionState()

SETTLING: Final = frozenset(
    event.type
    for event in (
        events.SessionResumed,
        events.SessionPaused,
        events.SessionCompleted,
        events.SessionFailed,
        events.SessionCancelled,
        events.PauseRequested,
        events.ApprovalRequested,
        events.BudgetReached,
    )
)
"""Events that set the status; by the stored name, which an erased event keeps."""


async def apply(conn: Conn, batch: Sequence[RecordedEvent]) -> None:
    """Bring the rows of all sessions in *batch* to their last event."""
    batch = of_sessions(batch)
    await execute_for(conn, OPEN, _started(batch))
    for row in _forked(batch):  # They are few, and one may be forked from the one before.
        await conn.execute(OPEN_FORK, *row)
    await execute_for(conn, ADVANCE, map(_advanced, batch))
    await execute_for(conn, SETTLE, _settled(batch))
    erased = list(erased_versions(batch))
    await execute_for(conn, ERASE, erased)
    await execute_for(conn, ERASE_FORKS, erased)


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


def _forked(batch: Sequence[RecordedEvent]) -> Iterator[Row]:
    for recorded in batch:
        if recorded.type != events.SessionForked.type:
            continue
        model, altered = None, False
        source: Row = (None, None, None)
        if isinstance(event := recorded.event, events.SessionForked):
            source = (UUID(event.parent), event.at, UUID(event.origin))
            if event.model is not None:
                model, altered = projected(event.model)
        yield (*place(recorded), recorded.recorded_at, recorded.agent_id, model, altered, *source)


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
    for recorded, state in _last_words(batch):
        told = (state.cause, state.detail or None, state.answer)
        texts = [None if text is None else projected(text) for text in told]
        yield (
            *place(recorded),
            state.status.value,
            *(text and text[0] for text in texts),
            recorded.recorded_at if state.ended else None,
            any(text and text[1] for text in texts),
        )


def _last_words(
    batch: Sequence[RecordedEvent],
) -> Iterable[tuple[RecordedEvent, SessionState]]:
    """Each session's last event that set its status, and what the fold makes of that event."""
    last: dict[tuple[int, str], tuple[RecordedEvent, SessionState]] = {}
    for recorded in batch:
        if recorded.type not in SETTLING:
            continue
        stream, state = (recorded.partition, recorded.stream), evolve(NEW, recorded.event)
        resumed = recorded.type == events.SessionResumed.type
        if resumed and stream in last and last[stream][1].ended:
            continue  # An end is for good; the statement sees to those before this batch.
        last[stream] = recorded, state
    return last.values()


sessions = Projection(
    "sessions",
    tables=("sessions",),
    apply=apply,
    handles=frozenset(
        {
            events.SessionStarted,
            events.SessionForked,
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
            events.PauseRequested,
            events.ApprovalRequested,
            events.ApprovalDecided,
            events.ToolReconciled,
            events.BudgetReached,
            events.BudgetRaised,
            events.EventsErased,
        }
    ),
    kinds=frozenset({"session"}),
)
