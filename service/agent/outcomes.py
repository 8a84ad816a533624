"""What came of asking a model or a tool, as the events that record it."""

import hashlib

from schema import events
from schema.completions import Completion
from schema.errors import Invalid, ProviderRefused, ProviderUnavailable
from service.agent.tools.observation import ENVELOPE_BYTES, Observed, ToolError, observe


def received(
    step: int, completion: Completion, digest: str, latency_ms: float
) -> events.CompletionReceived:
    """The model answered."""
    return events.CompletionReceived(
        step=step,
        text=completion.text,
        calls=completion.calls,
        blocks=completion.blocks,
        stop_reason=completion.stop_reason,
        model=completion.model,
        request_id=completion.request_id,
        usage=completion.usage,
        latency_ms=latency_ms,
        prompt_digest=digest,
    )


def failed(step: int, error: ProviderUnavailable | ProviderRefused) -> events.CompletionFailed:
    """The model was asked in vain."""
    return events.CompletionFailed(
        step=step,
        code=error.code,
        detail=str(error),
        status=error.status,
        retryable=error.retryable,
    )


def unkept(step: int, error: Invalid) -> events.CompletionFailed:
    """The model answered, but no event can hold its answer, or what that asks for."""
    return events.CompletionFailed(
        step=step,
        code=error.code,
        detail=f"the model's answer cannot be kept: {error}; "
        "ask for less, or start the session with smaller max_output_tokens",
    )


def overtaken(call: events.ToolCalled) -> events.ToolReturned:
    """Others changed the mind whenever *call* was about to."""
    outcome = ToolError("transient", "others changed memory or graph at the same time: try again")
    observed = observe(outcome, bytes_max=ENVELOPE_BYTES, latency_ms=0.0)
    return returned(call, observed, "")


def returned(call: events.ToolCalled, observed: Observed, salt: str) -> events.ToolReturned:
    """A tool came back; what was cut for the model is proved by a digest keyed by *salt*."""
    return events.ToolReturned(
        call_id=call.call_id,
        ok=observed.ok,
        observation=observed.observation,
        kind=observed.kind,
        size_bytes=observed.size_bytes,
        digest=None if observed.whole is None else _keyed(salt, observed.whole),
        latency_ms=round(observed.latency_ms, 3),
    )


def _keyed(salt: str, text: str) -> str:
    """SHA-256 of *text* that nobody can guess at without the session's salt."""
    return hashlib.sha256(f"{salt}{text}".encode("utf-8", "surrogatepass")).hexdigest()
