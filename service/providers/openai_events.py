"""The events of OpenAI's streams, chat and text, as every compatible server sends them."""

from typing import Any, Final

import msgspec

from schema import json_text
from schema.events import Usage
from service.providers import faults

DONE: Final = "[DONE]"
_STATUS_BY_CODE: Final = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "exceed_context_size_error": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "not_found_error": 404,
}
_SERVER_ERROR: Final = 500


class Function(msgspec.Struct, frozen=True):
    """A piece of a call: its name comes once, its arguments bit by bit."""

    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class CallPiece(msgspec.Struct, frozen=True):
    """A piece of the tool call at *index*; some servers leave the index out."""

    index: int | None = None
    id: str | None = None
    function: Function = Function()


class Delta(msgspec.Struct, frozen=True):
    """What a chunk adds to the message."""

    content: str | None = None
    refusal: str | None = None
    tool_calls: tuple[CallPiece, ...] | None = None


class Choice(msgspec.Struct, frozen=True):
    """One of the answers; we ask for one."""

    delta: Delta | None = None
    """Of the chat wire."""
    text: str | None = None
    """Of the text wire."""
    finish_reason: str | None = None
    stop_reason: Any = None
    """Of vLLM: the stop sequence that was met."""


class _Details(msgspec.Struct, frozen=True):
    cached_tokens: int | None = None


class ReportedUsage(msgspec.Struct, frozen=True):
    """Tokens; those of reasoning are within `completion_tokens`."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None

    def counted(self) -> Usage:
        """The same in our words."""
        details = self.prompt_tokens_details or _Details()
        return Usage(
            input_tokens=self.prompt_tokens or 0,
            output_tokens=self.completion_tokens or 0,
            cached_tokens=details.cached_tokens or 0,
        )


class Chunk(msgspec.Struct, frozen=True):
    """One event."""

    id: str | None = None
    model: str | None = None
    choices: tuple[Choice, ...] | None = None
    usage: ReportedUsage | None = None


def decode(provider: str, data: str) -> Chunk:
    """The chunk in *data*; raises the error that it may hold instead, or for what is no chunk."""
    try:
        value = json_text.decode(data)
        if not (isinstance(value, dict) and value.get("error")):
            return msgspec.convert(value, Chunk)
    except ValueError as error:
        raise faults.unreadable(provider, error) from None
    complaint = faults.complaint_of(value)
    raise faults.answered(provider, _status(value["error"], complaint.code), complaint, {})


def _status(error: Any, code: str) -> int:
    """The HTTP status that the error would have had, had it come before the stream began."""
    status = error.get("code") if isinstance(error, dict) else None
    return status if isinstance(status, int) else _STATUS_BY_CODE.get(code, _SERVER_ERROR)
