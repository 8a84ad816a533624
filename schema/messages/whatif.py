"""What is sent to ask what a session would have come to otherwise."""

from pydantic import Field

from schema.events import Effect
from schema.messages.base import Message
from schema.messages.memory import MemorySettings
from schema.messages.sessions import Model, SessionLimits, SessionSampling


class AskWhatIf(Message):
    """Run a session once more, otherwise; what is left out is as it was recorded."""

    model: Model | None = None
    """As `provider:model`."""
    system_prompt: str | None = None
    tools: tuple[str, ...] | None = Field(default=None, max_length=128)
    limits: SessionLimits | None = None
    """What of them is left out stays as it was, too; of sampling and memory alike."""
    sampling: SessionSampling | None = None
    memory: MemorySettings | None = None
    """How it recalls what its mind held then."""
    live: frozenset[Effect] = frozenset()
    """The classes of tools that may run where the record has no answer; none, if left out."""
