"""What happens in a session: one run of an agent on one task."""

from typing import Any, ClassVar, Literal

from schema.events.base import Event, Side
from schema.events.graph import GraphPolicy
from schema.events.memory import MemoryPolicy, MindVersions
from schema.events.session_shapes import (
    DEFAULT_SYSTEM_PROMPT,
    Budget,
    Effect,
    FailureCause,
    Limits,
    Protocol,
    RequestedCall,
    Sampling,
    StopReason,
    ToolSpec,
    Usage,
)


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
    mind: MindVersions | None = None
    """Where it reads its agent's mind, which it leaves as it is; None reads and changes it now."""
    fallbacks: tuple[str, ...] = ()
    """Models (`provider:model`) that are asked when the one before gave no completion, in order."""
    prompt_stages: tuple[str, ...] = ()
    """What the prompt has passed already: it stands here as it came out of them."""
    answer_stages: tuple[str, ...] = ()
    """What the answer must pass before it is given."""


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
    cost_micro_usd: int | None = None
    """What it cost, in millionths of a dollar; None where the price was not known."""
    priced_from: str | None = None
    """The day (`2026-01-31`) from which that price holds."""


class CompletionFailed(Event, frozen=True, kw_only=True):
    """The provider gave no completion, and trying again was given up."""

    type: ClassVar[str] = "completion_failed"

    step: int
    code: str
    detail: str
    status: int | None = None
    retryable: bool = False


class FallbackChosen(Event, frozen=True, kw_only=True):
    """From here on the session asks another model, as the one before gave no completion."""

    type: ClassVar[str] = "fallback_chosen"
    side: ClassVar[Side] = Side.DECISION

    step: int
    """The one that is still to be answered."""
    model: str
    """As `provider:model`."""
    cause: str
    """The code of what went wrong with the one before."""


class AnswerPassed(Event, frozen=True, kw_only=True):
    """The answer came through its stages; they may have changed it."""

    type: ClassVar[str] = "answer_passed"

    step: int
    """Whose completion gave it."""
    answer: str


class AnswerWithheld(Event, frozen=True, kw_only=True):
    """A stage did not let the answer pass, or could not say."""

    type: ClassVar[str] = "answer_withheld"

    step: int
    stage: str
    code: str
    detail: str = ""
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
