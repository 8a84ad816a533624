"""What happens in a session: one run of an agent on one task."""

from enum import StrEnum
from typing import Any, ClassVar, Literal, TypeAlias

from schema.events.base import Event, Side
from schema.events.graph import GraphPolicy
from schema.events.memory import MemoryPolicy
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
    "out_of_steps", "deadline", "unreadable", "refused", "cut_short", "provider"
]


class SessionStarted(Event, frozen=True, kw_only=True):
    """A session was asked for; all that will shape its prompts from the start stands here."""

    type: ClassVar[str] = "session_started"

    agent_id: str
    prompt: str
    model: str
    """As `provider:model`."""
    system_prompt: str = DEFAULT_SYSTEM_PROMPT
    protocol: Protocol = Protocol.TEXT
    tools: tuple[ToolSpec, ...] = ()
    limits: Limits = Limits()
    sampling: Sampling = Sampling()
    rules: int = 1
    """Which prompt, parser and next move belong together."""
    salt: str
    """32 hex digits of chance: every digest in this session is keyed by it."""
    epoch: int = 1
    """The lease's number."""
    memory: MemoryPolicy | None = None
    """How it remembers; None gives it no memory, as it was before there was any."""
    graph: GraphPolicy | None = None
    """What its prompt is told of the graph; nothing, if None."""
    definition: int | None = None
    """The version of the agent's definition that it began with; None where there was none."""
    budget: Budget = Budget()
    """What it may spend before it pauses, until somebody gives it more."""
    approvals: tuple[str, ...] = ()
    """The tools of which each call waits until somebody approves it."""


class SessionResumed(Event, frozen=True, kw_only=True):
    """Another process took the session up, or somebody let a paused one go on."""

    type: ClassVar[str] = "session_resumed"

    epoch: int
    reason: str = ""


class CompletionReceived(Event, frozen=True, kw_only=True):
    """The model answered."""

    type: ClassVar[str] = "completion_received"

    step: int
    """From 1; one completion is one step."""
    text: str = ""
    calls: tuple[RequestedCall, ...] = ()
    blocks: tuple[dict[str, Any], ...] = ()
    """The provider's own content blocks, kept when they must be sent back untouched."""
    stop_reason: StopReason = "end"
    model: str
    """As the provider names it."""
    request_id: str | None = None
    usage: Usage = Usage()
    latency_ms: float = 0.0
    prompt_digest: str
    """64 hex digits: the chained, keyed SHA-256 of the prompt that was sent."""


class CompletionFailed(Event, frozen=True, kw_only=True):
    """The provider gave no completion, and trying again was given up."""

    type: ClassVar[str] = "completion_failed"

    step: int
    code: str
    detail: str
    status: int | None = None
    retryable: bool = False


class ToolCalled(Event, frozen=True, kw_only=True):
    """The model asked for a tool. Nothing has run yet."""

    type: ClassVar[str] = "tool_called"
    side: ClassVar[Side] = Side.DECISION

    call_id: str
    """`<step>.<index>`, from 1 and 0: the call's name within its session."""
    tool: str
    arguments: Any
    """What the model gave, parsed; a string where it is no JSON."""
    effect: Effect = Effect.PURE


class ToolReturned(Event, frozen=True, kw_only=True):
    """A tool ran, or could not; the observation is what the model will be told, verbatim."""

    type: ClassVar[str] = "tool_returned"

    call_id: str
    ok: bool
    observation: str
    """JSON text: `{"ok": true, "data": …}` or `{"ok": false, "error": …, "kind": …}`."""
    kind: Literal["not_found", "transient", "permanent", "blocked"] | None = None
    """Why it failed; None when it did not."""
    size_bytes: int | None = None
    """UTF-8 bytes of the whole observation, where it was cut for the model."""
    digest: str | None = None
    """Keyed SHA-256 of the whole observation, where it was cut."""
    latency_ms: float = 0.0


class DeadlinePassed(Event, frozen=True, kw_only=True):
    """The session's time was up, by the clock of the process that ran it."""

    type: ClassVar[str] = "deadline_passed"

    timeout_s: float


class SessionCancelled(Event, frozen=True, kw_only=True):
    """Somebody stopped the session."""

    type: ClassVar[str] = "session_cancelled"

    reason: str = ""


class SessionPaused(Event, frozen=True, kw_only=True):
    """The session waits for somebody to let it go on."""

    type: ClassVar[str] = "session_paused"
    side: ClassVar[Side] = Side.DECISION

    cause: str
    detail: str = ""


class SessionCompleted(Event, frozen=True, kw_only=True):
    """The agent gave its answer."""

    type: ClassVar[str] = "session_completed"
    side: ClassVar[Side] = Side.DECISION

    answer: str


class SessionFailed(Event, frozen=True, kw_only=True):
    """The session ended without an answer; its steps stay."""

    type: ClassVar[str] = "session_failed"
    side: ClassVar[Side] = Side.DECISION

    cause: FailureCause
    detail: str = ""


class CheckpointLabelled(Event, frozen=True, kw_only=True):
    """Somebody gave a version of this session a name."""

    type: ClassVar[str] = "checkpoint_labelled"

    label: str
    at: int
    """The version that the label stands for."""
