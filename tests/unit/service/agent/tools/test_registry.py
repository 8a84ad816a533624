import asyncio
import json
import threading
from typing import Any

import pytest

from schema.errors import Broken, Invalid, NotFound, Unavailable
from schema.events import Effect
from service.agent.tools import Observed, ToolContext, ToolError, ToolRegistry, tool


@tool(effect=Effect.PURE)
async def echo(text: str) -> str:
    """Say it again."""
    return text


@tool(effect=Effect.PURE)
def thread_name() -> str:
    """Name the thread."""
    return threading.current_thread().name


@tool(effect=Effect.AT_MOST_ONCE)
async def key(context: ToolContext) -> str:
    """Tell the key."""
    return str(context.idempotency_key)


@tool(effect=Effect.PURE, timeout_s=0.01)
async def forever() -> None:
    """Never return."""
    await asyncio.Event().wait()


def raising(error: Exception) -> ToolRegistry:
    @tool(effect=Effect.PURE)
    async def fail() -> None:
        """Fail."""
        raise error

    return ToolRegistry([fail])


def told(observed: Observed) -> Any:
    return json.loads(observed.observation)


async def test_a_call_becomes_an_observation(context: ToolContext):
    observed = await ToolRegistry([echo]).call("echo", {"text": "hi"}, context)
    assert observed.observation == '{"ok":true,"data":"hi"}'
    assert observed.latency_ms > 0


async def test_a_sync_tool_runs_off_the_event_loop(context: ToolContext):
    assert told(await ToolRegistry([thread_name]).call("thread_name", {}, context)) == {
        "ok": True,
        "data": "tool",
    }


async def test_a_tool_that_asks_for_its_context_gets_it(context: ToolContext):
    observed = await ToolRegistry([key]).call("key", {}, context)
    assert told(observed)["data"] == str(context.idempotency_key)


async def test_an_unknown_tool_is_told_with_the_nearest_name(context: ToolContext):
    observed = await ToolRegistry([echo, key]).call("Ecko", {}, context)
    assert observed.kind == "not_found"
    assert 'no tool "Ecko"; did you mean echo?' in told(observed)["error"]


async def test_arguments_that_do_not_fit_are_told(context: ToolContext):
    observed = await ToolRegistry([echo]).call("echo", {"txt": "hi"}, context)
    assert observed.kind == "permanent"
    assert "txt: Extra inputs" in told(observed)["error"]


async def test_plain_text_reaches_the_one_string(context: ToolContext):
    assert told(await ToolRegistry([echo]).call("echo", "hi", context))["data"] == "hi"


async def test_a_tool_that_takes_too_long_failed_for_now(context: ToolContext):
    observed = await ToolRegistry([forever]).call("forever", {}, context)
    assert (observed.kind, "within 0.01 s" in observed.observation) == ("transient", True)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ToolError("blocked", "not there"), "blocked"),
        (ToolError("not_found", "not there"), "not_found"),
        (ConnectionResetError("not there"), "transient"),
        (TimeoutError("not there"), "transient"),
        (Unavailable("not there"), "transient"),
        (KeyError("not there"), "permanent"),
        (NotFound("not there"), "permanent"),
        (StopAsyncIteration("not there"), "permanent"),
    ],
)
async def test_what_a_tool_raises_has_a_kind(context: ToolContext, error: Exception, kind: str):
    observed = await raising(error).call("fail", {}, context)
    assert observed.kind == kind
    assert "not there" in told(observed)["error"]
    assert "Traceback" not in observed.observation


async def test_a_fault_of_ours_is_raised(context: ToolContext):
    with pytest.raises(Broken):
        await raising(Broken("ours")).call("fail", {}, context)


async def test_cancelling_a_call_cancels_it(context: ToolContext):
    patient = ToolRegistry([tool(effect=Effect.PURE)(forever.function)])
    call = asyncio.ensure_future(patient.call("forever", {}, context))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_a_long_result_is_cut_and_kept_whole(context: ToolContext):
    registry = ToolRegistry([echo])
    observed = await registry.call("echo", "x" * 500, context, observation_bytes_max=200)
    assert len(observed.observation) <= 200
    assert observed.size_bytes == len('{"ok":true,"data":""}') + 500
    assert told(observed)["cut"] is True


def test_two_tools_of_one_name_are_refused():
    with pytest.raises(Invalid, match="two tools are named 'echo'"):
        ToolRegistry([echo, echo])


def test_specs_come_in_the_callers_order_and_an_unknown_name_is_refused():
    registry = ToolRegistry([echo, key])
    assert registry.specs(["key", "echo"]) == (key.spec, echo.spec)
    with pytest.raises(NotFound, match="did you mean echo"):
        registry.specs(["ecco"])


async def test_a_session_reaches_only_the_tools_it_was_given(context: ToolContext):
    registry = ToolRegistry([echo, key])
    only = registry.only(["echo", "echo"])
    assert "key" not in only
    assert only.threads is registry.threads
    assert (await only.call("key", {}, context)).kind == "not_found"
    with pytest.raises(NotFound):
        registry.only(["nothing"])
