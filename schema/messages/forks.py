"""What is sent to give a session another future."""

from typing import Annotated

from pydantic import Field

from schema.messages.base import Message
from schema.messages.sessions import (
    Approve,
    Model,
    ProtocolChoice,
    SessionBudget,
    SessionLimits,
    SessionSampling,
)


class ForkSession(Message):
    """Go on from a place of a session; what is left out stays as it was."""

    at: Annotated[int, Field(ge=1)] | Annotated[str, Field(min_length=1)]
    """A version, or a label: the events up to there are the fork's, too."""
    model: Model | None = None
    """As `provider:model`."""
    system_prompt: str | None = None
    tools: tuple[str, ...] | None = Field(default=None, max_length=128)
    """By name; all that it may use from then on."""
    limits: SessionLimits | None = None
    """What of them is left out stays as it was, too; of sampling and budget alike."""
    sampling: SessionSampling | None = None
    protocol: ProtocolChoice | None = None
    budget: SessionBudget | None = None
    approve: Approve | None = None
    reason: str = Field(default="", max_length=2000)
    """Why; it is recorded."""
