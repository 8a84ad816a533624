"""What a tool may know of the call that it serves."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """One call, as its tool sees it: a parameter annotated with this type receives it."""

    idempotency_key: UUID
    """The event id of `tool_called`: the same when the call is run again after a crash."""
    session_id: UUID
    agent_id: str
    call_id: str
    """The call's name within its session."""
    timeout_s: float
    """How long the session lets any tool run; the tool's own limit may be shorter."""
