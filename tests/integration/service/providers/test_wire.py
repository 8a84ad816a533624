"""A real server at the other end of a wire: one that hangs, cuts, and sees us leave."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from schema.completions import Completion, CompletionRequest, Segment
from schema.errors import ProviderUnavailable
from service.providers.open import open_client
from service.providers.openai import OpenAiProvider
from service.providers.secrets import Redactor
from service.providers.wire import Wire
from tests.model_wires import event

WORD = event({"choices": [{"delta": {"content": "so f"}}]})
END = event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real server whose every answer is *handler*'s."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", handler)
    async with TestServer(app, host="127.0.0.1") as server:
        address = f"http://127.0.0.1:{server.port}/v1"
        async with open_client("OPENAI_BASE_URL", address, {}) as client:
            yield client


async def complete(
    client: httpx.AsyncClient,
    on_delta: Callable[[str], None] = lambda _: None,
    timeout_s: float = 10.0,
) -> Completion:
    provider = OpenAiProvider(Wire("openai", client, Redactor()))
    segments = [Segment(role="user", text="hi")]
    request = CompletionRequest(model="m", segments=segments, timeout_s=timeout_s)
    return await provider.complete(request, on_delta)


async def streaming(request: web.Request, *pieces: bytes) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await answer.prepare(request)
    for piece in pieces:
        await answer.write(piece)
    return answer


async def test_a_server_that_never_answers_is_given_up():
    async def silent(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async with served(silent) as client:
        with pytest.raises(ProviderUnavailable, match=r"0\.1 s"):
            await complete(client, timeout_s=0.1)


async def test_a_server_that_falls_silent_amid_its_answer_is_given_up():
    async def stalling(request: web.Request) -> web.StreamResponse:
        answer = await streaming(request, WORD)
        await asyncio.Event().wait()
        return answer

    deltas: list[str] = []
    async with served(stalling) as client:
        client.timeout = httpx.Timeout(5.0, read=0.1)
        with pytest.raises(ProviderUnavailable, match="ReadTimeout"):
            await complete(client, deltas.append)
    assert deltas == ["so f"]


async def test_an_answer_whose_connection_breaks_is_unavailable():
    async def breaking(request: web.Request) -> web.StreamResponse:
        answer = await streaming(request, WORD)
        assert request.transport is not None
        request.transport.abort()
        return answer

    async with served(breaking) as client:
        with pytest.raises(ProviderUnavailable, match="no answer from openai"):
            await complete(client)


async def test_a_server_that_is_not_there_is_unavailable():
    async with open_client("OPENAI_BASE_URL", "http://127.0.0.1:1/v1", {}) as client:
        with pytest.raises(ProviderUnavailable, match=r"ConnectError"):
            await complete(client)


async def test_a_stream_that_stays_open_after_its_end_does_not_hold_us():
    async def lingering(request: web.Request) -> web.StreamResponse:
        answer = await streaming(request, WORD, END, event("[DONE]"))
        await asyncio.Event().wait()
        return answer

    async with served(lingering) as client:
        assert (await complete(client)).text == "so f"


async def test_a_cancelled_call_closes_its_connection():
    left = asyncio.Event()

    async def watching(request: web.Request) -> web.StreamResponse:
        await streaming(request, WORD)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            left.set()
            raise
        raise AssertionError

    begun = asyncio.Event()
    async with served(watching) as client:
        call = asyncio.ensure_future(complete(client, lambda _: begun.set()))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert request_is_gone(client)


def request_is_gone(client: httpx.AsyncClient) -> bool:
    """Whether no connection of *client* is open."""
    transport = client._transport
    assert isinstance(transport, httpx.AsyncHTTPTransport)
    return not transport._pool.connections


async def test_one_connection_serves_call_after_call():
    ports: set[int] = set()

    async def answering(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return await streaming(request, WORD, END, event("[DONE]"))

    async with served(answering) as client:
        for _ in range(5):
            await complete(client)
    assert len(ports) == 1
