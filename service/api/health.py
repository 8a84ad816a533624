"""`/healthz`, `/readyz` and `/metrics`: whether the process lives, can work, and what it counts."""

import asyncio
from typing import Final

from aiohttp import web

from eventlog.progress import status
from eventlog.readiness import is_migrated
from schema.errors import AgentRuntimeError
from service.projections import PROJECTIONS
from service.runtime import Runtime

RUNTIME: Final = web.AppKey("runtime", Runtime)

LAG_MAX: Final = 100_000
"""Events that a read model may be behind before we would rather be asked later."""

ANSWER_TIMEOUT_S: Final = 5.0
"""How long the database may take to say how it is, the wait for a connection included."""

routes = web.RouteTableDef()


@routes.get("/healthz")
async def tell_alive(_request: web.Request) -> web.Response:
    """The process runs; nothing else is looked at, so that no outage elsewhere restarts it."""
    return web.json_response({"status": "alive"})


@routes.get("/readyz")
async def tell_ready(request: web.Request) -> web.Response:
    """Whether database, migrations and read models are in a state to serve; 503 if not."""
    problem = await _problem(request.app[RUNTIME])
    if problem is None:
        return web.json_response({"status": "ready"})
    return web.json_response({"status": "not_ready", "detail": problem}, status=503)


@routes.get("/metrics")
async def tell_metrics(request: web.Request) -> web.Response:
    """What this process counted, in Prometheus' text format."""
    return web.Response(
        body=request.app[RUNTIME].metrics.exposition(),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
    )


async def _problem(runtime: Runtime) -> str | None:
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S), runtime.log.database.acquire() as conn:
            if not await is_migrated(conn):
                return "migrations are behind: run `agent-runtime migrate`"
            rows = await status(conn, list(PROJECTIONS))
    except TimeoutError:
        return f"the database did not answer within {ANSWER_TIMEOUT_S:g} s"
    except AgentRuntimeError as error:
        return str(error)
    late = [row for row in rows if row.lag > LAG_MAX]
    return f"{late[0].projection} is {late[0].lag} events behind the log" if late else None
