"""The service: read models kept level, HTTP answered, until told to stop."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import web

from schema.errors import Refused
from service.agent.tools import builtin_tools
from service.api import health
from service.config import Settings
from service.projecting import projecting
from service.runtime import Runtime, open_runtime

STOP_TIMEOUT_S: Final = 10.0
"""How long requests that are under way may take to end when we are told to stop."""

log = structlog.get_logger()


async def serve(settings: Settings, on_listening: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; *on_listening* is told the address once it answers.

    Any address may be bound: only health and metrics are answered, which ask for no key.
    """
    stop = _stop_requested()
    async with (
        open_runtime(settings, builtin_tools(None, allow_http=False)) as runtime,
        projecting(runtime.log),
        listening(build_app(runtime), settings) as address,
    ):
        log.info("service.listening", address=address)
        on_listening(address)
        await runtime.memory.keep_up()
        await stop.wait()
    log.info("service.stopped")


def build_app(runtime: Runtime) -> web.Application:
    """Every route that there is."""
    app = web.Application()
    app[health.RUNTIME] = runtime
    app.add_routes(health.routes)
    return app


@asynccontextmanager
async def listening(app: web.Application, settings: Settings) -> AsyncIterator[str]:
    """The address where *app* answers while the block runs."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_TIMEOUT_S)
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
