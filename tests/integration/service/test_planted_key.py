"""Secrets planted wherever there are any, and then looked for in all that anybody can read."""

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
import structlog
from aiohttp import web
from pydantic import SecretStr

from eventlog.database import Database
from service.agent.tools import builtin_tools
from service.api.app import build_app
from service.api.services import Services
from service.config import Settings
from service.keys import create_key
from service.logs import configure_logs
from service.projecting import projecting
from service.runtime import open_runtime
from service.serve import listening
from service.supervisor import open_supervisor
from service.tracing import open_tracing

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

PLANTED = "Zq7planted"
"""Part of every secret there is."""
OPENAI = f"key-{PLANTED}-openai"
ANTHROPIC = f"key-{PLANTED}-anthropic"
CALLER_S = f"{PLANTED}-caller-s"
TABLES = """
select format('%I.%I', table_schema, table_name) from information_schema.tables
where table_schema in ('eventlog', 'ops', 'readmodel', 'derived') and table_type = 'BASE TABLE'"""


@pytest.fixture
def partitions() -> int:
    return 1


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that any library logs meanwhile, down to the least of it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    configure_logs("debug", "json", out)
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@asynccontextmanager
async def talkative_provider() -> AsyncIterator[str]:
    """A provider that says in each of its errors, and headers, what it was sent; its address."""
    statuses = iter((401, 500, 400, 429, 403))

    async def answer(request: web.Request) -> web.StreamResponse:
        sent = dict(request.headers)
        status = next(statuses, 400)
        message = f"you sent {sent} to {request.url}"
        body = {"error": {"message": message, "type": "bad", "code": "bad"}}
        headers = {"x-request-id": sent.get("Authorization", "none"), "retry-after": "3000"}
        return web.json_response(body, status=status, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_no_secret_stands_in_logs_events_errors_metrics_or_spans(
    database: Database, logged: io.StringIO
):
    told, answers = InMemorySpanExporter(), list[str]()
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(talkative_provider())
        settings = Settings(
            database_url=SecretStr(with_password(database.address.options["dsn"])),
            port=0,
            embedder="none",
            openai_api_key=SecretStr(OPENAI),
            openai_base_url=f"http://{provider}/v1",
            anthropic_api_key=SecretStr(ANTHROPIC),
            anthropic_base_url=f"http://{provider}",
        )
        runtime = await stack.enter_async_context(
            open_runtime(settings, builtin_tools(None, allow_http=False))
        )
        tracing = await stack.enter_async_context(open_tracing("off", content=True, exporter=told))
        runtime = replace(runtime, tracing=tracing)
        runners = await stack.enter_async_context(projecting(runtime.log))
        supervisor = await stack.enter_async_context(
            open_supervisor(runtime, sessions_max=9, stop_timeout_s=5)
        )
        app = build_app(Services(runtime, supervisor, runners))
        address = await stack.enter_async_context(listening(app, settings))
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=address, trust_env=False, timeout=30)
        )
        _, key = await create_key(database, name="planted", scopes=["admin"], agents=())
        for model in ("openai:m", "anthropic:m", "openai:m", "nobody:m"):
            answers += await asked(client, key, model)
        answers += await asked(client, CALLER_S, "openai:m")
        while runtime.metrics.registry.get_sample_value("agent_runtime_active_sessions"):
            await runtime.log.bell.wait(runtime.log.bell.next_ring())
        answers.append((await client.get("/metrics")).text)
    rows = await everything_in(database)

    assert rows.count('"completion_failed"') >= 3
    assert "request.answered" in logged.getvalue()
    assert any(span.name.startswith("invoke_agent") for span in told.get_finished_spans())
    spans = "".join(span.to_json() for span in told.get_finished_spans())
    for where, text in {
        "logs": logged.getvalue(),
        "database": rows,
        "answers": "".join(answers),
        "spans": spans,
        "settings": f"{settings!r} {settings}",
    }.items():
        for secret in (PLANTED, key):
            assert secret not in text, f"{where}: …{around(text, secret)}…"


async def asked(client: httpx.AsyncClient, key: str, model: str) -> list[str]:
    """What is answered to somebody with that key, of all kinds of requests."""
    headers = {"Authorization": f"Bearer {key}", "X-Api-Key": CALLER_S, "Cookie": CALLER_S}
    said: dict[str, Any] = {"agent": "ana", "prompt": "Hi.", "model": model}
    answers = [
        await client.post("/v1/sessions", json=said, headers=headers),
        await client.get("/v1/sessions", params={"api_key": CALLER_S}, headers=headers),
        await client.post("/v1/sessions", content=b'{"agent": ', headers=headers),
        await client.get("/v1/nowhere", headers={"Authorization": CALLER_S}),
    ]
    return [f"{answer.text} {dict(answer.headers)}" for answer in answers]


def with_password(dsn: str) -> str:
    """*dsn* with a password, which a server that trusts us doesn't look at."""
    if "://" in dsn:
        joint = "&" if "?" in dsn else "?"
        return f"{dsn}{joint}password={PLANTED}-database"
    return f"{dsn} password={PLANTED}-database"


async def everything_in(database: Database) -> str:
    """Every row of every table, as text."""
    conn = await database.connect_as_owner()
    try:
        tables = [row[0] for row in await conn.fetch(TABLES)]
        rows = [
            json.dumps(row[0])
            for table in tables
            for row in await conn.fetch(f"select to_jsonb(t)::text from {table} t")
        ]
    finally:
        await conn.close()
    return "".join(rows).replace('\\"', '"')


def around(text: str, found: str) -> str:
    at = text.find(found)
    return text[max(0, at - 200) : at + 100]
