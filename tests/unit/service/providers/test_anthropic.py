"""Messages: what is posted, and what is made of the answer."""

import json
from typing import Any

import httpx
import pytest

from schema.completions import CallResult, Completion, CompletionRequest, Segment
from schema.errors import ProviderRefused, ProviderUnavailable
from schema.events import Effect, RequestedCall, ToolSpec, Usage
from service.providers.anthropic import body_of
from service.providers.anthropic_messages import messages_of, system_of
from tests.model_wires import client_of, event, provider_of, stream

HI = CompletionRequest(model="m", segments=[Segment(role="user", text="hi")])
CACHED = {"cache_control": {"type": "ephemeral"}}
THINKING = {"type": "thinking", "thinking": "1+1  ünd\n\n", "signature": "EqQB/+=="}
STOP = event({"type": "message_stop"})


def start(**usage: int) -> bytes:
    message = {"id": "msg_1", "type": "message", "model": "claude-x", "usage": usage}
    return event({"type": "message_start", "message": message}, "message_start")


def block(index: int, begun: dict[str, Any], *deltas: dict[str, Any]) -> bytes:
    events = [{"type": "content_block_start", "index": index, "content_block": begun}]
    events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    return b"".join(map(event, [*events, {"type": "content_block_stop", "index": index}]))


def text(index: int, *pieces: str) -> bytes:
    deltas = [{"type": "text_delta", "text": piece} for piece in pieces]
    return block(index, {"type": "text", "text": ""}, *deltas)


def end(reason: str = "end_turn", **usage: int) -> bytes:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return event({"type": "message_delta", "delta": delta, "usage": usage}) + STOP


async def answered(*events: bytes, headers: dict[str, str] | None = None) -> Completion:
    provider = provider_of("anthropic", client_of(lambda _: stream(*events, headers=headers)))
    return await provider.complete(HI, lambda _: None)


def test_results_come_first_in_one_message_of_the_user():
    calls = tuple(RequestedCall(id=f"c{n}", name="f", arguments=f'{{"n":{n}}}') for n in (1, 2))
    results = tuple(CallResult(id=f"c{n}", name="f", observation=str(n), ok=n == 1) for n in (1, 2))
    use = {"type": "tool_use", "name": "f"}
    returned = {"type": "tool_result"}
    assert messages_of(
        [
            Segment(role="system", text="not here"),
            Segment(role="user", text="go"),
            Segment(role="assistant", text="Well \n", calls=calls),
            Segment(role="user", text="hurry"),
            Segment(role="user", results=results, text=" "),
        ]
    ) == [
        {"role": "user", "content": [{"type": "text", "text": "go"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Well"},
                {**use, "id": "c1", "input": {"n": 1}},
                {**use, "id": "c2", "input": {"n": 2}},
            ],
        },
        {
            "role": "user",
            "content": [
                {**returned, "tool_use_id": "c1", "content": "1", "is_error": False},
                {**returned, "tool_use_id": "c2", "content": "2", "is_error": True},
                {"type": "text", "text": "hurry", **CACHED},
            ],
        },
    ]


def test_the_systems_texts_are_blocks_with_a_breakpoint_at_their_end():
    segments = [Segment(role="system", text=text) for text in ("a", " ", "b")]
    assert system_of(segments) == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b", **CACHED},
    ]


def test_the_providers_own_blocks_go_back_untouched():
    segment = Segment(role="assistant", text="told twice", blocks=(THINKING,))
    assert messages_of([segment]) == [{"role": "assistant", "content": [THINKING]}]


@pytest.mark.parametrize("arguments", ["{", "[1]", '"x"'])
def test_arguments_that_are_no_object_are_sent_as_one(arguments: str):
    call = RequestedCall(id="c", name="f", arguments=arguments)
    [message] = messages_of([Segment(role="assistant", calls=(call,))])
    assert list(message["content"][0]["input"]) == ["value"]


def test_tools_are_offered_with_their_schema():
    tool = ToolSpec(name="f", description="d", parameters={"type": "object"}, effect=Effect.PURE)
    body = body_of(CompletionRequest(model="m", segments=HI.segments, tools=(tool,)))
    assert body["tools"] == [{"name": "f", "description": "d", "input_schema": {"type": "object"}}]
    assert body.keys().isdisjoint({"system", "stop_sequences"})


async def test_thinking_text_and_calls_are_kept_to_the_byte():
    completion = await answered(
        start(input_tokens=10),
        event({"type": "ping"}),
        block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "1+1  "},
            {"type": "thinking_delta", "thinking": "ünd\n\n"},
            {"type": "signature_delta", "signature": "EqQB/+=="},
        ),
        block(1, {"type": "redacted_thinking", "data": "b64=="}),
        text(2, "Let me", " see"),
        block(
            3,
            {"type": "tool_use", "id": "toolu_1", "name": "calculator", "input": {}},
            {"type": "input_json_delta", "partial_json": ""},
            {"type": "input_json_delta", "partial_json": '{"x": '},
            {"type": "input_json_delta", "partial_json": "17}"},
        ),
        end("tool_use", output_tokens=20),
    )
    call = {"type": "tool_use", "id": "toolu_1", "name": "calculator", "input": {"x": 17}}
    assert completion == Completion(
        text="Let me see",
        calls=(RequestedCall(id="toolu_1", name="calculator", arguments='{"x": 17}'),),
        blocks=(
            THINKING,
            {"type": "redacted_thinking", "data": "b64=="},
            {"type": "text", "text": "Let me see"},
            call,
        ),
        stop_reason="tool_calls",
        model="claude-x",
        request_id="msg_1",
        usage=Usage(input_tokens=10, output_tokens=20),
    )


async def test_text_and_calls_alone_are_not_kept_twice():
    tool = {"type": "tool_use", "id": "t", "name": "now", "input": {}}
    completion = await answered(start(), text(0, "x"), block(1, tool), end("tool_use"))
    assert completion.blocks == ()
    assert completion.calls == (RequestedCall(id="t", name="now", arguments="{}"),)


async def test_citations_and_blocks_we_do_not_know_are_kept():
    cited = {"type": "citations_delta", "citation": {"url": "u"}}
    new = {"type": "brand_new", "x": [1]}
    completion = await answered(
        start(),
        block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "t"}, cited),
        block(1, new, {"type": "brand_new_delta", "y": 2}),
        end(),
    )
    assert completion.blocks == ({"type": "text", "text": "t", "citations": [{"url": "u"}]}, new)


async def test_input_tokens_include_what_the_cache_gave_and_took():
    completion = await answered(
        start(input_tokens=5, cache_read_input_tokens=100, cache_creation_input_tokens=20),
        text(0, "x"),
        end(output_tokens=7),
    )
    assert completion.usage == Usage(input_tokens=125, output_tokens=7, cached_tokens=100)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        *(("end_turn", "end"), ("tool_use", "tool_calls"), ("max_tokens", "length")),
        *(("stop_sequence", "stop_sequence"), ("pause_turn", "pause"), ("refusal", "refusal")),
        *(("model_context_window_exceeded", "length"), ("something_new", "end")),
    ],
)
async def test_each_reason_to_stop_has_our_word(theirs: str, ours: str):
    assert (await answered(start(), text(0, "x"), end(theirs))).stop_reason == ours


async def test_the_header_is_the_request_id_that_support_asks_for():
    completion = await answered(start(), end(), headers={"request-id": "req_1"})
    assert completion.request_id == "req_1"


@pytest.mark.parametrize(
    ("theirs", "kind", "status"),
    [
        ("overloaded_error", ProviderUnavailable, 529),
        ("rate_limit_error", ProviderUnavailable, 429),
        ("api_error", ProviderUnavailable, 500),
        ("something_new", ProviderUnavailable, 500),
        ("invalid_request_error", ProviderRefused, 400),
        ("authentication_error", ProviderRefused, 401),
    ],
)
async def test_an_error_inside_the_stream_is_an_error(theirs: str, kind: Any, status: int):
    error = event({"type": "error", "error": {"type": theirs, "message": "said so"}}, "error")
    with pytest.raises(kind, match="said so") as raised:
        await answered(start(), text(0, "so f"), error)
    assert raised.value.status == status


@pytest.mark.parametrize(
    "data", ["{", "[]", '{"type": 1}', '{"type": "message_start", "message": 1}']
)
async def test_an_event_that_is_none_of_theirs_is_unavailable(data: str):
    with pytest.raises(ProviderUnavailable, match="cannot read"):
        await answered(event(data))


async def test_a_stream_that_is_cut_is_unavailable():
    with pytest.raises(ProviderUnavailable, match="cut its answer short"):
        await answered(start(), text(0, "so f"))


async def test_a_model_without_temperature_is_asked_without_and_remembered():
    bodies: list[dict[str, Any]] = []

    def model(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        if "temperature" in bodies[-1]:
            error = {"type": "invalid_request_error", "message": "`temperature` is deprecated"}
            return httpx.Response(400, json={"type": "error", "error": error})
        return stream(start(), text(0, "ok"), end())

    provider = provider_of("anthropic", client_of(model))
    for _ in range(2):
        assert (await provider.complete(HI, lambda _: None)).text == "ok"
    assert len(bodies) == 3
