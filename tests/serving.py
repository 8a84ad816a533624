"""What tests of the API need: a service on a real port over one database, and a client of it."""

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jsonschema

from eventlog.database import Database
from service.agent.tools import Tool, builtin_tools
from service.api.app import build_app
from service.api.live import Live
from service.api.openapi import document
from service.api.route import Route
from service.api.routes import ROUTES
from service.api.services import Services
from service.config import Settings
from service.keys import create_key
from service.projecting import projecting
from service.runtime import Runtime, open_runtime
from service.serve import listening
from service.supervisor import open_supervisor
from tests.command_line import script


@dataclass
class Api:
    """A service, and a client that sees to it that each answer is as the documentation says."""

    runtime: Runtime
    address: str
    client: httpx.AsyncClient
    live: Live

    async def __call__(
        self, method: str, path: str, body: Any = None, *, expect: int = 200, **more: Any
    ) -> Any:
        """The JSON that is answered, with the status that is expected."""
        answer = await self.send(method, path, body, **more)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def send(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        if body is not None:
            more["json"] = body
        answer = await self.client.request(method, path, **more)
        see_documented(method, answer)
        return answer

    async def key(self, *scopes: str, agents: Sequence[str] = ()) -> dict[str, str]:
        """The header of a new key."""
        _, text = await create_key(
            self.runtime.log.database, name="test", scopes=scopes, agents=agents
        )
        return {"Authorization": f"Bearer {text}"}

    async def rest(self, session: str) -> Any:
        """The session, once it has ended."""
        bell = self.runtime.log.bell
        while True:
            ring = bell.next_ring()
            shown = await self("GET", f"/v1/sessions/{session}")
            if shown["status"] != "running":
                return shown
            await bell.wait(ring)


def see_documented(method: str, answer: httpx.Response) -> None:
    """Fail unless *answer* has the shape that the documentation gives for it."""
    route = route_of(method, urlsplit(str(answer.url)).path)
    if route is None or not answer.content or answer.status_code == 304:
        return
    said = document(ROUTES)
    operation = said["paths"][route.path][route.method.lower()]
    told = operation["responses"].get(str(answer.status_code), operation["responses"]["default"])
    media = answer.headers["Content-Type"].partition(";")[0]
    assert media in told["content"], (answer.status_code, media)
    if "json" in media:
        schema = told["content"][media]["schema"]
        whole = {**schema, "components": said["components"]}
        jsonschema.validate(answer.json(), whole)


def route_of(method: str, path: str) -> Route | None:
    """The route that answers there."""
    for route in ROUTES:
        pattern = re.sub(r"{\w+}", "[^/]+", route.path)
        if route.method == method and re.fullmatch(pattern, path):
            return route
    return None


@asynccontextmanager
async def serving(
    database: Database, home: Path, tools: Iterable[Tool] | None = None
) -> AsyncIterator[Api]:
    """A process of its own over *database*, on a free port."""
    settings = Settings(
        database_url=database.address.options["dsn"], home=home, port=0, embedder="none"
    )
    chosen = builtin_tools(None, allow_http=False) if tools is None else tools
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(open_runtime(settings, chosen))
        runners = await stack.enter_async_context(projecting(runtime.log))
        supervisor = await stack.enter_async_context(
            open_supervisor(runtime, sessions_max=20, stop_timeout_s=5)
        )
        services = Services(runtime, supervisor, runners)
        app = build_app(services)
        address = await stack.enter_async_context(listening(app, settings))
        client = httpx.AsyncClient(base_url=address, trust_env=False, timeout=30)
        yield Api(runtime, address, await stack.enter_async_context(client), services.live)


def model(folder: Path, *turns: dict[str, Any]) -> str:
    """A model that says *turns*."""
    return script(folder, "model", turns)
