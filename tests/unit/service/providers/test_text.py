"""The text wire: what is posted."""

import json
from typing import Any

import httpx
import pytest

from schema.completions import CallResult, CompletionRequest, Segment
from schema.errors import ProviderRefused
from schema.events import Effect, RequestedCall, Sampling, ToolSpec
from service.providers.text import text_of
from tests.model_wires import client_of, event, provider_of, stream

NOW = ToolSpec(name="now", description="Tells the time.", parameters={}, effect=Effect.PURE)
CALL = RequestedCall(id="c", name="now", arguments="{}")
RESULT = CallResult(id="c", name="now", observation="noon", ok=True)
HI = Segment(role="user", text="hi")


def test_the_prompt_is_the_text_of_each_segment_and_nothing_else():
    segments = [
        Segment(role="system", text="Be kind.\n"),
        Segment(role="user", text="Say hi"),
        Segment(role="assistant", text=": hi  "),
        Segment(role="user"),
        Segment(role="user", text="\nAgain"),
    ]
    request = CompletionRequest(model="m", segments=segments)
    assert text_of(request) == "Be kind.\nSay hi: hi  \nAgain"


@pytest.mark.parametrize(
    "request_",
    [
        CompletionRequest(model="m", segments=[HI], tools=(NOW,)),
        CompletionRequest(model="m", segments=[Segment(role="assistant", calls=(CALL,))]),
        CompletionRequest(model="m", segments=[Segment(role="user", results=(RESULT,))]),
    ],
)
def test_what_only_native_wires_carry_is_refused(request_: CompletionRequest):
    with pytest.raises(ProviderRefused, match="text protocol"):
        text_of(request_)


async def test_sampling_and_the_fixed_seed_are_posted():
    bodies: list[dict[str, Any]] = []

    def model(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return stream(event({"choices": [{"text": "x", "finish_reason": "stop"}]}))

    sampling = Sampling(stop=("\nObservation:",), max_output_tokens=7)
    request = CompletionRequest(model="m", segments=[HI], sampling=sampling)
    await provider_of("text", client_of(model)).complete(request, lambda _: None)
    assert bodies == [
        {
            "model": "m",
            "prompt": "hi",
            "max_tokens": 7,
            "temperature": 0.0,
            "stop": ["\nObservation:"],
            "seed": 1,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]
