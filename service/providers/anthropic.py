"""Anthropic's Messages."""

from typing import Any, Final

from schema.completions import Completion, CompletionRequest
from schema.errors import ProviderRefused
from service.providers.anthropic_answer import MessageReader
from service.providers.anthropic_messages import messages_of, system_of, tools_of
from service.providers.base import OnDelta
from service.providers.rate_limit import RateLimit
from service.providers.wire import Wire

VERSION: Final = "2023-06-01"
_BAD_REQUEST: Final = 400


class AnthropicProvider:
    """Claude, and every server that speaks the same wire.

    Some models refuse to be told a temperature: one that does is asked again without, and we
    remember it.
    """

    native_tools = True

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._without_temperature: set[str] = set()

    @property
    def rate_limit(self) -> RateLimit | None:
        """As the last answer told it."""
        return self._wire.rate_limit

    async def complete(self, request: CompletionRequest, on_delta: OnDelta) -> Completion:
        """See `Provider`."""
        bare = request.model in self._without_temperature
        try:
            return await self._ask(request, on_delta)
        except ProviderRefused as error:
            if bare or error.status != _BAD_REQUEST or "`temperature`" not in str(error):
                raise
            self._without_temperature.add(request.model)
        return await self._ask(request, on_delta)

    async def _ask(self, request: CompletionRequest, on_delta: OnDelta) -> Completion:
        reader = MessageReader(self._wire.provider, request.model, on_delta)
        body = body_of(request)
        if request.model in self._without_temperature:
            del body["temperature"]
        headers = await self._wire.ask("v1/messages", body, reader, request.timeout_s)
        return reader.completion(headers.get("request-id"))


def body_of(request: CompletionRequest) -> dict[str, Any]:
    """What is posted."""
    sampling = request.sampling
    body = {
        "model": request.model,
        "max_tokens": sampling.max_output_tokens,
        "temperature": sampling.temperature,
        "system": system_of(request.segments),
        "messages": messages_of(request.segments),
        "tools": tools_of(request.tools),
        "stop_sequences": list(sampling.stop),
        "stream": True,
    }
    return {name: value for name, value in body.items() if value != []}
