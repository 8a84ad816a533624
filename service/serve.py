"""The service: read models kept level, HTTP answered, until told to stop."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import web

from eventlog.database import Database
from schema.errors import Refused
from service.agent.tools import builtin_tools
from service.api.app import build_app
from service.api.door import is_loopback
from service.api.services import Services
from service.config import Settings
from service.keys import count_keys
from service.projecting import projecting
from service.runtime import open_runtime
from service.supervisor import open_supervisor

LINE_BYTES_MAX: Final = 1 << 17
"""Of a request's first line: what is too long for us is then refused as a problem, not as text."""
STOP_TIMEOUT_S: Final = 10.0
"""How long requests that are under way, and then sessions in the midst of a move, may take to end
when we are told to stop."""

log = structlog.get_logger()


async def serve(settings: Settings, on_listening: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; *on_listening* is told the address once it answers.

    `Refused` where others than this machine could ask, and there is no key to know them by.
    """
    stop = _stop_requested()
    async with (
        open_runtime(settings, builtin_tools(None, allow_http=False)) as runtime,
        projecting(runtime.log) as runners,
        open_supervisor(
            runtime,
            sessions_max=settings.sessions_max_at_once,
            stop_timeout_s=STOP_TIMEOUT_S,
            soft_limit=settings.sessions_soft_limit,
        ) as supervisor,
    ):
        await see_guarded(runtime.log.database, settings.host)
        services = Services(runtime, supervisor, runners)
        async with listening(build_app(services), settings) as address:
            log.info("service.listening", address=address)
            on_listening(address)
            await runtime.memory.keep_up()
            await runtime.graphs.keep_up()
            await stop.wait()
    log.info("service.stopped")


async def see_guarded(database: Database, host: str) -> None:
    """Return if only this machine can ask at *host*, or if there is a key that is good."""
    if not is_loopback(host) and not (await count_keys(database)).good:
        raise Refused(
            f"on {host} others than this machine could ask, and there is no key to know them by: "
            "run `agent-runtime keys create NAME --scope admin`, or listen on 127.0.0.1"
        )


@asynccontextmanager
async def listening(app: web.Application, settings: Settings) -> AsyncIterator[str]:
    """The address where *app* answers while the block runs."""
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=STOP_TIMEOUT_S, max_line_size=LINE_BYTES_MAX
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        try:
            await site.start()
        except OSError as error:
            raise Refused(
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; "
                "set AGENT_RUNTIME_HOST and AGENT_RUNTIME_PORT"
            ) from error
        host, port = runner.addresses[0][:2]
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
    finally:
        await runner.cleanup()


def _stop_requested() -> asyncio.Event:
    """Set when somebody wants us to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
