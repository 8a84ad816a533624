"""What is said about an agent itself: its definition, in immutable versions."""

from typing import ClassVar, Literal

from schema.events.base import Event
from schema.events.graph import GraphPolicy
from schema.events.memory import MemoryPolicy
from schema.events.session_shapes import (
    DEFAULT_SYSTEM_PROMPT,
    Budget,
    Limits,
    Sampling,
)


class AgentDefined(Event, frozen=True, kw_only=True):
    """What the agent's sessions begin with from here on, unless they ask for something else."""

    type: ClassVar[str] = "agent_defined"

    model: str
    """As `provider:model`."""
    system_prompt: str = DEFAULT_SYSTEM_PROMPT
    tools: tuple[str, ...] = ()
    """By name; the model sees them in this order."""
    limits: Limits = Limits()
    sampling: Sampling = Sampling()
    protocol: Literal["auto", "text", "native"] = "auto"
    memory: MemoryPolicy = MemoryPolicy()
    graph: GraphPolicy | None = None
    """What prompts are told of the graph; nothing, if None."""
    budget: Budget = Budget()
    """What each session may spend before it pauses."""
    daily_budget: Budget = Budget()
    """What all its sessions together may spend on a day (UTC) before they pause."""
    approve: tuple[str, ...] = ()
    """The tools of which each call waits until somebody approves it."""
    fallbacks: tuple[str, ...] = ()
    """Models that are asked when the one before gave no completion, in order."""
    prompt_stages: tuple[str, ...] = ()
    """What each prompt passes before a session begins, by name, in order."""
    answer_stages: tuple[str, ...] = ()
    """What each answer passes before it is given."""
