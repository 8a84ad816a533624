"""Chat Completions: what is posted, and what is made of the answer."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from schema.completions import CallResult, Completion, CompletionRequest, Segment
from schema.errors import ProviderRefused, ProviderUnavailable
from schema.events import Effect, RequestedCall, Sampling, ToolSpec, Usage
from service.providers.openai import body_of
from service.providers.openai_messages import messages_of
from tests.model_wires import client_of, event, provider_of, stream

DONE = event("[DONE]")
NOW = ToolSpec(name="now", description="Tells the time.", parameters={}, effect=Effect.PURE)
HI = CompletionRequest(model="m", segments=[Segment(role="user", text="hi")])


def chunk(finish: str | None = None, **delta: Any) -> bytes:
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def piece(index: int | None, call_id: str | None = None, **function: Any) -> dict[str, Any]:
    return {"index": index, "id": call_id, "function": function}


async def answered(*events: bytes, headers: dict[str, str] | None = None) -> Completion:
    provider = provider_of("openai", client_of(lambda _: stream(*events, headers=headers)))
    return await provider.complete(HI, lambda _: None)


def test_system_texts_are_one_message_and_results_are_messages_of_their_own():
    call = RequestedCall(id="c", name="now", arguments="{}")
    result = CallResult(id="c", name="now", observation="noon", ok=True)
    assert messages_of(
        [
            Segment(role="system", text="be kind"),
            Segment(role="system", text="be brief"),
            Segment(role="user", text="hi"),
            Segment(role="assistant", calls=(call,), blocks=({"type": "thinking"},)),
            Segment(role="user", results=(result,), text="well?"),
        ]
    ) == [
        {"role": "system", "content": "be kind\n\nbe brief"},
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "now", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "c", "content": "noon"},
        {"role": "user", "content": "well?"},
    ]


def test_what_was_not_asked_for_is_not_posted():
    assert body_of(HI).keys().isdisjoint({"tools", "stop"})
    sampling = Sampling(stop=("x",), temperature=0.5, max_output_tokens=9)
    body = body_of(
        CompletionRequest(model="m", segments=HI.segments, tools=(NOW,), sampling=sampling)
    )
    assert (body["stop"], body["temperature"], body["max_tokens"]) == (["x"], 0.5, 9)
    assert body["tools"][0]["function"]["name"] == "now"


async def test_calls_grow_side_by_side():
    completion = await answered(
        chunk(content="Let me"),
        chunk(tool_calls=[piece(0, "a", name="now", arguments="")]),
        chunk(tool_calls=[piece(1, "b", name="calculator", arguments='{"x"')]),
        chunk(tool_calls=[piece(0, arguments='{"zone":'), piece(1, arguments=": 1}")]),
        chunk(tool_calls=[piece(0, arguments=' "UTC"}')]),
        chunk("tool_calls"),
        DONE,
    )
    assert completion.calls == (
        RequestedCall(id="a", name="now", arguments='{"zone": "UTC"}'),
        RequestedCall(id="b", name="calculator", arguments='{"x": 1}'),
    )
    assert (completion.stop_reason, completion.text) == ("tool_calls", "Let me")


async def test_calls_without_index_id_or_text_for_arguments_are_understood():
    completion = await answered(
        chunk(tool_calls=[piece(None, "a", name="one", arguments={"x": 1})]),
        chunk(tool_calls=[piece(None, "b", name="two", arguments="{")]),
        chunk(tool_calls=[piece(None, arguments="}")]),
        chunk(tool_calls=[piece(7, name="three")]),
        chunk("stop"),
    )
    assert completion.calls == (
        RequestedCall(id="a", name="one", arguments='{"x":1}'),
        RequestedCall(id="b", name="two", arguments="{}"),
        RequestedCall(id="call_1_7", name="three", arguments="{}"),
    )
    assert completion.stop_reason == "tool_calls"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        *(("stop", "end"), ("length", "length"), ("content_filter", "refusal")),
        *(("function_call", "tool_calls"), ("something_new", "end")),
    ],
)
async def test_each_reason_to_stop_has_our_word(theirs: str, ours: str):
    assert (await answered(chunk(content="x"), chunk(theirs), DONE)).stop_reason == ours


async def test_a_server_that_names_the_stop_sequence_is_believed():
    choice = {"delta": {}, "finish_reason": "stop", "stop_reason": "Observation:"}
    completion = await answered(event({"choices": [choice]}), DONE)
    assert completion.stop_reason == "stop_sequence"


async def test_a_refusal_is_an_answer():
    completion = await answered(chunk(refusal="I can't"), chunk("stop"), DONE)
    assert (completion.text, completion.stop_reason) == ("I can't", "refusal")


async def test_tokens_include_the_cached_and_the_reasoned():
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": 64},
        "completion_tokens_details": {"reasoning_tokens": 20},
    }
    completion = await answered(
        chunk(content="x"), chunk("stop"), event({"choices": [], "usage": usage}), DONE
    )
    assert completion.usage == Usage(input_tokens=100, output_tokens=30, cached_tokens=64)


@pytest.mark.parametrize(
    "ending", [[chunk("stop")], [DONE], [chunk("stop"), event({"usage": None}), DONE]]
)
async def test_a_server_may_leave_out_usage_and_either_ending(ending: list[bytes]):
    completion = await answered(chunk(content="whole"), *ending)
    assert (completion.text, completion.usage) == ("whole", Usage())


async def test_the_header_is_the_request_id_that_support_asks_for():
    completion = await answered(chunk("stop"), DONE, headers={"x-request-id": "req_1"})
    assert completion.request_id == "req_1"


async def test_a_character_cut_into_escaped_halves_becomes_whole():
    halves = [event('{"choices": [{"delta": {"content": "\\ud83c"}}]}')]
    halves.append(event('{"choices": [{"delta": {"content": "\\udf88"}}]}'))
    assert (await answered(*halves, DONE)).text == "🎈"


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        ({"message": "busy", "type": "server_error"}, ProviderUnavailable, 500),
        ({"message": "slow", "code": "rate_limit_exceeded"}, ProviderUnavailable, 429),
        ({"message": "no", "code": 400, "type": "x"}, ProviderRefused, 400),
        ({"message": "poor", "code": "insufficient_quota"}, ProviderRefused, 500),
        ("broken", ProviderUnavailable, 500),
    ],
)
async def test_an_error_inside_the_stream_is_an_error(error: Any, kind: Any, status: int):
    with pytest.raises(kind) as raised:
        await answered(chunk(content="so f"), event({"error": error}))
    assert raised.value.status == status


@pytest.mark.parametrize("data", ["{", "[]", '"x"', '{"choices": 1}'])
async def test_an_event_that_is_no_chunk_is_unavailable(data: str):
    with pytest.raises(ProviderUnavailable, match="cannot read"):
        await answered(event(data), DONE)


async def test_a_stream_that_is_cut_is_unavailable():
    with pytest.raises(ProviderUnavailable, match="cut its answer short"):
        await answered(chunk(content="so f"))


class Picky:
    """A reasoning model: refuses what such models refuse, and remembers what it was asked."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.bodies.append(body)
        for name in ("max_tokens", "temperature", "stop"):
            if name in body:
                hint = " Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
                said = f"Unsupported parameter: '{name}' is not supported.{hint}"
                return httpx.Response(400, json={"error": {"message": said, "param": name}})
        return stream(chunk("stop", content="ok"), DONE)


async def test_a_model_that_objects_is_asked_as_it_likes_and_remembered():
    model = Picky()
    provider = provider_of("openai", client_of(model))
    request = CompletionRequest(model="o", segments=HI.segments, sampling=Sampling(stop=("x",)))
    assert (await provider.complete(request, lambda _: None)).text == "ok"
    asked = len(model.bodies)
    await provider.complete(request, lambda _: None)
    assert len(model.bodies) == asked + 1
    assert model.bodies[-1]["max_completion_tokens"] == 1024


async def test_sessions_that_meet_a_picky_model_at_once_are_all_answered():
    provider = provider_of("openai", client_of(Picky()))
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(provider.complete(HI, lambda _: None)) for _ in range(8)]
    assert {call.result().text for call in asked} == {"ok"}


async def test_a_model_that_objects_for_ever_is_refused():
    said = {"error": {"message": "'temperature' and 'max_completion_tokens' are wrong"}}
    provider = provider_of("openai", client_of(lambda _: httpx.Response(400, json=said)))
    with pytest.raises(ProviderRefused):
        await provider.complete(HI, lambda _: None)
