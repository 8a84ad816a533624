"""A browser's own EventSource, in headless Chromium, where there is one."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from tests.command_line import CALCULATION
from tests.serving import Api, model

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
WAIT_S = 45
PAGE = """<!doctype html><title>waiting</title><script>
const seen = [];
const source = new EventSource("URL");
source.onmessage = (event) => seen.push(["event", event.lastEventId, JSON.parse(event.data).type]);
source.addEventListener("delta", (event) => seen.push(["delta", JSON.parse(event.data).text]));
source.addEventListener("done", (event) => {
  source.close();
  seen.push(["done", JSON.parse(event.data).status]);
  fetch("/seen", {method: "POST", body: JSON.stringify(seen)});
});
</script>"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@pytest.fixture
def partitions() -> int:
    return 1


@asynccontextmanager
async def browsing(address: str, profile: Path) -> AsyncIterator[None]:
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--disable-dev-shm-usage", f"--user-data-dir={profile}", "--remote-debugging-port=0"),
        address,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


class Gateway:
    """Serves the page, and passes streams on from the service; the first one it cuts."""

    def __init__(self, api: Api, url: str) -> None:
        self.api, self.url = api, url
        self.asked: list[str | None] = []
        """The last ids that the browser came with."""
        self.seen: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def page(self, _request: web.Request) -> web.Response:
        return web.Response(text=PAGE.replace("URL", self.url), content_type="text/html")

    async def take(self, request: web.Request) -> web.Response:
        self.seen.set_result(await request.json())
        return web.Response()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        last_id = request.headers.get("Last-Event-ID")
        self.asked.append(last_id)
        headers = {} if last_id is None else {"Last-Event-ID": last_id}
        # No key: what lets the browser in is the ticket in the address.
        async with (
            httpx.AsyncClient(base_url=self.api.address, trust_env=False) as client,
            client.stream("GET", request.raw_path, headers=headers) as answer,
        ):
            response = web.StreamResponse(status=answer.status_code)
            response.content_type = "text/event-stream"
            await response.prepare(request)
            async for line in answer.aiter_lines():
                await response.write(f"{line}\n".encode())
                if len(self.asked) == 1 and line == "id: 3":
                    break  # In the midst of the third event.
        return response


@asynccontextmanager
async def gateway(api: Api, url: str) -> AsyncIterator[tuple[Gateway, str]]:
    gate = Gateway(api, url)
    app = web.Application()
    app.router.add_get("/", gate.page)
    app.router.add_post("/seen", gate.take)
    app.router.add_get("/v1/{rest:.*}", gate.stream)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield gate, f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def test_an_event_source_is_told_all_though_it_is_cut(api: Api, tmp_path: Path):
    key = await api.key("sessions:read", "sessions:write")
    said = {"agent": "ana", "prompt": "What is 17*23?", "tools": ["calculator"]}
    said["model"] = model(tmp_path, *CALCULATION)
    started = await api("POST", "/v1/sessions", said, headers=key, expect=201)
    path = f"/v1/sessions/{started['id']}/stream"
    ticket = await api("POST", f"{path}/ticket", headers=key, expect=201)
    async with (
        asyncio.timeout(WAIT_S),
        gateway(api, ticket["url"]) as (gate, address),
        browsing(address, tmp_path / "profile"),
    ):
        seen = await gate.seen

    kept = await api("GET", f"/v1/sessions/{started['id']}/events", headers=key)
    durable = [[id_, kind] for name, *rest in seen if name == "event" for id_, kind in [rest]]
    assert durable == [[str(event["version"]), event["type"]] for event in kept["data"]]
    assert seen[-1] == ["done", "completed"]
    assert gate.asked == [None, "2"]
