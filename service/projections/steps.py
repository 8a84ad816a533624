"""The read models `steps`, `completions`, `tool_calls` and `recalls`: what sessions did."""

from collections.abc import Iterator, Sequence
from typing import Final

from eventlog.database import Conn
from eventlog.project import Projection
from eventlog.statements import statement
from schema import events
from schema.envelope import RecordedEvent
from schema.row_text import projected, projected_json
from service.agent.control import return_of
from service.projections.setwise import Row, erased_versions, execute_for, made, of_sessions, place

ADD_STEPS: Final = statement(__package__, "add_steps")
ADD_COMPLETIONS: Final = statement(__package__, "add_completions")
ADD_CALLS: Final = statement(__package__, "add_tool_calls")
ADD_RECALLS: Final = statement(__package__, "add_recalls")
RETURN_CALLS: Final = statement(__package__, "return_tool_calls")
ERASURES: Final = tuple(
    statement(__package__, name)
    for name in (
        *("erase_steps", "erase_completions", "erase_tool_calls", "erase_tool_returns"),
        "erase_recalls",
    )
)


async def apply(conn: Conn, batch: Sequence[RecordedEvent]) -> None:
    """Add what *batch* tells; a row goes when the event that made it is erased."""
    batch = of_sessions(batch)
    await execute_for(conn, ADD_STEPS, _steps(batch))
    await execute_for(conn, ADD_COMPLETIONS, _completions(batch))
    await execute_for(conn, ADD_CALLS, _calls(batch))
    await execute_for(conn, RETURN_CALLS, _returns(batch))
    await execute_for(conn, ADD_RECALLS, _recalls(batch))
    erased = list(erased_versions(batch))
    for erase in ERASURES:
        await execute_for(conn, erase, erased)


def _steps(batch: Sequence[RecordedEvent]) -> Iterator[Row]:
    for recorded in batch:
        if isinstance(event := recorded.event, events.CompletionReceived):
            yield (*made(recorded), event.step, *projected(event.text))


def _completions(batch: Sequence[RecordedEvent]) -> Iterator[Row]:
    for recorded in batch:
        if isinstance(event := recorded.event, events.CompletionReceived):
            usage = event.usage
            yield (
                *made(recorded),
                event.step,
                event.latency_ms,
                _dollars(event.cost_micro_usd),
                usage.input_tokens,
                usage.output_tokens,
                usage.cached_tokens,
                projected(event.model)[0],
                event.stop_reason,
            )


def _dollars(micro_usd: int | None) -> float | None:
    return None if micro_usd is None else micro_usd / 1_000_000


def _calls(batch: Sequence[RecordedEvent]) -> Iterator[Row]:
    for recorded in batch:
        if isinstance(event := recorded.event, events.ToolCalled):
            tool, tool_altered = projected(event.tool)
            arguments, arguments_altered = projected_json(event.arguments)
            altered = tool_altered or arguments_altered
            yield (*made(recorded), event.call_id, event.effect, tool, arguments, altered)


def _returns(batch: Sequence[RecordedEvent]) -> Iterator[Row]:
    for recorded in batch:
        event = recorded.event
        if isinstance(event, events.ApprovalDecided | events.ToolReconciled):
            event = return_of(event) or event
        if isinstance(event, events.ToolReturned):
            observation, altered = projected(event.observation)
            yield (
                *place(recorded),
                recorded.recorded_at,
                event.call_id,
                event.ok,
                event.kind,
                event.latency_ms,
                observation,
                altered,
            )


def _recalls(batch: Sequence[RecordedEvent]) -> Iterator[Row]:
    for recorded in batch:
        if not isinstance(event := recorded.event, events.MemoryRecalled):
            continue
        query, altered = projected(event.query)
        call_id = event.call_id and projected(event.call_id)[0]
        for rank, item in enumerate(event.items, start=1):
            yield (
                *made(recorded),
                rank,
                event.version,
                item.score,
                item.told,
                call_id,
                item.kind,
                projected(item.id)[0],
                query,
                altered,
            )


steps = Projection(
    "steps",
    tables=("steps", "completions", "tool_calls", "recalls"),
    apply=apply,
    handles=frozenset(
        {
            events.CompletionReceived,
            events.ToolCalled,
            events.ToolReturned,
            events.ApprovalDecided,
            events.ToolReconciled,
            events.MemoryRecalled,
            events.EventsErased,
        }
    ),
    kinds=frozenset({"session"}),
)
