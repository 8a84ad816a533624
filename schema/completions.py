"""What a provider is asked, and what it gives back."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from schema.events import RequestedCall, Sampling, StopReason, ToolSpec, Usage


class CallResult(msgspec.Struct, frozen=True):
    """The observation of one native tool call, on its way back to the model."""

    id: str
    """The provider's name of the call."""
    name: str
    observation: str
    ok: bool


class Segment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of the prompt that never changes once it was sent."""

    role: Literal["system", "user", "assistant"]
    text: str = ""
    calls: tuple[RequestedCall, ...] = ()
    """Of an assistant's segment: the native tool calls it asked for."""
    blocks: tuple[dict[str, Any], ...] = ()
    """Of an assistant's segment: the provider's own blocks, to be sent back untouched."""
    results: tuple[CallResult, ...] = ()
    """Of a user's segment: what those calls returned, in the model's order."""


class CompletionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One prompt, and how to ask for its continuation."""

    model: str
    """The provider's name of the model."""
    provider: str = ""
    """Our name of who runs it; no model is told."""
    segments: Sequence[Segment]
    tools: tuple[ToolSpec, ...] = ()
    """Offered natively; empty where the text protocol writes them into the prompt."""
    sampling: Sampling = Sampling()
    timeout_s: float = 120.0
    session: str = ""
    """Who asks, for providers that keep sessions apart; no model is told."""
    step: int = 1
    """Which of the session's completions this is to be; no model is told."""


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """What the model said."""

    text: str = ""
    calls: tuple[RequestedCall, ...] = ()
    blocks: tuple[dict[str, Any], ...] = ()
    stop_reason: StopReason = "end"
    model: str
    request_id: str | None = None
    usage: Usage = Usage()
    cost_micro_usd: int | None = None
    """In millionths of a dollar; None where the price is not known."""
    priced_from: str | None = None
    """The day from which that price holds."""
