"""`/healthz`, `/readyz` and `/metrics`: whether the process lives, can work, and what it counts."""

import asyncio
from typing import Final

from aiohttp import web

from eventlog.progress import status
from eventlog.readiness import is_migrated
from schema.errors import AgentRuntimeError
from schema.messages.answers import HealthAnswer
from service.api.route import OPEN, Call, Reply, Route
from service.projections import PROJECTIONS
from service.runtime import Runtime

LAG_MAX: Final = 100_000
"""Events that a read model may be behind before we would rather be asked later."""

ANSWER_TIMEOUT_S: Final = 5.0
"""How long the database may take to say how it is, the wait for a connection included."""
METRICS_MEDIA: Final = "text/plain; version=0.0.4; charset=utf-8"


async def tell_alive(_call: Call) -> Reply:
    """The process runs; nothing else is looked at, so that no outage elsewhere restarts it."""
    return Reply(body={"status": "alive"})


async def tell_ready(call: Call) -> Reply:
    """Whether database, migrations and read models are in a state to serve; 503 if not."""
    problem = await problem_of(call.services.runtime)
    if problem is None:
        return Reply(body={"status": "ready"})
    return Reply(body={"status": "not_ready", "detail": problem}, status=503)


async def tell_metrics(call: Call) -> web.Response:
    """What this process counted, in Prometheus' text format."""
    return web.Response(
        body=call.services.runtime.metrics.exposition(), headers={"Content-Type": METRICS_MEDIA}
    )


async def problem_of(runtime: Runtime) -> str | None:
    """What keeps *runtime* from serving; None where nothing does."""
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


ROUTES: Final = (
    Route(
        method="GET",
        path="/healthz",
        handler=tell_alive,
        scope=OPEN,
        summary="Whether the process lives",
        group="health",
        answer=HealthAnswer,
    ),
    Route(
        method="GET",
        path="/readyz",
        handler=tell_ready,
        scope=OPEN,
        summary="Whether it can serve",
        group="health",
        answer=HealthAnswer,
    ),
    Route(
        method="GET",
        path="/metrics",
        handler=tell_metrics,
        scope=OPEN,
        summary="What it counted, for Prometheus",
        group="health",
        media="text/plain",
    ),
)
