"""The shapes that `--json` writes: the same as the API's."""

from uuid import UUID

import msgspec

from schema.envelope import RecordedEvent
from schema.events import Erased, Usage
from service.agent.session import SessionState


def event_message(fact: RecordedEvent, token: str) -> dict[str, object]:
    """A recorded event; *token* is its position as the outside may know it."""
    gone = isinstance(fact.event, Erased)
    return {
        "stream": fact.stream,
        "version": fact.version,
        "position": token,
        "id": fact.event_id,
        "type": fact.type,
        "schema_version": fact.schema_version if gone else fact.event.schema_version,
        "data": None if gone else msgspec.to_builtins(fact.event),
        "metadata": msgspec.to_builtins(fact.metadata),
        "recorded_at": fact.recorded_at,
    }


def session_message(session_id: UUID, state: SessionState) -> dict[str, object]:
    """A session as it stands at a version."""
    return {
        "id": session_id,
        "agent": None if state.started is None else state.started.agent_id,
        "status": state.status.value,
        "version": state.version,
        "answer": state.answer,
        "cause": state.cause,
        "detail": state.detail,
        "steps": state.steps,
        "usage": usage_message(state.usage),
    }


def usage_message(usage: Usage) -> dict[str, int]:
    """Tokens spent, none left out."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
    }
