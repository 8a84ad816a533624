"""What a service refused or could not do, in the classes that the embedded runtime raises."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import httpx

from schema import errors
from schema.errors import AgentRuntimeError, Broken, Invalid, Refused, Unavailable

DETAIL_CHARS_MAX: Final = 2000
WAIT_MAX_S: Final = 3600.0
_LATER: Final = frozenset({408, 425, 429, 502, 503, 504})


class NotLetIn(Refused):
    """The service wants a key, or another one than this."""

    code = "not_let_in"


class RefusedThere(Refused):
    """The request cannot be taken as it is; what is wrong with it the message says."""

    code = "refused_there"


class FaultThere(Broken):
    """Something is wrong with the service itself; its log knows more under the request's id."""

    code = "fault_there"


def error_of(answer: httpx.Response) -> AgentRuntimeError:
    """What *answer*, which is no success, tells of; the request's id stands in a note."""
    said = _problem(answer)
    detail = str(said.get("detail") or f"HTTP {answer.status_code}")[:DETAIL_CHARS_MAX]
    error = _error(answer, said, detail)
    if "request_id" in said:
        error.add_note(f"request {said['request_id']}")
    return error


def _error(answer: httpx.Response, said: Mapping[str, Any], detail: str) -> AgentRuntimeError:
    status, kind = answer.status_code, _kinds().get(str(said.get("code")))
    if status in {401, 403}:
        return NotLetIn(detail)
    if kind is not None and issubclass(kind, Invalid) and said.get("errors"):
        return kind(*_first(said))
    if status in _LATER:
        chosen = kind if kind is not None and issubclass(kind, Unavailable) else Unavailable
        return _made(chosen, detail, retry_after_s=_retry_after_s(answer))
    if status >= 500:  # noqa: PLR2004 - HTTP's own line.
        return FaultThere(detail)
    if kind is None or issubclass(kind, Invalid):
        return RefusedThere(detail)
    return _made(kind, detail, expected=said.get("expected"), actual=said.get("actual"))


def _made(kind: type[AgentRuntimeError], detail: str, **fields: Any) -> AgentRuntimeError:
    """An error of *kind* that says *detail*: its own constructor would say it in its own words."""
    error = kind.__new__(kind)
    Exception.__init__(error, detail)
    for name, value in fields.items():
        if value is not None or issubclass(kind, Unavailable):
            setattr(error, name, value)
    return error


def _first(said: Mapping[str, Any]) -> tuple[str, str]:
    """The first field that does not hold what it must, and why."""
    first = said["errors"][0]
    place = first.get("pointer") or first.get("parameter") or first.get("header") or ""
    return str(place).strip("/").replace("/", ".") or "body", str(first.get("detail"))


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        said = answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError):  # From something that stands between.
        return {}
    return said if isinstance(said, dict) else {}


def _retry_after_s(answer: httpx.Response) -> float | None:
    said = answer.headers.get("Retry-After", "")
    return min(float(said), WAIT_MAX_S) if said.isascii() and said.isdigit() else None


@cache
def _kinds() -> Mapping[str, type[AgentRuntimeError]]:
    """Code → class."""
    return {kind.code: kind for kind in _below(errors.AgentRuntimeError)}


def _below(kind: type[AgentRuntimeError]) -> Iterator[type[AgentRuntimeError]]:
    for one in kind.__subclasses__():
        if one.__module__ == errors.__name__:
            yield one
            yield from _below(one)
