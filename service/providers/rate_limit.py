"""What a provider's headers tell about how much more it will take."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

KINDS: Final = ("requests", "tokens", "input-tokens", "output-tokens")
_UNIT_S: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|us|d|h|m|s)")


@dataclass(frozen=True, slots=True)
class Window:
    """What is left of one limit."""

    limit: int | None = None
    remaining: int | None = None
    reset_s: float | None = None
    """Seconds from the answer until the limit is whole again."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The limits that an answer told of, by their kind (one of `KINDS`)."""

    windows: Mapping[str, Window]


def rate_limit_in(headers: Mapping[str, str], now: datetime) -> RateLimit | None:
    """The limits in *headers* of either wire; None where there are none."""
    windows = {
        kind: window for kind in KINDS if (window := _window(headers, kind, now)) != Window()
    }
    return RateLimit(windows) if windows else None


def duration_s(text: str) -> float | None:
    """Seconds of a duration such as `6m0s` or `12ms`; None where *text* is none."""
    if not text or _PART.sub("", text):
        return None
    return sum(float(count) * _UNIT_S[unit] for count, unit in _PART.findall(text))


def _window(headers: Mapping[str, str], kind: str, now: datetime) -> Window:
    def said(what: str) -> str:
        of_anthropic = headers.get(f"anthropic-ratelimit-{kind}-{what}")
        return of_anthropic or headers.get(f"x-ratelimit-{what}-{kind}", "")

    return Window(_count(said("limit")), _count(said("remaining")), _reset_s(said("reset"), now))


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


def _reset_s(text: str, now: datetime) -> float | None:
    seconds = duration_s(text)
    if seconds is not None or not text:
        return seconds
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - now).total_seconds(), 0.0)
