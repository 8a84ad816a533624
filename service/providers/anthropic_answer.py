"""A message, put together from the events of its stream."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from schema import json_text
from schema.completions import Completion
from schema.events import RequestedCall, StopReason, Usage
from service.providers import faults
from service.providers.base import OnDelta
from service.providers.sse import SentEvent
from service.providers.wire import join_text

STOP_REASONS: Final[Mapping[str, StopReason]] = MappingProxyType(
    {
        "end_turn": "end",
        "tool_use": "tool_calls",
        "stop_sequence": "stop_sequence",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "refusal": "refusal",
        "pause_turn": "pause",
    }
)
"""Theirs → ours; one that we do not know is an end."""
_STATUS_BY_TYPE: Final = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_SERVER_ERROR: Final = 500
_GROWS: Final = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "input_json_delta": "partial_json",
}
"""Kind of delta → the field that it lengthens; a delta names it as its block does."""
_OWN_SHAPE: Final = frozenset({"text", "tool_use"})
"""Kinds of block that text and calls say in full; any other is kept as it came."""


class _Usage(msgspec.Struct, frozen=True):
    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None


class _Message(msgspec.Struct, frozen=True):
    id: str | None = None
    model: str | None = None
    usage: _Usage = _Usage()


class _Delta(msgspec.Struct, frozen=True):
    """Of a block or of the message, by the event's type."""

    type: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    partial_json: str = ""
    citation: Any = None
    stop_reason: str | None = None


class _Event(msgspec.Struct, frozen=True):
    type: str
    index: int = 0
    message: _Message = _Message()
    content_block: dict[str, Any] = {}
    delta: _Delta = _Delta()
    usage: _Usage = _Usage()


class _GrowingBlock:
    """A content block whose pieces still come."""

    def __init__(self, begun: dict[str, Any]) -> None:
        self.kind = str(begun.get("type"))
        self._begun = begun
        self._pieces: dict[str, list[str]] = {}
        self._citations: list[Any] = []

    def take(self, delta: _Delta) -> None:
        """Grow by *delta*; a kind that we do not know adds nothing."""
        if delta.type == "citations_delta":
            self._citations.append(delta.citation)
        elif field := _GROWS.get(delta.type):
            self._pieces.setdefault(field, []).append(getattr(delta, field))

    def grown(self, field: str) -> str:
        """All of *field*: what the block began with, and what came."""
        return join_text([str(self._begun.get(field) or ""), *self._pieces.get(field, ())])

    def call(self) -> RequestedCall:
        """The tool call that the block is."""
        begun = json_text.encode(self._begun.get("input") or {})
        return RequestedCall(
            id=str(self._begun.get("id")),
            name=str(self._begun.get("name")),
            arguments=self.grown("partial_json") or begun,
        )

    def whole(self) -> dict[str, Any]:
        """The block as the API wants it back."""
        block = dict(self._begun)
        block |= {field: self.grown(field) for field in self._pieces if field != "partial_json"}
        if "partial_json" in self._pieces:
            block["input"] = _parsed(self.grown("partial_json"))
        if self._citations:
            block["citations"] = self._citations
        return block


class MessageReader:
    """Puts a message together."""

    def __init__(self, provider: str, model: str, on_delta: OnDelta) -> None:
        self._provider = provider
        self._on_delta = on_delta
        self._message = _Message(model=model)
        self._model = model
        self._blocks: dict[int, _GrowingBlock] = {}
        self._usage: dict[str, int] = {}
        self._stop_reason: StopReason = "end"
        self.ended = False

    def read(self, event: SentEvent) -> bool:
        """See `Reader`."""
        happened = self._decoded(event.data)
        match happened.type:
            case "message_start":
                self._message = happened.message
                self._count(happened.message.usage)
            case "content_block_start":
                self._blocks[happened.index] = _GrowingBlock(happened.content_block)
            case "content_block_delta":
                self._grow(happened)
            case "message_delta":
                self._stop_reason = STOP_REASONS.get(happened.delta.stop_reason or "", "end")
                self._count(happened.usage)
            case "message_stop":
                self.ended = True
        return self.ended

    def completion(self, request_id: str | None) -> Completion:
        """What was read; *request_id* is the header's, which support asks for."""
        blocks = [block for _, block in sorted(self._blocks.items())]
        has_own = any(block.kind not in _OWN_SHAPE for block in blocks)
        return Completion(
            text=join_text(block.grown("text") for block in blocks if block.kind == "text"),
            calls=tuple(block.call() for block in blocks if block.kind == "tool_use"),
            blocks=tuple(block.whole() for block in blocks) if has_own else (),
            stop_reason=self._stop_reason,
            model=self._message.model or self._model,
            request_id=request_id or self._message.id,
            usage=self._counted(),
        )

    def _decoded(self, data: str) -> _Event:
        try:
            value = json_text.decode(data)
            if not (isinstance(value, dict) and value.get("error")):
                return msgspec.convert(value, _Event)
        except ValueError as error:
            raise faults.unreadable(self._provider, error) from None
        complaint = faults.complaint_of(value)
        status = _STATUS_BY_TYPE.get(complaint.code, _SERVER_ERROR)
        raise faults.answered(self._provider, status, complaint, {})

    def _grow(self, event: _Event) -> None:
        block = self._blocks.setdefault(event.index, _GrowingBlock({"type": "text", "text": ""}))
        block.take(event.delta)
        if event.delta.type == "text_delta" and event.delta.text:
            self._on_delta(event.delta.text)

    def _count(self, usage: _Usage) -> None:
        """Take *usage* over: each number is a total, and a later one is truer."""
        told = msgspec.structs.asdict(usage)
        self._usage |= {name: count for name, count in told.items() if count is not None}

    def _counted(self) -> Usage:
        read, created = (
            self._usage.get(f"cache_{what}_input_tokens", 0) for what in ("read", "creation")
        )
        return Usage(
            input_tokens=self._usage.get("input_tokens", 0) + read + created,
            output_tokens=self._usage.get("output_tokens", 0),
            cached_tokens=read,
        )


def _parsed(arguments: str) -> Any:
    try:
        return json_text.decode(arguments or "{}")
    except ValueError:
        return {}
