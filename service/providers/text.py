"""The text wire: a prompt goes in, its continuation comes out (`/completions`)."""

from collections.abc import Mapping
from typing import Any, Literal

from schema.completions import Completion, CompletionRequest
from schema.errors import ProviderRefused
from schema.events import Usage
from service.providers.base import OnDelta
from service.providers.openai_events import DONE, Chunk, decode
from service.providers.sse import SentEvent
from service.providers.wire import Wire, join_text


class TextProvider:
    """Continues plain text; for base models, and for the text protocol on llama.cpp.

    The prompt is the text of each segment, in order, with nothing before, between or after:
    roles are not shown, and whatever separates the segments has to stand in their text.
    """

    native_tools = False

    def __init__(self, wire: Wire, extra: Mapping[str, Any]) -> None:
        """*extra* are further fields of each request, such as a seed."""
        self._wire = wire
        self._extra = extra

    async def complete(self, request: CompletionRequest, on_delta: OnDelta) -> Completion:
        """See `Provider`."""
        reader = _TextReader(self._wire.provider, request.model, on_delta)
        await self._wire.ask("completions", self._body(request), reader, request.timeout_s)
        return reader.completion()

    def _body(self, request: CompletionRequest) -> dict[str, Any]:
        sampling = request.sampling
        body = {
            "model": request.model,
            "prompt": text_of(request),
            "max_tokens": sampling.max_output_tokens,
            "temperature": sampling.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
            **self._extra,
        }
        return {**body, "stop": list(sampling.stop)} if sampling.stop else body


def text_of(request: CompletionRequest) -> str:
    """The prompt; refused where the request needs tools that only a native wire can carry."""
    if request.tools or any(segment.calls or segment.results for segment in request.segments):
        raise ProviderRefused(f"{request.model} has no native tools: use the text protocol")
    return "".join(segment.text for segment in request.segments)


class _TextReader:
    """Puts a continuation together."""

    def __init__(self, provider: str, model: str, on_delta: OnDelta) -> None:
        self._provider = provider
        self._model = model
        self._on_delta = on_delta
        self._id: str | None = None
        self._pieces: list[str] = []
        self._usage = Usage()
        self._stop_reason: Literal["end", "length"] = "end"
        self.ended = False

    def read(self, event: SentEvent) -> bool:
        """See `Reader`."""
        if event.data == DONE:
            self.ended = True
            return True
        self._take(decode(self._provider, event.data))
        return False

    def completion(self) -> Completion:
        """What was read; the wire does not tell a stop sequence from the model's own end."""
        return Completion(
            text=join_text(self._pieces),
            stop_reason=self._stop_reason,
            model=self._model,
            request_id=self._id,
            usage=self._usage,
        )

    def _take(self, chunk: Chunk) -> None:
        self._id = chunk.id or self._id
        self._model = chunk.model or self._model
        if chunk.usage is not None:
            self._usage = chunk.usage.counted()
        for choice in (chunk.choices or ())[:1]:
            if choice.text:
                self._pieces.append(choice.text)
                self._on_delta(choice.text)
            if choice.finish_reason is not None:
                self.ended = True
                self._stop_reason = "length" if choice.finish_reason == "length" else "end"
