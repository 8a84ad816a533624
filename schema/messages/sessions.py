"""What is sent to start a session."""

from typing import Annotated, Final, Literal

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from schema.errors import Invalid
from schema.events import DEFAULT_SYSTEM_PROMPT, Limits, Sampling
from schema.ids import checked_agent_id

OBSERVATION_BYTES_MAX: Final = 480 << 10
"""An event holds 1 MiB, and keeping JSON text as a JSON string may double it."""

ProtocolChoice = Literal["auto", "text", "native"]


def _agent_id(text: str) -> str:
    try:
        return checked_agent_id(text)
    except Invalid as error:
        raise ValueError(error.detail) from None


def _model(text: str) -> str:
    provider, _, name = text.partition(":")
    if not provider or not name:
        raise ValueError(f"{text!r} is not written as provider:model, as local:smollm2-135m is")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty: say what is to be done")
    return text


class Message(BaseModel):
    """What every message is: frozen, and nothing in it goes unread."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SessionLimits(Message):
    """How far the session may go; what is left out keeps its default."""

    max_iterations: int = Field(default=10, ge=1, le=1000)
    unreadable_max: int = Field(default=2, ge=0, le=100)
    calls_max: int = Field(default=16, ge=1, le=256)
    completion_timeout_s: float = Field(default=120, gt=0, le=3600)
    tool_timeout_s: float = Field(default=30, gt=0, le=3600)
    session_timeout_s: float = Field(default=1800, gt=0, le=604_800)
    observation_bytes_max: int = Field(default=65_536, ge=256, le=OBSERVATION_BYTES_MAX)

    def as_shape(self) -> Limits:
        """The same, as the log keeps it."""
        return msgspec.convert(self.model_dump(), Limits)


class SessionSampling(Message):
    """How the model is asked; what is left out keeps its default."""

    temperature: float = Field(default=0, ge=0, le=2)
    max_output_tokens: int = Field(default=1024, ge=1, le=1_000_000)
    stop: tuple[Annotated[str, Field(min_length=1)], ...] = Field(default=(), max_length=4)

    def as_shape(self) -> Sampling:
        """The same, as the log keeps it."""
        return msgspec.convert(self.model_dump(), Sampling)


class StartSession(Message):
    """Run an agent on a task."""

    agent: Annotated[str, AfterValidator(_agent_id)]
    prompt: Annotated[str, AfterValidator(_said)]
    model: Annotated[str, AfterValidator(_model)]
    """As `provider:model`."""
    system_prompt: str = DEFAULT_SYSTEM_PROMPT
    tools: tuple[str, ...] = Field(default=(), max_length=128)
    """By name; the model sees them in this order."""
    limits: SessionLimits = SessionLimits()
    sampling: SessionSampling = SessionSampling()
    protocol: ProtocolChoice = "auto"
    """How tools are offered: `auto` is native where the provider can do that."""
