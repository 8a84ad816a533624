"""Real servers of embeddings: one that is slow, cut or gone, and llama.cpp's."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from schema.errors import ProviderRefused, ProviderUnavailable
from service.config import Settings
from service.memory.embedder import Embedder
from service.providers.embedders import open_embedder, openai
from service.providers.embedders.hashing import vector_of
from service.providers.local import weights_file

KEY = "sk-planted-0123456789abcdef"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LLAMA = """
import sys
from xllamacpp import CommonParams, Server, llama_pooling_type

params = CommonParams()
params.model.path, params.hostnames, params.port = sys.argv[1], ["127.0.0.1"], 0
params.n_ctx, params.cpuparams.n_threads, params.cpuparams_batch.n_threads = 2048, 1, 1
params.embedding, params.pooling_type = True, llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
params.ui, params.offline, params.verbosity = False, True, 1
server = Server(params)
print("at", server.listening_address, flush=True)
sys.stdin.read()
"""


async def hashed(request: web.Request) -> web.Response:
    texts = (await request.json())["input"]
    items = [{"index": at, "embedding": vector_of(text).tolist()} for at, text in enumerate(texts)]
    return web.json_response({"object": "list", "data": items[::-1]})


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[Embedder]:
    """An embedder whose server's every answer is *handler*'s."""
    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/v1/embeddings", handler)
    async with (
        TestServer(app, host="127.0.0.1") as server,
        opened(f"http://127.0.0.1:{server.port}/v1", "openai:m@384") as embedder,
    ):
        yield embedder


@asynccontextmanager
async def opened(address: str, named: str) -> AsyncIterator[Embedder]:
    settings = Settings(embedder=named, openai_base_url=address, openai_api_key=SecretStr(KEY))
    async with open_embedder(settings) as embedder:
        assert embedder is not None
        yield embedder


async def test_hundreds_of_texts_come_back_in_their_order_over_one_connection():
    ports: set[int] = set()

    async def answering(request: web.Request) -> web.Response:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert request.headers["accept"] == "application/json"
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return await hashed(request)

    texts = [f"note {number}" for number in range(300)] + ["", "\x00", "\ud800", "é" * 100_000]
    async with served(answering) as embedder:
        vectors = await embedder.embed(texts, "passage")
    assert len(vectors) == len(texts)
    assert vectors[299] @ vector_of("note 299") == pytest.approx(1, abs=1e-6)
    assert len(ports) == 1


async def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch):
    async def silent(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(openai, "TIMEOUT_S", 0.1)
    async with served(silent) as embedder:
        with pytest.raises(ProviderUnavailable, match=r"0\.1 s"):
            await embedder.embed(["a"], "query")


async def test_an_answer_whose_connection_breaks_is_unavailable():
    async def breaking(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"content-type": "application/json"})
        await answer.prepare(request)
        await answer.write(b'{"data": [')
        assert request.transport is not None
        request.transport.abort()
        return answer

    async with served(breaking) as embedder:
        with pytest.raises(ProviderUnavailable, match="no answer from openai"):
            await embedder.embed(["a"], "query")


async def test_a_server_that_is_not_there_is_unavailable_and_no_key_is_told():
    async with opened("http://127.0.0.1:1/v1", "openai:m@384") as embedder:
        with pytest.raises(ProviderUnavailable, match="ConnectError") as raised:
            await embedder.embed(["a"], "query")
    assert KEY not in repr(raised.value)


async def test_a_page_instead_of_vectors_is_unavailable():
    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<h1>It works</h1>", content_type="text/html")

    async with served(page) as embedder:
        with pytest.raises(ProviderUnavailable, match="cannot read"):
            await embedder.embed(["a"], "query")


@asynccontextmanager
async def llama_server() -> AsyncIterator[str]:
    """The address of a llama.cpp server that embeds, in a process of its own."""
    weights = str(weights_file("smollm2-135m"))
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LLAMA, weights), stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )
    assert child.stdout is not None
    try:
        async with asyncio.timeout(60):
            while not (line := (await child.stdout.readline()).decode()).startswith("at "):
                assert line, "the server ended"
        yield f"{line.removeprefix('at ').strip()}/v1"
    finally:
        child.kill()
        await child.communicate()


@pytest.mark.model
async def test_a_llama_server_embeds_any_text_and_tells_like_from_unlike():
    texts = ["Paris is the capital of France.", "France's capital city is Paris.", "def f(x):"]
    async with llama_server() as address, opened(address, "openai:smollm2@576") as embedder:
        capital, same, other = await embedder.embed(texts, "passage")
        odd = await embedder.embed(["", "\x00", "\ud800", "🙂" * 50], "passage")
    assert capital @ same > capital @ other
    assert len(odd) == 4


@pytest.mark.model
async def test_a_llama_servers_dimensions_are_checked_against_the_setting():
    async with llama_server() as address, opened(address, "openai:smollm2@768") as embedder:
        with pytest.raises(ProviderRefused, match="openai:smollm2@576"):
            await embedder.embed(["a"], "query")
