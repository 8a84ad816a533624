"""What the benches over HTTP stand on: a service on a free port, and a process that asks it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from eventlog.database import Database
from service.agent.tools import builtin_tools
from service.api.app import build_app
from service.api.services import Services
from service.config import Settings
from service.projecting import projecting
from service.runtime import Runtime, open_runtime
from service.serve import listening
from service.supervisor import open_supervisor

SESSIONS_MAX: Final = 10
ANSWER_BYTES_MAX: Final = 256 << 20


@dataclass(frozen=True)
class Served:
    """A service that answers."""

    runtime: Runtime
    port: int


@asynccontextmanager
async def served(database: Database) -> AsyncIterator[Served]:
    """The service over *database*, in this process."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory()))
        settings = _settings(database, home)
        runtime = await stack.enter_async_context(
            open_runtime(settings, builtin_tools(None, allow_http=False))
        )
        runners = await stack.enter_async_context(projecting(runtime.log))
        supervisor = await stack.enter_async_context(
            open_supervisor(runtime, sessions_max=SESSIONS_MAX, stop_timeout_s=5)
        )
        app = build_app(Services(runtime, supervisor, runners))
        yield Served(runtime, _port(await stack.enter_async_context(listening(app, settings))))


@asynccontextmanager
async def bare(database: Database, handler: Any) -> AsyncIterator[int]:
    """The port at which nothing but *handler* answers, at every path."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    with TemporaryDirectory() as home:
        async with listening(app, _settings(database, Path(home))) as address:
            yield _port(address)


def _settings(database: Database, home: Path) -> Settings:
    return Settings(
        database_url=database.address.options["dsn"], home=home, port=0, embedder="none"
    )


def _port(address: str) -> int:
    port = urlsplit(address).port
    assert port is not None  # noqa: S101 - we listen on one.
    return port


class Load:
    """The process that asks; made by `load`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> Any:
        """What it says next."""
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe.
        return json.loads(await self._process.stdout.readline())


@asynccontextmanager
async def load(**said: Any) -> AsyncIterator[Load]:
    """A process that does what *said* says; it is ready when the block begins."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "service.bench.http.load"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=ANSWER_BYTES_MAX,
    )
    try:
        assert process.stdin is not None  # noqa: S101 - it is a pipe.
        process.stdin.write(json.dumps(said).encode() + b"\n")
        await process.stdin.drain()
        loading = Load(process)
        assert await loading.line() == "ready"  # noqa: S101 - else it has ended, and said why.
        yield loading
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
