"""Spans: off unless wanted, and then without any word of what is said."""

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from schema.errors import Refused
from service import spans
from service.tracing import OFF, Tracing, open_tracing, told_by

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def told() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@asynccontextmanager
async def tracing(told: Any, *, content: bool = False) -> AsyncIterator[Tracing]:
    async with open_tracing(None, content=content, exporter=told) as opened:
        yield opened


@pytest.mark.parametrize(
    ("environment", "destination"),
    [
        ({}, "off"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://h"}, "off"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "TRUE"}, "off"),
    ],
)
def test_they_go_where_the_variables_of_opentelemetry_say(
    environment: dict[str, str], destination: str
):
    assert told_by(environment) == destination


async def test_without_a_word_nobody_is_told(monkeypatch: pytest.MonkeyPatch):
    for name in ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    async with open_tracing(None, content=False) as opened:
        assert opened is OFF
        with opened.span("chat model", {}) as span:
            span.set({"gen_ai.usage.input_tokens": 1})
            span.failed("timeout")
            assert span.traceparent is None


def test_they_cost_nothing_while_they_are_off():
    program = (
        "import json, sys, service.runtime, service.api.app;"
        "print(json.dumps([name for name in sys.modules if name.startswith('opentelemetry')]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    )
    assert json.loads(done.stdout) == []


async def test_a_span_stands_within_the_one_that_runs_and_within_the_caller_s_trace(
    told: InMemorySpanExporter,
):
    async with tracing(told) as opened:
        with (
            opened.span("POST /v1/sessions", {}, kind="server", parent=PARENT) as outer,
            opened.span("chat m", {"a": 1, "left_out": None}, kind="client"),
        ):
            assert outer.traceparent is not None

    inner, whole = told.get_finished_spans()
    assert (inner.kind, whole.kind) == (SpanKind.CLIENT, SpanKind.SERVER)
    assert whole.parent is not None
    assert f"{whole.parent.span_id:016x}" == PARENT.split("-")[2]
    assert inner.parent is not None
    assert inner.parent.span_id == whole.context.span_id
    assert (
        f"{inner.context.trace_id:032x}" == PARENT.split("-")[1] == outer.traceparent.split("-")[1]
    )
    assert dict(inner.attributes or {}) == {"a": 1}


async def test_of_an_error_its_class_is_told_and_not_its_words(told: InMemorySpanExporter):
    async with tracing(told) as opened:
        with pytest.raises(ValueError, match="hunter2"), opened.span("chat m", {}):
            raise ValueError("hunter2")

    (span,) = told.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert dict(span.attributes or {}) == {"error.type": "ValueError"}
    assert span.events == ()


async def test_without_its_packages_who_asked_us_is_refused_and_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(sys.modules, "service.spans", None)
    monkeypatch.delattr("service.spans", raising=False)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")

    async with open_tracing(None, content=False) as opened:
        assert opened is OFF
    with pytest.raises(Refused, match="otel"):
        async with open_tracing("otlp", content=False):
            pass


async def test_a_collector_gets_them(monkeypatch: pytest.MonkeyPatch):
    got: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        got.append(await request.read())
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address_of_collector(monkeypatch, runner.addresses[0][1])
    try:
        async with open_tracing(None, content=False) as opened:
            with opened.span("chat m", {}):
                pass
    finally:
        await runner.cleanup()
    assert b"chat m" in b"".join(got)


async def test_a_collector_that_does_not_answer_holds_nobody_up_that_stops(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(spans, "CLOSE_TIMEOUT_S", 0.2)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address_of_collector(monkeypatch, silent.getsockname()[1])
        async with asyncio.timeout(20), open_tracing(None, content=False) as opened:
            with opened.span("chat m", {}):
                pass
            began_s = time.monotonic()
        assert time.monotonic() < began_s + 0.9


def address_of_collector(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
