"""What is shown of sessions: from their rows where these tell of all, else from the log."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from eventlog.log import EventLog
from eventlog.statements import statement
from schema.envelope import RecordedEvent
from schema.errors import NotFound
from schema.events import CheckpointLabelled, SessionCancelled, SessionCompleted, SessionFailed
from schema.ids import session_of, session_stream
from service.agent.session import SessionState, fold
from service.api.shapes import session_message, turn_message
from service.sessions import read_session

LIST: Final = statement(__package__, "list_sessions")
ONE: Final = statement(__package__, "one_session")

ENDS: Final = (SessionCancelled, SessionCompleted, SessionFailed)


async def shown_session(log: EventLog, session_id: UUID) -> dict[str, Any]:
    """The session as the log has it now; `NotFound` where there is none."""
    stream = session_stream(session_id)
    async with log.database.acquire() as conn:
        row = await conn.fetchrow(ONE, log.partition_of(stream), stream, session_id)
    if row is None:
        raise NotFound(f"there is no session {session_id}")
    if row["version"] == row["head"] and row["whole"]:
        return of_row(row)
    facts = await read_session(log, session_id)
    return of_facts(facts, fold(fact.event for fact in facts))


async def listed_sessions(
    log: EventLog,
    *,
    before: UUID | None,
    agents: Sequence[str] | None,
    status: str | None,
    limit: int,
) -> list[dict[str, Any]]:
    """The newest sessions, the newest first, as projected so far."""
    async with log.database.acquire() as conn:
        rows = await conn.fetch(LIST, before, agents, status, limit)
    return [of_row(row) for row in rows]


def of_row(row: Any) -> dict[str, Any]:
    """A session by its row."""
    return {
        "id": row["id"],
        "agent": row["agent_id"],
        "status": row["status"],
        "version": row["version"],
        "prompt": row["prompt"],
        "model": row["model"],
        "answer": row["answer"],
        "cause": row["cause"],
        "detail": row["detail"] or "",
        "steps": row["steps"],
        "usage": {
            "input_tokens": row["input_tokens"],
            "output_tokens": row["output_tokens"],
            "cached_tokens": row["cached_tokens"],
        },
        "cost": row["cost"],
        "started_at": row["started_at"],
        "updated_at": row["updated_at"],
        "ended_at": row["ended_at"],
    }


def of_facts(facts: Sequence[RecordedEvent], state: SessionState) -> dict[str, Any]:
    """A session by its events, and by the state that they add up to."""
    started = state.started
    ended = [fact.recorded_at for fact in facts if isinstance(fact.event, ENDS)]
    return {
        **session_message(session_of(facts[0].stream), state),
        "agent": facts[0].agent_id,
        "prompt": None if started is None else started.prompt,
        "model": None if started is None else started.model,
        "started_at": facts[0].recorded_at,
        "updated_at": facts[-1].recorded_at,
        "ended_at": ended[-1] if ended and state.ended else None,
    }


def state_message(facts: Sequence[RecordedEvent], state: SessionState) -> dict[str, Any]:
    """All that *facts*, which *state* has folded, add up to."""
    turns = [*state.turns, *(() if state.turn is None else (state.turn,))]
    return {
        **of_facts(facts, state),
        "turns": [turn_message(turn) for turn in turns],
        "working": [msgspec.to_builtins(entry) for entry in state.working.entries],
        "recalled": None if state.recalled is None else msgspec.to_builtins(state.recalled),
        "graph": None if state.graph is None else msgspec.to_builtins(state.graph),
        "labels": checkpoints(facts),
        "erased": [version for version, _ in state.missing],
    }


def checkpoints(facts: Sequence[RecordedEvent]) -> list[dict[str, Any]]:
    """The labels that were given, the oldest first."""
    return [checkpoint(fact) for fact in facts if isinstance(fact.event, CheckpointLabelled)]


def checkpoint(fact: RecordedEvent) -> dict[str, Any]:
    """One label, and where it was given."""
    assert isinstance(fact.event, CheckpointLabelled)  # noqa: S101 - asked for by its type.
    return {
        "label": fact.event.label,
        "at": fact.event.at,
        "version": fact.version,
        "recorded_at": fact.recorded_at,
    }
