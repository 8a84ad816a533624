"""What is sent to start a session."""

from typing import Annotated, Final, Literal, Protocol, TypeVar

import msgspec
from pydantic import AfterValidator, Field, field_validator

from schema.errors import Invalid
from schema.events import (
    DEFAULT_SYSTEM_PROMPT,
    AgentDefined,
    Budget,
    GraphPolicy,
    Limits,
    MemoryPolicy,
    Sampling,
)
from schema.ids import checked_agent_id
from schema.messages.base import Message
from schema.messages.graph import GraphSettings
from schema.messages.memory import MemorySettings

OBSERVATION_BYTES_MAX: Final = 480 << 10
"""An event holds 1 MiB, and keeping JSON text as a JSON string may double it."""

TOKENS_MAX: Final = 10**12
STEPS_MAX: Final = 10**6
SECONDS_MAX: Final = 10**8
COST_MAX: Final = 10**9
"""What a budget may be."""

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


Model = Annotated[str, AfterValidator(_model)]
"""As `provider:model`."""


Approve = Annotated[tuple[str, ...], Field(max_length=128)]
"""Names of tools."""


def _each_once(models: tuple[str, ...]) -> tuple[str, ...]:
    if twice := sorted({model for model in models if models.count(model) > 1}):
        raise ValueError(f"{twice[0]} is there twice")
    return models


Fallbacks = Annotated[tuple[Model, ...], Field(max_length=8), AfterValidator(_each_once)]
"""Models, in the order in which they are asked."""


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty: say what is to be done")
    return text


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


class SessionBudget(Message):
    """What a session may spend before it pauses; null, or left out, is as much as it likes."""

    tokens: int | None = Field(default=None, ge=1, le=TOKENS_MAX)
    steps: int | None = Field(default=None, ge=1, le=STEPS_MAX)
    seconds: float | None = Field(default=None, gt=0, le=SECONDS_MAX)
    cost: float | None = Field(default=None, gt=0, le=COST_MAX)
    """In dollars."""

    def as_shape(self) -> Budget:
        """The same, as the log keeps it."""
        return msgspec.convert(self.model_dump(), Budget)


class SessionSampling(Message):
    """How the model is asked; what is left out keeps its default."""

    temperature: float = Field(default=0, ge=0, le=2)
    max_output_tokens: int = Field(default=1024, ge=1, le=1_000_000)
    stop: tuple[Annotated[str, Field(min_length=1)], ...] = Field(default=(), max_length=4)

    def as_shape(self) -> Sampling:
        """The same, as the log keeps it."""
        return msgspec.convert(self.model_dump(), Sampling)


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What a session begins with, nothing left open."""

    model: str
    system_prompt: str
    tools: tuple[str, ...]
    limits: Limits
    sampling: Sampling
    protocol: ProtocolChoice
    memory: MemoryPolicy | None
    graph: GraphPolicy | None
    budget: Budget = Budget()
    approve: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()


S = TypeVar("S", bound=msgspec.Struct)
S_co = TypeVar("S_co", bound=msgspec.Struct, covariant=True)


class _Said(Protocol[S_co]):
    """A message of which some fields were said."""

    @property
    def model_fields_set(self) -> set[str]: ...

    def as_shape(self) -> S_co: ...


_HELD: Final = frozenset({"capacity", "eviction"})
"""What bounds the memory of all of an agent's sessions together."""


class StartSession(Message):
    """Run an agent on a task; what is left out is as the agent's definition has it."""

    agent: Annotated[str, AfterValidator(_agent_id)]
    prompt: Annotated[str, AfterValidator(_said)]
    model: Model | None = None
    """As `provider:model`; one must be said here or in the definition."""
    system_prompt: str = DEFAULT_SYSTEM_PROMPT
    tools: tuple[str, ...] = Field(default=(), max_length=128)
    """By name; the model sees them in this order."""
    limits: SessionLimits = SessionLimits()
    sampling: SessionSampling = SessionSampling()
    protocol: ProtocolChoice = "auto"
    """How tools are offered: `auto` is native where the provider can do that."""
    memory: MemorySettings | None = MemorySettings()
    """How the session remembers; null for a session that does not."""
    graph: GraphSettings | None = None
    """What the prompt is told of the graph; null for nothing."""
    budget: SessionBudget = SessionBudget()
    """What it may spend before it pauses."""
    approve: Approve = ()
    """The tools of which each call waits until somebody approves it."""
    fallbacks: Fallbacks = ()
    """Models that are asked when the one before gave no completion, in order."""

    @field_validator("memory")
    @classmethod
    def _leaves_what_is_held(cls, memory: MemorySettings | None) -> MemorySettings | None:
        if memory is not None and memory.model_fields_set & _HELD:
            raise ValueError("capacity and eviction are the agent's: define them there")
        return memory

    def settled(self, definition: AgentDefined | None) -> Settled:
        """What is said here, and for the rest what *definition* says, or else the defaults.

        `Invalid` where neither names a model.
        """
        if self.model is None and definition is None:
            raise Invalid(
                "model", f"say which: agent {self.agent!r} has no definition to take it of"
            )
        defined = definition or AgentDefined(model="")
        said = self.model_fields_set
        tools = self.tools if "tools" in said else defined.tools
        model = self.model or defined.model
        fallbacks = self.fallbacks if "fallbacks" in said else defined.fallbacks
        return Settled(
            model=model,
            system_prompt=self.system_prompt if "system_prompt" in said else defined.system_prompt,
            tools=tools,
            limits=_over(defined.limits, self.limits),
            sampling=_over(defined.sampling, self.sampling),
            protocol=self.protocol if "protocol" in said else defined.protocol,
            memory=None if self.memory is None else _over(defined.memory, self.memory),
            graph=self._graph(defined.graph) if "graph" in said else defined.graph,
            budget=_over(defined.budget, self.budget),
            approve=self._approve(defined.approve, tools),
            fallbacks=tuple(other for other in fallbacks if other != model),
        )

    def _approve(self, defined: tuple[str, ...], tools: tuple[str, ...]) -> tuple[str, ...]:
        """Of what the definition says only what is offered; what is said here must be offered."""
        if "approve" not in self.model_fields_set:
            return tuple(name for name in defined if name in tools)
        if unknown := [name for name in self.approve if name not in tools]:
            raise Invalid("approve", f"{', '.join(unknown)}: is not among the tools")
        return self.approve

    def _graph(self, defined: GraphPolicy | None) -> GraphPolicy | None:
        if self.graph is None:
            return None
        return _over(defined or GraphPolicy(), self.graph)


def _over(defined: S, said: _Said[S]) -> S:
    """*defined*, but with each field that was *said*."""
    shape = said.as_shape()
    fields = {name: getattr(shape, name) for name in said.model_fields_set}
    return msgspec.structs.replace(defined, **fields)
