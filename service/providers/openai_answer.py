"""A chat completion, put together from its chunks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from schema import json_text
from schema.completions import Completion, CompletionRequest
from schema.events import RequestedCall, StopReason, Usage
from service.providers.base import OnDelta
from service.providers.openai_events import DONE, CallPiece, Choice, Chunk, Delta, decode
from service.providers.sse import SentEvent
from service.providers.wire import join_text

STOP_REASONS: Final[Mapping[str, StopReason]] = MappingProxyType(
    {
        "stop": "end",
        "tool_calls": "tool_calls",
        "function_call": "tool_calls",
        "length": "length",
        "content_filter": "refusal",
    }
)
"""Theirs → ours; one that we do not know is an end."""


@dataclass(slots=True)
class _GrowingCall:
    """A tool call whose pieces still come."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class ChatReader:
    """Puts a message together; calls grow side by side, told apart by their index."""

    def __init__(self, provider: str, request: CompletionRequest, on_delta: OnDelta) -> None:
        self._provider = provider
        self._model = request.model
        self._turn = sum(segment.role == "assistant" for segment in request.segments) + 1
        self._on_delta = on_delta
        self._id: str | None = None
        self._pieces: list[str] = []
        self._calls: dict[int, _GrowingCall] = {}
        self._stop_reason: StopReason = "end"
        self._usage = Usage()
        self.ended = False

    def read(self, event: SentEvent) -> bool:
        """See `Reader`. A server that forgets `[DONE]` ends with its stream, if it finished."""
        if event.data == DONE:
            self.ended = True
            return True
        self._take(decode(self._provider, event.data))
        return False

    def completion(self, request_id: str | None) -> Completion:
        """What was read; *request_id* is the header's, which support asks for."""
        calls = self._requested()
        ended_by_calls = bool(calls) and self._stop_reason == "end"
        return Completion(
            text=join_text(self._pieces),
            calls=calls,
            stop_reason="tool_calls" if ended_by_calls else self._stop_reason,
            model=self._model,
            request_id=request_id or self._id,
            usage=self._usage,
        )

    def _take(self, chunk: Chunk) -> None:
        self._id = chunk.id or self._id
        self._model = chunk.model or self._model
        if chunk.usage is not None:
            self._usage = chunk.usage.counted()
        for choice in (chunk.choices or ())[:1]:
            self._take_delta(choice.delta or Delta())
            self._take_finish(choice)

    def _take_delta(self, delta: Delta) -> None:
        for text in filter(None, (delta.content, delta.refusal)):
            self._pieces.append(text)
            self._on_delta(text)
        if delta.refusal:
            self._stop_reason = "refusal"
        for piece in delta.tool_calls or ():
            self._take_call(piece)

    def _take_call(self, piece: CallPiece) -> None:
        call = self._calls.setdefault(self._index(piece), _GrowingCall())
        call.id = call.id or piece.id or ""
        call.name = call.name or piece.function.name or ""
        arguments = piece.function.arguments
        if arguments:
            whole = isinstance(arguments, dict)
            call.arguments.append(json_text.encode(arguments) if whole else str(arguments))

    def _index(self, piece: CallPiece) -> int:
        """Where *piece* belongs; without an index a new id begins a new call."""
        if piece.index is not None:
            return piece.index
        last = max(self._calls, default=-1)
        known = last >= 0 and piece.id in (None, "", self._calls[last].id)
        return last if known else last + 1

    def _take_finish(self, choice: Choice) -> None:
        if choice.finish_reason is None:
            return
        self.ended = True
        if self._stop_reason != "refusal":
            self._stop_reason = STOP_REASONS.get(choice.finish_reason, "end")
        if isinstance(choice.stop_reason, str) and self._stop_reason == "end":
            self._stop_reason = "stop_sequence"

    def _requested(self) -> tuple[RequestedCall, ...]:
        """The calls in their order; one without an id gets one that no other turn gives."""
        return tuple(
            RequestedCall(
                id=call.id or f"call_{self._turn}_{index}",
                name=call.name,
                arguments=join_text(call.arguments) or "{}",
            )
            for index, call in sorted(self._calls.items())
        )
