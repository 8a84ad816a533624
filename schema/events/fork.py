"""What happens when a session gets another future."""

from typing import ClassVar

from schema.events.base import Event
from schema.events.memory import MindVersions
from schema.events.session_shapes import (
    Budget,
    Limits,
    Protocol,
    Sampling,
    ToolSpec,
)


class SessionForked(Event, frozen=True, kw_only=True):
    """A session goes on from a version of another one; what stands here is other from then on.

    It is the first event of its stream, whose versions go on where the parent's were left: those
    before it are the parent's own events, which are not copied.
    """

    type: ClassVar[str] = "session_forked"

    parent: str
    """The session whose events up to *at* are this one's, too."""
    at: int
    origin: str
    """The session that began it all: the parent, or what that was forked from."""
    mind: MindVersions
    """Where it reads its agent's mind, which it leaves as it is."""
    salt: str
    """32 hex digits of chance: the digests from here on are keyed by it."""
    epoch: int = 1
    model: str | None = None
    """As `provider:model`; None, here and below, leaves what the parent had."""
    system_prompt: str | None = None
    protocol: Protocol | None = None
    tools: tuple[ToolSpec, ...] | None = None
    limits: Limits | None = None
    sampling: Sampling | None = None
    budget: Budget | None = None
    approvals: tuple[str, ...] | None = None
    reason: str = ""
