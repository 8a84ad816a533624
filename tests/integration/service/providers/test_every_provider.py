"""What every provider does, run against a fake of each wire and against the llama.cpp server."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from schema.completions import CallResult, Completion, CompletionRequest, Segment
from schema.errors import ProviderRefused, ProviderUnavailable
from schema.events import Effect, RequestedCall, Sampling, ToolSpec
from service.providers.base import Provider
from service.providers.llama_server import (
    ONE_REQUEST_EACH,
    LlamaServers,
    LlamaSettings,
    open_llama_servers,
)
from service.providers.local import LocalProvider, weights_file
from tests.model_wires import client_of, counting_model, provider_of

MODEL = "smollm2-135m"
WIRES = ("anthropic", "openai", "text")
CALCULATOR = ToolSpec(
    name="calculator",
    description="Computes an expression.",
    parameters={"type": "object", "properties": {"expression": {"type": "string"}}},
    effect=Effect.PURE,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Model:
    """A provider under test."""

    provider: Provider
    stop: str
    """Something that it is bound to say before long."""

    async def says(self, request: CompletionRequest) -> tuple[Completion, list[str]]:
        deltas: list[str] = []
        return await self.provider.complete(request, deltas.append), deltas


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers() -> AsyncIterator[LlamaServers]:
    settings = LlamaSettings(context_tokens=2048, threads=1, seed=1)
    async with open_llama_servers(settings) as opened:
        yield opened


async def fake(wire: str) -> Model:
    return Model(provider_of(wire, client_of(counting_model)), stop=" five")


async def real(wire: str, servers: LlamaServers) -> Model:
    client = await servers.client(weights_file(MODEL), MODEL)
    if wire == "anthropic":  # Its base URL ends before the version.
        address = httpx.URL(str(client.base_url).removesuffix("v1/"))
        client = httpx.AsyncClient(
            base_url=address, headers=client.headers, limits=ONE_REQUEST_EACH, trust_env=False
        )
    return Model(provider_of(wire, client), stop=",")


@pytest_asyncio.fixture(
    params=[*(f"fake {wire}" for wire in WIRES), *(f"real {wire}" for wire in WIRES), "local"],
    loop_scope="module",
)
async def model(request: pytest.FixtureRequest, servers: LlamaServers) -> Model:
    kind, _, wire = request.param.partition(" ")
    if kind == "local":
        return Model(LocalProvider(servers, MODEL), stop=",")
    return await (fake(wire) if kind == "fake" else real(wire, servers))


def asking(text: str = "Count: one, two, three,", **sampling: object) -> CompletionRequest:
    given = {"max_output_tokens": 24, **sampling}
    return CompletionRequest(
        model=MODEL,
        segments=[Segment(role="system", text="You count.\n"), Segment(role="user", text=text)],
        sampling=Sampling(**given),  # type: ignore[arg-type]
    )


async def test_the_deltas_are_the_text_piece_by_piece(model: Model):
    completion, deltas = await model.says(asking())
    assert len(deltas) > 1
    assert "".join(deltas) == completion.text != ""


async def test_the_answer_tells_its_model_its_request_and_its_tokens(model: Model):
    completion, _ = await model.says(asking(max_output_tokens=5))
    assert completion.model == MODEL
    assert completion.request_id
    assert completion.usage.input_tokens > 0
    assert 0 < completion.usage.output_tokens <= 5


async def test_an_answer_at_its_limit_says_so(model: Model):
    completion, _ = await model.says(asking(max_output_tokens=2))
    assert completion.stop_reason == "length"


async def test_a_stop_sequence_ends_the_answer_and_is_not_in_it(model: Model):
    completion, _ = await model.says(asking(stop=(model.stop,), max_output_tokens=64))
    assert model.stop not in completion.text
    assert completion.stop_reason in {"end", "stop_sequence"}


async def test_the_same_prompt_has_the_same_answer(model: Model):
    first, _ = await model.says(asking())
    second, _ = await model.says(asking())
    assert first.text == second.text


async def test_a_prompt_that_is_too_long_is_refused(model: Model):
    with pytest.raises(ProviderRefused, match="400") as refused:
        await model.says(asking("one two three " * 3000))
    assert refused.value.status == 400


async def test_an_answer_that_takes_too_long_is_given_up(model: Model):
    with pytest.raises(ProviderUnavailable, match=r"0\.02 s"):
        await model.says(
            CompletionRequest(
                model=MODEL,
                segments=asking().segments,
                sampling=Sampling(max_output_tokens=200),
                timeout_s=0.02,
            )
        )


async def test_a_cancelled_call_leaves_the_provider_as_it_was(model: Model):
    begun = asyncio.Event()
    long = asking(max_output_tokens=200)
    async with asyncio.TaskGroup() as tasks:
        call = tasks.create_task(model.provider.complete(long, lambda _: begun.set()))
        await begun.wait()
        call.cancel()
    assert call.cancelled()
    completion, _ = await model.says(asking(max_output_tokens=2))
    assert completion.text


async def test_calls_and_their_results_are_taken_where_tools_are_native(model: Model):
    request = CompletionRequest(
        model=MODEL,
        segments=[*asking().segments, *called("call_1", "17*23", "391")],
        tools=(CALCULATOR,),
        sampling=Sampling(max_output_tokens=4),
    )
    if model.provider.native_tools:
        completion, _ = await model.says(request)
        assert completion.usage.output_tokens > 0
    else:
        with pytest.raises(ProviderRefused, match="text protocol"):
            await model.says(request)


def called(call_id: str, expression: str, result: str) -> tuple[Segment, Segment]:
    arguments = json.dumps({"expression": expression})
    call = RequestedCall(id=call_id, name="calculator", arguments=arguments)
    observation = json.dumps({"ok": True, "data": result})
    returned = CallResult(id=call_id, name="calculator", observation=observation, ok=True)
    return Segment(role="assistant", calls=(call,)), Segment(role="user", results=(returned,))
