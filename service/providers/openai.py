"""OpenAI's Chat Completions, and every server that speaks the same wire."""

from collections.abc import Mapping
from typing import Any, Final

from schema.completions import Completion, CompletionRequest
from schema.errors import ProviderRefused
from service.providers.base import OnDelta
from service.providers.openai_answer import ChatReader
from service.providers.openai_messages import messages_of, tools_of
from service.providers.rate_limit import RateLimit
from service.providers.wire import Wire

DROPPABLE: Final = ("temperature", "stop")
"""What some models refuse to be told, and can do without."""
_BAD_REQUEST: Final = 400


class OpenAiProvider:
    """Chat models behind a base URL.

    Every server understands `max_tokens`, except for OpenAI's reasoning models, which want
    `max_completion_tokens` and refuse a temperature or stop sequences. So we begin with what
    every server takes; a model that objects is asked again without, and we remember it.
    """

    native_tools = True

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._objections: dict[str, frozenset[str]] = {}

    @property
    def rate_limit(self) -> RateLimit | None:
        """As the last answer told it."""
        return self._wire.rate_limit

    async def complete(self, request: CompletionRequest, on_delta: OnDelta) -> Completion:
        """See `Provider`."""
        while True:
            known = self._objections.get(request.model, frozenset())
            try:
                return await self._ask(request, known, on_delta)
            except ProviderRefused as error:
                news = objections_in(error) - known
                if not news:
                    raise
                self._objections[request.model] = known | news

    async def _ask(
        self, request: CompletionRequest, objections: frozenset[str], on_delta: OnDelta
    ) -> Completion:
        reader = ChatReader(self._wire.provider, request, on_delta)
        body = without(objections, body_of(request))
        headers = await self._wire.ask("chat/completions", body, reader, request.timeout_s)
        return reader.completion(headers.get("x-request-id"))


def objections_in(error: ProviderRefused) -> frozenset[str]:
    """The fields of ours that *error* says the model will not take."""
    said = str(error) if error.status == _BAD_REQUEST else ""
    limit = {"max_tokens"} if "max_completion_tokens" in said else set()
    return frozenset(limit | {name for name in DROPPABLE if f"'{name}'" in said})


def without(objections: frozenset[str], body: Mapping[str, Any]) -> dict[str, Any]:
    """*body* as a model with *objections* takes it."""
    adapted = {name: value for name, value in body.items() if name not in objections}
    if "max_tokens" in objections:
        adapted["max_completion_tokens"] = body["max_tokens"]
    return adapted


def body_of(request: CompletionRequest) -> dict[str, Any]:
    """What is posted."""
    sampling = request.sampling
    body = {
        "model": request.model,
        "messages": messages_of(request.segments),
        "max_tokens": sampling.max_output_tokens,
        "temperature": sampling.temperature,
        "stop": list(sampling.stop),
        "tools": tools_of(request.tools),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    return {name: value for name, value in body.items() if value != []}
