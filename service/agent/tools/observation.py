"""What the model is told of a call: JSON text of one exact shape, cut where it is too long."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel

from schema import json_text
from schema.errors import Invalid

Kind = Literal["not_found", "transient", "permanent", "blocked"]
"""Why a call failed: no such thing, try again, change the call, or not allowed."""

ENVELOPE_BYTES: Final = 96
"""Room for what stands around the data of an observation that was cut."""


class ToolError(Exception):
    """How a tool says what went wrong: an observation to be, so it's not of the error tree."""

    def __init__(self, kind: Kind, message: str) -> None:
        """*message* is what the model will read."""
        super().__init__(message)
        self.kind: Kind = kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What came of a call."""

    ok: bool
    observation: str
    """JSON text: `{"ok":true,"data":…}` or `{"ok":false,"error":…,"kind":…}`.

    Cut, it says so: `"cut":true,"size_bytes":N` follow, and data is its first part, a string.
    """
    kind: Kind | None = None
    """Why it failed; None when it did not."""
    size_bytes: int | None = None
    """UTF-8 bytes of the whole observation, where it was cut."""
    whole: str | None = None
    """The whole observation, where it was cut; the loop takes its digest and lets it go."""
    latency_ms: float = 0.0


def json_of(result: object) -> str:
    """A tool's result as JSON text; `ToolError` (permanent) names the place that JSON can't say."""
    plain = result.model_dump(mode="json") if isinstance(result, BaseModel) else result
    try:
        return json_text.encode(plain, "data")
    except Invalid as error:
        raise ToolError("permanent", f"the tool's result is no JSON: {error}") from error
    except (TypeError, ValueError) as error:
        raise ToolError("permanent", f"the tool's result is no JSON: data: {error}") from error


def observe(outcome: str | ToolError, *, bytes_max: int, latency_ms: float) -> Observed:
    """What the model is told: the JSON text of a result, or what went wrong.

    At most *bytes_max* UTF-8 bytes, or `ENVELOPE_BYTES` where that is more.
    """
    kind = outcome.kind if isinstance(outcome, ToolError) else None
    whole = _whole(outcome)
    # Most observations are short; four bytes a character is the most that UTF-8 takes.
    size_bytes = len(whole) if len(whole) * 4 <= bytes_max else len(whole.encode())
    if size_bytes <= bytes_max:
        return Observed(ok=kind is None, observation=whole, kind=kind, latency_ms=latency_ms)
    return Observed(
        ok=kind is None,
        observation=_cut(outcome, size_bytes, bytes_max),
        kind=kind,
        size_bytes=size_bytes,
        whole=whole,
        latency_ms=latency_ms,
    )


def _whole(outcome: str | ToolError) -> str:
    if isinstance(outcome, ToolError):
        return f'{{"ok":false,"error":{_quoted(str(outcome))},"kind":"{outcome.kind}"}}'
    return f'{{"ok":true,"data":{outcome}}}'


def _cut(outcome: str | ToolError, size_bytes: int, bytes_max: int) -> str:
    room_bytes = bytes_max - ENVELOPE_BYTES
    tail = f'"cut":true,"size_bytes":{size_bytes}}}'
    if isinstance(outcome, ToolError):
        first = _first_part(str(outcome), room_bytes)
        return f'{{"ok":false,"error":{first},"kind":"{outcome.kind}",{tail}'
    return f'{{"ok":true,"data":{_first_part(_readable(outcome), room_bytes)},{tail}'


def _readable(text: str) -> str:
    """The string itself where the data is one, so that it isn't quoted twice; else its JSON."""
    data: Any = json_text.decode(text) if text.startswith('"') else None
    return data if isinstance(data, str) else text


def _first_part(text: str, room_bytes: int) -> str:
    """The longest beginning of *text*, as a JSON string, that fits into *room_bytes*."""
    fitting = bisect_right(
        range(1, min(len(text), max(room_bytes, 0)) + 1),
        room_bytes,
        key=lambda count: len(_quoted(text[:count]).encode()),
    )
    return _quoted(text[:fitting])


def _quoted(text: str) -> str:
    return json_text.encode(text, "data")
