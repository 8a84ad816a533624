import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from service.agent.tools import Observed, Tool, ToolContext, ToolRegistry
from service.agent.tools.addresses import Address, is_public
from service.agent.tools.checked_network import CheckedNetwork
from service.agent.tools.http_get import TEXT_BYTES_MAX, http_get_tool
from service.agent.tools.web_body import BODY_BYTES_MAX

HERE = IPv4Address("127.0.0.1")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def resolve(host: str) -> list[str]:
    return {
        "here.test": ["127.0.0.1"],
        "private.test": ["10.0.0.1"],
        "mixed.test": ["127.0.0.1", "169.254.169.254"],
    }[host]


def permitted(address: Address) -> bool:
    """The loopback interface counts as the internet, in these tests only."""
    return address == HERE or is_public(address)


async def got(tool: Tool, url: str, *, timeout_s: float = 10.0) -> Observed:
    context = ToolContext(
        idempotency_key=UUID(int=1),
        session_id=UUID(int=2),
        agent_id="a-1",
        call_id="1.0",
        timeout_s=timeout_s,
    )
    return await ToolRegistry([tool]).call("http_get", {"url": url}, context)


@dataclass
class Site:
    """A real server, and the tool that may reach it under the name here.test."""

    port: int
    requests: list[web.Request]

    async def get(self, path: str, **options: Any) -> Observed:
        return await self.get_url(f"http://here.test:{self.port}{path}", **options)

    async def get_url(
        self, url: str, *, timeout_s: float = 10.0, hosts: frozenset[str] | None = None
    ) -> Observed:
        network = CheckedNetwork(resolve=resolve, permitted=permitted)
        return await got(http_get_tool(network, hosts=hosts), url, timeout_s=timeout_s)


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[Site]:
    requests: list[web.Request] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        requests.append(request)
        return await handler(request)

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield Site(runner.addresses[0][1], requests)
    finally:
        await runner.cleanup()


def answering(**response: Any) -> AbstractAsyncContextManager[Site]:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(**response)

    return serving(handler)


def redirecting(where: str) -> AbstractAsyncContextManager[Site]:
    """Redirects /from to *where*, in which PORT stands for the server's own."""

    async def handler(request: web.Request) -> web.Response:
        if request.path == "/from":
            port = str(request.url.port)
            return web.Response(status=302, headers={"Location": where.replace("PORT", port)})
        return web.Response(text=f"arrived at {request.path}")

    return serving(handler)


def told(observed: Observed) -> Any:
    return json.loads(observed.observation)


async def test_a_page_is_read_as_text_under_its_name():
    async with answering(text="<h1>Tea</h1><p>hot", content_type="text/html") as site:
        data = told(await site.get("/tea?hot=1#part"))["data"]
    assert data == {"url": f"http://here.test:{site.port}/tea?hot=1#part", "text": "Tea\nhot"}
    (request,) = site.requests
    assert request.headers["Host"] == f"here.test:{site.port}"
    assert str(request.rel_url) == "/tea?hot=1"
    assert "Cookie" not in request.headers


async def test_a_proxy_in_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with answering(text="direct") as site:
        assert told(await site.get("/"))["data"]["text"] == "direct"


@pytest.mark.parametrize("where", ["/to", "http://here.test:PORT/to", "//here.test:PORT/to"])
async def test_redirects_are_followed(where: str):
    async with redirecting(where) as site:
        data = told(await site.get("/from"))["data"]
    assert data == {"url": f"http://here.test:{site.port}/to", "text": "arrived at /to"}


async def test_endless_redirects_end():
    async with redirecting("/from") as site:
        observed = await site.get("/from")
    assert (observed.kind, len(site.requests)) == ("permanent", 6)


@pytest.mark.parametrize(
    "where",
    [
        "http://private.test:PORT/to",
        "http://mixed.test:PORT/to",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]:PORT/to",
        "http://[::ffff:10.0.0.1]/",
        "http://user:password@here.test:PORT/to",
        "file:///etc/passwd",
        "gopher://here.test:PORT/",
    ],
)
async def test_redirects_to_where_nobody_may_go_are_blocked(where: str):
    async with redirecting(where) as site:
        observed = await site.get("/from")
    assert (observed.kind, len(site.requests)) == ("blocked", 1)


async def test_a_name_that_answers_otherwise_at_the_redirect_is_blocked():
    answers = [["127.0.0.1"], ["127.0.0.2"]]

    async def rebinding(host: str) -> list[str]:
        return answers.pop(0)

    async with redirecting("/to") as site:
        network = CheckedNetwork(resolve=rebinding, permitted=permitted)
        url = f"http://here.test:{site.port}/from"
        observed = await got(http_get_tool(network), url)
    assert (observed.kind, len(site.requests)) == ("blocked", 1)


async def test_a_server_on_this_machine_is_out_of_reach_by_default():
    async with answering(text="secret") as site:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0", "2130706433"):
            observed = await got(http_get_tool(), f"http://{host}:{site.port}/")
            assert observed.kind == "blocked"
    assert site.requests == []


async def test_only_allowed_hosts_are_reached_where_there_is_a_list():
    async with answering(text="hello") as site:
        assert (await site.get("/", hosts=frozenset({"here.test"}))).ok
        assert (await site.get("/", hosts=frozenset({"there.test"}))).kind == "blocked"
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    "url", ["ftp://here.test/", "here.test", "http://", "http://[", "x" * 3000]
)
async def test_what_is_no_address_of_the_web_is_refused(url: str):
    async with answering(text="hello") as site:
        assert (await site.get_url(url)).kind in ("blocked", "permanent")
    assert site.requests == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, "not_found"), (410, "not_found"), (400, "permanent"), (403, "permanent"),
     (429, "transient"), (500, "transient"), (503, "transient")],
)  # fmt: skip
async def test_a_refusal_of_the_server_has_a_kind_and_its_words(status: int, kind: str):
    async with answering(status=status, text="because") as site:
        observed = await site.get("/")
    assert observed.kind == kind
    assert f"status {status}: because" in told(observed)["error"]


async def test_what_is_not_text_is_not_read():
    async with answering(body=b"\x89PNG", content_type="image/png") as site:
        observed = await site.get("/")
    assert observed.kind == "permanent"
    assert "is image/png, not text" in told(observed)["error"]


async def test_packed_text_is_unpacked():
    packed = gzip.compress("tea é".encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain"}
    async with answering(body=packed, headers=headers) as site:
        assert told(await site.get("/"))["data"]["text"] == "tea é"
    async with answering(body=b"damaged", headers=headers) as site:
        assert (await site.get("/")).kind == "transient"
    async with answering(body=packed, headers={**headers, "Content-Encoding": "br"}) as site:
        assert (await site.get("/")).kind == "permanent"


async def test_a_long_text_is_cut_and_says_so():
    async with answering(text="é" * TEXT_BYTES_MAX) as site:
        data = told(await site.get("/"))["data"]
    assert data["cut"] is True
    assert len(data["text"].encode()) == TEXT_BYTES_MAX


async def test_a_body_without_end_is_cut_at_the_limit():
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    async with serving(handler) as site:
        assert told(await site.get("/"))["data"]["cut"] is True


async def test_a_packed_bomb_is_cut_in_little_memory():
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    bomb = b"".join(packer.compress(b"x" * (1 << 20)) for _ in range(100)) + packer.flush()
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain"}
    async with answering(body=bomb, headers=headers) as site:
        tracemalloc.start()
        data = told(await site.get("/"))["data"]
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert data["cut"] is True
    assert peak_bytes < 16 * BODY_BYTES_MAX


async def test_a_server_that_trickles_is_given_up():
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.01)

    async with serving(handler) as site:
        observed = await site.get("/", timeout_s=0.2)
    assert observed.kind == "transient"
    assert "did not return within 0.2 s" in told(observed)["error"]


async def test_a_server_that_hangs_up_failed_for_now():
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        observed = await Site(port, []).get("/")
    assert observed.kind == "transient"


async def test_a_port_that_nobody_listens_on_cannot_be_reached():
    async with answering(text="gone") as site:
        pass
    observed = await site.get("/")
    assert (observed.kind, "can't be reached" in observed.observation) == ("transient", True)


@pytest.mark.parametrize(("status", "kind"), [(503, "transient"), (404, "not_found")])
async def test_a_refusal_that_is_no_text_has_the_kind_of_its_status(status: int, kind: str):
    headers = {"Content-Type": "application/octet-stream"}
    async with answering(status=status, body=b"\x00\x01", headers=headers) as site:
        observed = await site.get("/")
    assert observed.kind == kind
    assert f"status {status}: application/octet-stream" in told(observed)["error"]
