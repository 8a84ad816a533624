"""A model that counts, behind each of the three wires, as its servers answer."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx

from service.providers.anthropic import AnthropicProvider
from service.providers.base import Provider
from service.providers.open import open_client
from service.providers.openai import OpenAiProvider
from service.providers.secrets import Redactor
from service.providers.text import TextProvider
from service.providers.wire import Wire

KEY = "sk-planted-0123456789abcdef"
CONTEXT_CHARS = 20_000
WORD_S = 0.01
WORDS = ("one", " two", " thrée", " 四", " five", " six", " seven", " eight", " nine", " ten") * 20

Answer = Callable[[httpx.Request], httpx.Response]


def client_of(answer: Any) -> httpx.AsyncClient:
    """A client whose every request *answer* answers."""
    headers = {"Authorization": f"Bearer {KEY}", "x-api-key": KEY}
    transport = httpx.MockTransport(answer)
    return open_client("OPENAI_BASE_URL", "http://model.test/v1", headers, transport)


def provider_of(wire: str, client: httpx.AsyncClient) -> Provider:
    """The provider that speaks *wire* through *client*."""
    spoken = Wire("openai" if wire == "text" else wire, client, Redactor(KEY))
    match wire:
        case "anthropic":
            return AnthropicProvider(spoken)
        case "openai":
            return OpenAiProvider(spoken)
        case _:
            return TextProvider(spoken, {"seed": 1})


class Streamed(httpx.AsyncByteStream):
    """A body that comes in pieces, with a pause before each."""

    def __init__(self, pieces: Iterator[bytes], pause_s: float = 0.0) -> None:
        self._pieces = pieces
        self._pause_s = pause_s
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            await asyncio.sleep(self._pause_s)
            yield piece

    async def aclose(self) -> None:
        self.closed = True


def event(data: dict[str, Any] | str, name: str = "") -> bytes:
    """One event as it goes over the wire."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {text}\n\n".encode()


def stream(*events: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
    """An answer that streams *events*."""
    return httpx.Response(
        200,
        headers={"content-type": "text/event-stream", **(headers or {})},
        stream=Streamed(iter(events)),
    )


def counting_model(request: httpx.Request) -> httpx.Response:
    """Counts up to the limit or the stop sequence; refuses a prompt that is too long."""
    body = json.loads(request.content)
    if len(request.content) > CONTEXT_CHARS:
        return httpx.Response(400, json={"error": {"message": "too long", "type": "too_long"}})
    wire = {"/v1/v1/messages": _anthropic, "/v1/chat/completions": _chat}
    pieces = wire.get(request.url.path, _text)(body)
    return httpx.Response(
        200, headers={"content-type": "text/event-stream"}, stream=Streamed(pieces, WORD_S)
    )


def _said(body: dict[str, Any], stops: list[str]) -> tuple[list[str], str]:
    """The words, and why there are no more."""
    words: list[str] = []
    for word in WORDS[: body["max_tokens"]]:
        if any(stop in word for stop in stops):
            return words, "stop"
        words.append(word)
    return words, "length"


def _chat(body: dict[str, Any]) -> Iterator[bytes]:
    words, reason = _said(body, body.get("stop", []))
    head = {"id": "chatcmpl-1", "model": body["model"]}
    for word in words:
        choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
        yield event({**head, "choices": [choice]})
    yield event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    usage = {"prompt_tokens": 7, "completion_tokens": len(words)}
    yield event({**head, "choices": [], "usage": usage})
    yield event("[DONE]")


def _text(body: dict[str, Any]) -> Iterator[bytes]:
    words, reason = _said(body, body.get("stop", []))
    head = {"id": "cmpl-1", "model": body["model"]}
    for word in words:
        yield event({**head, "choices": [{"text": word, "finish_reason": None}]})
    usage = {"prompt_tokens": 7, "completion_tokens": len(words)}
    choice = {"text": "", "finish_reason": reason}
    yield event({**head, "choices": [choice], "usage": usage})
    yield event("[DONE]")


def _anthropic(body: dict[str, Any]) -> Iterator[bytes]:
    words, reason = _said(body, body.get("stop_sequences", []))
    message = {"id": "msg_1", "model": body["model"], "usage": {"input_tokens": 7}}
    yield event({"type": "message_start", "message": message}, "message_start")
    block = {"type": "text", "text": ""}
    yield event({"type": "content_block_start", "index": 0, "content_block": block})
    for word in words:
        delta = {"type": "text_delta", "text": word}
        yield event({"type": "content_block_delta", "index": 0, "delta": delta})
    yield event({"type": "content_block_stop", "index": 0})
    theirs = {"stop": "stop_sequence", "length": "max_tokens"}[reason]
    usage = {"output_tokens": len(words)}
    yield event({"type": "message_delta", "delta": {"stop_reason": theirs}, "usage": usage})
    yield event({"type": "message_stop"}, "message_stop")
