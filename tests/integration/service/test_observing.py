"""A session seen from outside: what is counted and traced of it is what happened, and no word."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eventlog.database import Database
from schema.events import Effect
from schema.messages.sessions import SessionLimits, StartSession
from service.agent.session import Status
from service.agent.tools import ToolError, tool
from service.config import Settings
from service.effects import Unwatched
from service.origin import Origin, coming_from
from service.runtime import Runtime, open_runtime
from service.sessions import read_session
from service.tracing import open_tracing
from tests.command_line import script

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SAID = "whispered"


@pytest.fixture
def partitions() -> int:
    return 1


@tool(effect=Effect.PURE)
async def look(place: str) -> str:
    """Look somewhere."""
    if place == "nowhere":
        raise ToolError("not_found", f"there is no {place}, {SAID}")
    return SAID


def calling(**arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "text": SAID,
        "tool_calls": [{"name": name, "arguments": said} for name, said in arguments.items()],
        "usage": {"input_tokens": 10, "output_tokens": 2},
    }


TURNS = [
    calling(look={"place": "here"}, note={"key": "k", "value": SAID}),
    calling(look={"place": "nowhere"}, made_up={}),
    {"text": SAID, "usage": {"input_tokens": 20, "output_tokens": 1}},
]


@asynccontextmanager
async def seen(
    database: Database, told: InMemorySpanExporter, *, content: bool = False
) -> AsyncIterator[Runtime]:
    settings = Settings(database_url=database.address.options["dsn"], embedder="none")
    async with (
        open_tracing("off", content=content, exporter=told) as tracing,
        open_runtime(settings, (look,)) as runtime,
    ):
        yield replace(runtime, tracing=tracing)


async def ran(runtime: Runtime, folder: Path, *turns: dict[str, Any]) -> Status:
    command = StartSession(
        agent="ana",
        prompt=f"Find it, {SAID}.",
        model=script(folder, "model", turns),
        tools=("look", "note"),
        protocol="native",
        limits=SessionLimits(max_iterations=5),
    )
    with coming_from(Origin("r-1", PARENT)):
        lease = await runtime.start_session(command, actor="test")
    first, *_ = await read_session(runtime.log, lease.session_id)
    assert (first.metadata.correlation_id, first.metadata.traceparent) == ("r-1", PARENT)
    return (await runtime.run_session(lease, Unwatched())).status


async def test_a_run_is_spans_by_the_conventions_in_the_caller_s_trace(
    database: Database, tmp_path: Path
):
    told = InMemorySpanExporter()
    async with seen(database, told) as runtime:
        assert await ran(runtime, tmp_path, *TURNS) is Status.COMPLETED

    spans = told.get_finished_spans()
    run = spans[-1]
    assert sorted(span.name for span in spans if span.name.startswith("execute")) == [
        *("execute_tool look", "execute_tool look", "execute_tool note", "execute_tool unknown"),
    ]
    assert run.name == "invoke_agent ana"
    assert {f"{span.context.trace_id:032x}" for span in spans} == {PARENT.split("-")[1]}
    inside = [span for span in spans if span is not run]
    assert {span.parent.span_id for span in inside if span.parent} == {run.context.span_id}
    assert of(run) >= {
        ("gen_ai.operation.name", "invoke_agent"),
        ("gen_ai.provider.name", "scripted"),
        ("gen_ai.usage.input_tokens", 40),
        ("agent_runtime.session.status", "completed"),
    }
    chat = next(span for span in spans if span.name.startswith("chat "))
    assert of(chat) >= {
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.usage.input_tokens", 10),
        ("gen_ai.response.finish_reasons", ("tool_call",)),
    }
    assert [dict(of(span)).get("error.type") for span in spans].count("not_found") == 2
    assert SAID not in "".join(span.to_json() for span in spans)


async def test_who_asks_for_content_gets_it(database: Database, tmp_path: Path):
    told = InMemorySpanExporter()
    async with seen(database, told, content=True) as runtime:
        await ran(runtime, tmp_path, *TURNS)

    spans = told.get_finished_spans()
    chat = next(dict(of(span)) for span in spans if span.name.startswith("chat "))
    (answer,) = json.loads(str(chat["gen_ai.output.messages"]))
    assert answer["parts"][0] == {"type": "text", "content": SAID}
    assert SAID in str(chat["gen_ai.input.messages"])
    looked = next(dict(of(span)) for span in spans if span.name == "execute_tool look")
    assert json.loads(str(looked["gen_ai.tool.call.arguments"])) == {"place": "here"}
    assert SAID in str(looked["gen_ai.tool.call.result"])


async def test_what_is_counted_is_what_happened(database: Database, tmp_path: Path):
    refused = {"error": {"status": 400}}
    async with seen(database, InMemorySpanExporter()) as runtime:
        await ran(runtime, tmp_path, *TURNS)
        (tmp_path / "failing").mkdir()
        assert await ran(runtime, tmp_path / "failing", refused) is Status.FAILED
        value = runtime.metrics.registry.get_sample_value

    def counted(name: str, **labels: str) -> float | None:
        return value(f"agent_runtime_{name}", labels)

    assert counted("sessions_total") == 2
    assert counted("active_sessions") == 0
    assert counted("steps_total") == 3
    assert counted("tool_calls_total") == 4
    assert counted("failed_tool_calls_total") == 2
    assert counted("rested_sessions_total", status="completed") == 1
    assert counted("rested_sessions_total", status="failed") == 1
    assert counted("step_seconds_count") == 4
    assert counted("failed_completions_total", provider="scripted", code="provider_refused") == 1
    assert (counted("append_seconds_count") or 0) >= 6
    assert counted("tool_call_seconds_count", tool="unknown") == 1


def of(span: ReadableSpan) -> set[tuple[str, Any]]:
    return set((span.attributes or {}).items())
