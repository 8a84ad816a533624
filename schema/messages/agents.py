"""What is sent to define an agent."""

from typing import Annotated

import msgspec
from pydantic import Field, ValidationInfo, field_validator

from schema.events import DEFAULT_SYSTEM_PROMPT, AgentDefined
from schema.messages.base import Message
from schema.messages.graph import GraphSettings
from schema.messages.memory import MemorySettings
from schema.messages.sessions import (
    Approve,
    Fallbacks,
    Model,
    ProtocolChoice,
    SessionBudget,
    SessionLimits,
    SessionSampling,
)

StageName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
StageNames = Annotated[tuple[StageName, ...], Field(max_length=16)]


class DefineAgent(Message):
    """Say what an agent's sessions begin with from here on."""

    model: Model
    system_prompt: str = DEFAULT_SYSTEM_PROMPT
    tools: tuple[str, ...] = Field(default=(), max_length=128)
    """By name; the model sees them in this order."""
    limits: SessionLimits = SessionLimits()
    sampling: SessionSampling = SessionSampling()
    protocol: ProtocolChoice = "auto"
    """How tools are offered: `auto` is native where the provider can do that."""
    memory: MemorySettings = MemorySettings()
    graph: GraphSettings | None = None
    """What prompts are told of the graph; null for nothing."""
    budget: SessionBudget = SessionBudget()
    """What each session may spend before it pauses."""
    daily_budget: SessionBudget = SessionBudget()
    """What all its sessions together may spend on a day (UTC) before they pause."""
    approve: Approve = ()
    """The tools of which each call waits until somebody approves it."""
    fallbacks: Fallbacks = ()
    """Models that are asked when the one before gave no completion, in order."""
    prompt_stages: StageNames = ()
    """What each prompt passes before its session begins, by name, in order."""
    answer_stages: StageNames = ()
    """What each answer passes before it is given."""
    max_iterations: Annotated[int, Field(ge=1, le=1000)] | None = None
    """The same as `limits.max_iterations`, where it is said most often."""

    @field_validator("approve")
    @classmethod
    def _offered(cls, approve: tuple[str, ...], said: ValidationInfo) -> tuple[str, ...]:
        tools = said.data.get("tools", ())
        if unknown := [name for name in approve if name not in tools]:
            raise ValueError(f"{', '.join(unknown)}: is not among the tools")
        return approve

    @field_validator("max_iterations")
    @classmethod
    def _said_once(cls, most: int | None, said: ValidationInfo) -> int | None:
        limits = said.data.get("limits")
        if most is not None and limits and "max_iterations" in limits.model_fields_set:
            raise ValueError("is said in limits too: leave one of the two out")
        return most

    def as_event(self) -> AgentDefined:
        """The same, as the log keeps it."""
        limits = self.limits.as_shape()
        if self.max_iterations is not None:
            limits = msgspec.structs.replace(limits, max_iterations=self.max_iterations)
        return AgentDefined(
            model=self.model,
            system_prompt=self.system_prompt,
            tools=self.tools,
            limits=limits,
            sampling=self.sampling.as_shape(),
            protocol=self.protocol,
            memory=self.memory.as_shape(),
            graph=None if self.graph is None else self.graph.as_shape(),
            budget=self.budget.as_shape(),
            daily_budget=self.daily_budget.as_shape(),
            approve=self.approve,
            fallbacks=self.fallbacks,
            prompt_stages=self.prompt_stages,
            answer_stages=self.answer_stages,
        )
