"""Posting a prompt: faults of the network, limits, and what no error tells."""

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.completions import CompletionRequest, Segment
from schema.errors import ProviderRefused, ProviderUnavailable
from service.providers import wire
from service.providers.wire import join_text
from tests.model_wires import KEY, Streamed, client_of, counting_model, event, provider_of, stream

HI = CompletionRequest(model="m", segments=[Segment(role="user", text="hi")])
WIRES = ("anthropic", "openai", "text")
DONE = event({"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}]}) + event("[DONE]")


def below(error: type[Exception]) -> Iterator[type[Exception]]:
    yield error
    for child in error.__subclasses__():
        yield from below(child)


@pytest.mark.parametrize("fault", [*below(httpx.TransportError), httpx.DecodingError])
async def test_every_fault_of_transport_is_unavailable_and_hides_the_key(fault: type[Exception]):
    def fail(request: httpx.Request) -> httpx.Response:
        raise fault(f"header Bearer {KEY} is odd")

    with pytest.raises(ProviderUnavailable, match=r"openai at model\.test") as raised:
        await provider_of("openai", client_of(fail)).complete(HI, lambda _: None)
    assert KEY not in str(raised.value)
    assert "[key]" in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("spoken", WIRES)
@pytest.mark.parametrize("status", [400, 401, 429, 500])
async def test_a_key_that_an_answer_echoes_is_hidden(spoken: str, status: int):
    said = {"error": {"message": f"Incorrect key {KEY} (Authorization: Bearer {KEY})"}}
    provider = provider_of(spoken, client_of(lambda _: httpx.Response(status, json=said)))
    with pytest.raises((ProviderRefused, ProviderUnavailable)) as raised:
        await provider.complete(HI, lambda _: None)
    assert KEY not in str(raised.value)
    assert KEY not in repr(raised.value)


@pytest.mark.parametrize("spoken", WIRES)
async def test_a_key_in_an_error_inside_the_stream_is_hidden(spoken: str):
    error = event({"type": "error", "error": {"type": "api_error", "message": f"key {KEY}"}})
    with pytest.raises(ProviderUnavailable, match=r"\[key\]") as raised:
        await provider_of(spoken, client_of(lambda _: stream(error))).complete(HI, lambda _: None)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("spoken", WIRES)
@given(st.data())
async def test_how_the_network_cuts_an_answer_never_shows(spoken: str, data: st.DataObject):
    body = CompletionRequest(model="m", segments=HI.segments)
    whole = b"".join([*counted(spoken)])
    cuts = [0, *sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=20))), len(whole)]
    pieces = [whole[start:end] for start, end in pairwise(cuts)]
    deltas: list[str] = []
    provider = provider_of(spoken, client_of(lambda _: stream(*pieces)))
    completion = await provider.complete(body, deltas.append)
    assert completion.text == "".join(deltas) == "one two thrée 四"


def counted(spoken: str) -> Iterator[bytes]:
    path = {"anthropic": "/v1/v1/messages", "openai": "/v1/chat/completions"}
    request = httpx.Request(
        "POST",
        f"http://model.test{path.get(spoken, '/v1/completions')}",
        json={"model": "m", "max_tokens": 4},
    )
    answer = counting_model(request).stream
    assert isinstance(answer, Streamed)
    return answer._pieces


async def test_the_limits_that_headers_tell_are_kept_also_from_a_refusal():
    answers = iter(
        [
            stream(DONE, headers={"x-ratelimit-remaining-tokens": "9"}),
            httpx.Response(429, headers={"x-ratelimit-remaining-tokens": "0"}),
            stream(DONE),
        ]
    )
    spoken = provider_of("openai", client_of(lambda _: next(answers)))
    remaining = []
    for _ in range(3):
        with suppress(ProviderUnavailable):
            await spoken.complete(HI, lambda _: None)
        remaining.append(spoken.rate_limit.windows["tokens"].remaining)  # type: ignore[attr-defined]
    assert remaining == [9, 0, 0]


async def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wire, "ANSWER_BYTES_MAX", 10_000)
    endless = stream(*[b": nothing to say\n"] * 1000)
    with pytest.raises(ProviderUnavailable, match="10000 bytes"):
        await provider_of("openai", client_of(lambda _: endless)).complete(HI, lambda _: None)


async def test_an_error_without_end_is_read_no_further_than_needed():
    body = Streamed(iter([b"x" * 1024] * 1000))
    refused = httpx.Response(400, stream=body)
    with pytest.raises(ProviderRefused):
        await provider_of("openai", client_of(lambda _: refused)).complete(HI, lambda _: None)
    assert body.closed
    assert len(list(body._pieces)) > 900


async def test_a_server_that_does_not_stream_is_refused_with_what_to_check():
    page = httpx.Response(200, html="<h1>It works</h1>")
    with pytest.raises(ProviderRefused, match="base URL"):
        await provider_of("openai", client_of(lambda _: page)).complete(HI, lambda _: None)


async def test_a_redirect_is_refused_for_it_would_carry_the_key_elsewhere():
    away = httpx.Response(307, headers={"location": "http://elsewhere.test"})
    with pytest.raises(ProviderRefused, match="307"):
        await provider_of("openai", client_of(lambda _: away)).complete(HI, lambda _: None)


async def test_a_fault_after_the_models_last_word_costs_no_answer():
    def pieces() -> Iterator[bytes]:
        yield event({"choices": [{"delta": {"content": "whole"}, "finish_reason": "stop"}]})
        raise httpx.ReadError("gone")

    answer = httpx.Response(200, stream=Streamed(pieces()))
    completion = await provider_of("openai", client_of(lambda _: answer)).complete(
        HI, lambda _: None
    )
    assert completion.text == "whole"


@given(st.text(alphabet=st.characters()).map(list), st.booleans())
def test_joined_text_is_what_json_would_make_of_it(pieces: list[str], surrogates: bool):
    if surrogates:
        pieces += ["\ud83c", "\udf88", "\udf88", "\ud83c"]
    said = "".join(f"\\u{unit:04x}" for unit in units("".join(pieces)))
    assert join_text(pieces) == json.loads(f'"{said}"')


def units(text: str) -> list[int]:
    raw = text.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(raw[at : at + 2]) for at in range(0, len(raw), 2)]
