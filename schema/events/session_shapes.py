"""What the events of a session hold: tools, limits, budgets, what a model was asked and used."""

from enum import StrEnum
from typing import Any, Literal, TypeAlias

from schema.events.shape import Shape

DEFAULT_SYSTEM_PROMPT = "You are a helpful AI agent."


class Effect(StrEnum):
    """What running a tool again would do to the world."""

    PURE = "pure"
    """Nothing: run it again at will."""
    IDEMPOTENT = "idempotent"
    """Nothing more, if it is given the same key."""
    AT_MOST_ONCE = "at_most_once"
    """Something: after a crash between call and return its outcome is unknown."""
    TRANSACTIONAL = "transactional"
    """Our own memory and graph: committed together with the step."""


class Protocol(StrEnum):
    """How the model is told of tools and asks for them."""

    TEXT = "text"
    """Written out: `Thought:`, `Action:`, `FINAL_ANSWER:`."""
    NATIVE = "native"
    """By the provider's own tool calling."""


class ToolExample(Shape, frozen=True, kw_only=True):
    """A task that one call of a tool answers."""

    task: str
    arguments: dict[str, Any]
    result: Any


class ToolSpec(Shape, frozen=True, kw_only=True):
    """A tool as the model sees it, pinned when the session starts."""

    name: str
    description: str
    parameters: dict[str, Any]
    """JSON Schema of the arguments, an object."""
    effect: Effect
    examples: tuple[ToolExample, ...] = ()
    """Shown to models of the text protocol; two tell a small model much more than one."""


class Limits(Shape, frozen=True, kw_only=True):
    """How far a session may go."""

    max_iterations: int = 10
    """Completions at most, at least 1."""
    unreadable_max: int = 2
    """How many unreadable completions in a row are answered with what was wrong."""
    calls_max: int = 16
    """Tool calls that one completion may ask for."""
    completion_timeout_s: float = 120.0
    tool_timeout_s: float = 30.0
    session_timeout_s: float = 1800.0
    observation_bytes_max: int = 65536
    """UTF-8 bytes of one observation that the model gets to see."""


class Budget(Shape, frozen=True, kw_only=True):
    """What a session may spend before it pauses; None leaves that open."""

    tokens: int | None = None
    """Of prompts and answers together, cached ones too."""
    steps: int | None = None
    seconds: float | None = None
    """For which models and tools were at work; of tools side by side the longest counts."""
    cost: float | None = None
    """In dollars, by the prices that stand with the completions."""


class Sampling(Shape, frozen=True, kw_only=True):
    """How the model is asked."""

    temperature: float = 0.0
    max_output_tokens: int = 1024
    stop: tuple[str, ...] = ()


class Usage(Shape, frozen=True, kw_only=True):
    """Tokens spent; `input_tokens` includes those read from the provider's cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
        )


class RequestedCall(Shape, frozen=True, kw_only=True):
    """A tool call as a provider's own protocol hands it over."""

    id: str
    """The provider's name of this call, to be repeated with its result."""
    name: str
    arguments: str
    """JSON text, as the model wrote it."""


StopReason: TypeAlias = Literal["end", "tool_calls", "stop_sequence", "length", "refusal", "pause"]
"""Why a completion ends where it does."""

FailureCause: TypeAlias = Literal[
    "out_of_steps", "deadline", "unreadable", "refused", "cut_short", "provider", "withheld"
]
