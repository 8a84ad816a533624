"""The shapes of what is answered, the same over HTTP as in the `--json` of commands."""

from typing import Any
from uuid import UUID

import msgspec

from schema.envelope import RecordedEvent
from schema.events import Erased, ToolCalled, Usage
from service.agent.session import SessionState
from service.agent.turn import Turn


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
        "cost": state.cost,
    }


def usage_message(usage: Usage) -> dict[str, int]:
    """Tokens spent, none left out."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
    }


def turn_message(turn: Turn) -> dict[str, Any]:
    """A completion, the calls that it asked for, and what they returned."""
    completion = turn.completion
    return {
        "step": turn.step,
        "text": None if isinstance(completion, Erased) else completion.text,
        "calls": [
            {
                "call_id": call.call_id if isinstance(call, ToolCalled) else None,
                "tool": call.tool if isinstance(call, ToolCalled) else None,
                "arguments": call.arguments if isinstance(call, ToolCalled) else None,
                "returned": None if back is None else _said(back),
            }
            for call, back in zip(turn.calls, turn.returns, strict=True)
        ],
    }


def _said(back: msgspec.Struct) -> dict[str, Any]:
    if isinstance(back, Erased):
        return {"erased": True}
    said: dict[str, Any] = msgspec.to_builtins(back)
    return said
