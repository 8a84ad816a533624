"""What goes wrong between us and a provider, as errors of the one tree."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from schema import json_text
from schema.errors import ProviderRefused, ProviderUnavailable

RETRY_AFTER_S_MAX: Final = 3600.0
DETAIL_CHARS_MAX: Final = 500
_TRY_AGAIN: Final = frozenset({408, 409, 429})
_OUT_OF_CREDIT: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
KEYS: Final = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}
"""Provider → the setting that holds its key, by its usual name."""
_ADVICE: Final = {
    401: "check {key}",
    402: "add credit to the account",
    403: "this key may not do that",
    404: "check the model's name and the base URL",
    413: "the prompt is too large",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a provider said was wrong."""

    message: str
    code: str = ""
    """Its name of the fault, such as `insufficient_quota` or `overloaded_error`."""


def complaint_in(body: bytes | str) -> Complaint:
    """The complaint in an error's *body*: JSON of any of the usual shapes, or plain text."""
    try:
        return complaint_of(json_text.decode(body))
    except (ValueError, RecursionError):
        text = body.decode(errors="replace") if isinstance(body, bytes) else body
        return Complaint(" ".join(text.split()))


def complaint_of(value: Any) -> Complaint:
    """The complaint in a decoded error."""
    inner = value.get("error", value) if isinstance(value, dict) else value
    if not isinstance(inner, dict):
        return Complaint(str(inner))
    message = inner.get("message") or inner.get("detail") or json_text.encode(inner)
    code = inner.get("code")
    return Complaint(
        message=str(message),
        code=code if isinstance(code, str) else str(inner.get("type") or ""),
    )


def answered(
    provider: str, status: int, complaint: Complaint, headers: Mapping[str, str]
) -> ProviderUnavailable | ProviderRefused:
    """The error for an answer of *status*: `ProviderUnavailable` where another try may help."""
    said = f"{provider} answered {status}: {complaint.message[:DETAIL_CHARS_MAX]}"
    if complaint.code in _OUT_OF_CREDIT:
        return ProviderRefused(f"{said} ({_ADVICE[402]})", status)
    if status in _TRY_AGAIN or status >= 500:  # noqa: PLR2004 - HTTP's own line.
        return ProviderUnavailable(said, retry_after_s(headers), status)
    advice = _ADVICE.get(status, "").format(key=KEYS.get(provider, "the key"))
    return ProviderRefused(f"{said} ({advice})" if advice else said, status)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """How long the other side asked us to wait, at most an hour; None where it did not say."""
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit_s
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return min(seconds, RETRY_AFTER_S_MAX)
    return _until_date_s(headers)


def _until_date_s(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` as a date, counted from the answer's own date so that no clock is trusted."""
    until = _http_date(headers.get("retry-after", ""))
    if until is None:
        return None
    since = _http_date(headers.get("date", "")) or datetime.now(UTC)
    return min(max((until - since).total_seconds(), 0.0), RETRY_AFTER_S_MAX)


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def unreadable(provider: str, error: msgspec.ValidationError | ValueError) -> ProviderUnavailable:
    """The error for an event that is not what the wire's description says."""
    return ProviderUnavailable(f"{provider} sent an event that we cannot read: {error}")
