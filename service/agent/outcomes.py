"""What came of asking a model or a tool, as the events that record it."""

import hashlib
from typing import Final

from schema import events
from schema.completions import Completion
from schema.errors import (
    BreakerOpen,
    BudgetSpent,
    Invalid,
    PriceUnknown,
    ProviderRefused,
    ProviderUnavailable,
    StageRefused,
    StageUnavailable,
)
from service.agent.tools.observation import ENVELOPE_BYTES, Observed, ToolError, observe

NO_COMPLETION: Final = (
    *(ProviderUnavailable, ProviderRefused, BreakerOpen),
    *(BudgetSpent, PriceUnknown),
)
"""What says that there is none; see `failed`."""


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
        cost_micro_usd=completion.cost_micro_usd,
        priced_from=completion.priced_from,
        latency_ms=latency_ms,
        prompt_digest=digest,
    )


def failed(
    step: int,
    error: ProviderUnavailable | ProviderRefused | BreakerOpen | BudgetSpent | PriceUnknown,
) -> events.CompletionFailed:
    """The model was asked in vain, or not asked at all, since that was in vain for some time."""
    return events.CompletionFailed(
        step=step,
        code=error.code,
        detail=str(error),
        status=error.status if isinstance(error, ProviderUnavailable | ProviderRefused) else None,
        retryable=error.retryable,
    )


def late(step: int, timeout_s: float, before: BaseException | None) -> events.CompletionFailed:
    """The model's time was up; *before* that it failed so, if it did."""
    why = "" if before is None or isinstance(before, TimeoutError) else f"; before that: {before}"
    return events.CompletionFailed(
        step=step,
        code="timeout",
        detail=f"no completion within {timeout_s:g} s{why}",
        retryable=True,
    )


def withheld(step: int, error: StageRefused | StageUnavailable) -> events.AnswerWithheld:
    """The answer did not come through its stages."""
    return events.AnswerWithheld(
        step=step,
        stage=error.stage,
        code=error.code,
        detail=str(error),
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


def unpassed(step: int, error: Invalid) -> events.AnswerWithheld:
    """The answer came through its stages, but no event can hold what they made of it."""
    detail = f"what the stages made of the answer cannot be kept: {error}"
    return events.AnswerWithheld(step=step, stage="", code=error.code, detail=detail)


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
