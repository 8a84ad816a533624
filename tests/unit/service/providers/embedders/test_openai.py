"""Asking a server for vectors: what is sent, and which answers are taken."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import ProviderRefused, ProviderUnavailable
from service.memory.embedder import Vector
from service.providers import wire
from service.providers.embedders.openai import BATCH_SIZE, TEXT_CHARS_MAX, OpenAiEmbedder, space_of
from service.providers.secrets import Redactor
from service.providers.wire import Wire
from tests.model_wires import KEY, client_of

Answer = Callable[[httpx.Request], httpx.Response]


def embedder_of(answer: Answer, model: str = "m", dimensions: int = 2) -> OpenAiEmbedder:
    return OpenAiEmbedder(Wire("openai", client_of(answer), Redactor(KEY)), model, dimensions)


async def embed(answer: Answer, *texts: str) -> list[Vector]:
    return await embedder_of(answer).embed(texts, "passage")


def said(*vectors: list[Any]) -> httpx.Response:
    items = [{"index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    return httpx.Response(200, json={"object": "list", "data": items[::-1]})


def lengths(request: httpx.Request) -> httpx.Response:
    """Answers each text with a vector that tells its length, in an order of its own."""
    return said(*([1.0, float(len(text))] for text in json.loads(request.content)["input"]))


async def posted(model: str, dimensions: int, *texts: str) -> dict[str, Any]:
    bodies: list[dict[str, Any]] = []

    def keep(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return said(*([1.0] * dimensions for _ in texts))

    await embedder_of(keep, model, dimensions).embed(texts, "query")
    return bodies[0]


async def test_vectors_come_in_the_order_of_their_texts_at_length_one():
    vectors = await embed(lengths, "abc", "a", "ab")
    assert [vector[1] / vector[0] for vector in vectors] == pytest.approx([3, 1, 2])
    assert [vector @ vector for vector in vectors] == pytest.approx([1, 1, 1])


@pytest.mark.parametrize(
    "count", [0, 1, BATCH_SIZE, BATCH_SIZE + 1, 3 * BATCH_SIZE], ids=lambda count: f"{count} texts"
)
async def test_no_batch_is_larger_than_agreed_and_the_order_stays(count: int):
    batches: list[int] = []

    def counting(request: httpx.Request) -> httpx.Response:
        batches.append(len(json.loads(request.content)["input"]))
        return lengths(request)

    vectors = await embed(counting, *("a" * (1 + number) for number in range(count)))
    assert [vector[1] / vector[0] for vector in vectors] == pytest.approx([*range(1, count + 1)])
    assert sum(batches) == count
    assert max(batches, default=0) <= BATCH_SIZE


@given(st.text(alphabet=st.characters()))
async def test_any_text_is_sent_as_every_server_takes_it(text: str):
    [sent] = (await posted("m", 2, text))["input"]
    assert sent
    assert sent.encode()
    assert len(sent) == max(len(text), 1)


async def test_a_text_that_is_too_long_is_cut():
    [sent] = (await posted("m", 2, "a" * 10 * TEXT_CHARS_MAX))["input"]
    assert len(sent) == TEXT_CHARS_MAX


@pytest.mark.parametrize(
    ("model", "dimensions", "told"),
    [
        ("text-embedding-3-small", 1536, None),
        ("text-embedding-3-small", 512, 512),
        ("text-embedding-3-large", 1024, 1024),
        ("nomic-embed-text", 768, None),
    ],
)
async def test_only_a_model_that_can_is_asked_for_shorter_vectors(
    model: str, dimensions: int, told: int | None
):
    assert (await posted(model, dimensions, "a")).get("dimensions") == told


async def test_vectors_of_other_dimensions_are_refused_with_the_setting_that_fits():
    with pytest.raises(ProviderRefused, match=r"has 3 dimensions, not 2: .* openai:m@3$"):
        await embed(lambda _: said([1.0, 2.0, 3.0]), "a")


@pytest.mark.parametrize("vector", [[0.0, 0.0], [1e308, 1e308], [None, 1.0], ["a", "b"]])
async def test_a_vector_that_is_none_is_refused(vector: list[Any]):
    with pytest.raises(ProviderRefused, match=r"none|something else"):
        await embed(lambda _: said(vector), "a")


@pytest.mark.parametrize(
    "body", ['{"data": [{"index": 0, "embedding": [NaN, 1]}]}', '{"data": [', ""]
)
async def test_an_answer_that_is_no_json_is_unavailable(body: str):
    with pytest.raises(ProviderUnavailable, match="cannot read"):
        await embed(lambda _: httpx.Response(200, text=body), "a")


@pytest.mark.parametrize("indexes", [[], [0, 0], [0, 2], [0, 1, 2], [-1, 0]])
async def test_an_answer_that_leaves_a_text_out_is_refused(indexes: list[int]):
    items = [{"index": index, "embedding": [1.0, 1.0]} for index in indexes]
    with pytest.raises(ProviderRefused, match=f"sent {len(indexes)} vectors for 2 texts"):
        await embed(lambda _: httpx.Response(200, json={"data": items}), "a", "b")


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
async def test_a_server_that_is_busy_is_unavailable_for_as_long_as_it_says(status: int):
    busy = httpx.Response(status, headers={"retry-after": "7"}, json={"error": {"message": "busy"}})
    with pytest.raises(ProviderUnavailable, match=f"{status}: busy") as raised:
        await embed(lambda _: busy, "a")
    assert raised.value.retry_after_s == 7


@pytest.mark.parametrize("status", [400, 401, 404, 500])
async def test_a_key_that_an_answer_echoes_is_hidden(status: int):
    echo = httpx.Response(status, json={"error": {"message": f"Incorrect key {KEY}"}})
    with pytest.raises((ProviderRefused, ProviderUnavailable), match=r"\[key\]") as raised:
        await embed(lambda _: echo, "a")
    assert KEY not in repr(raised.value)
    assert raised.value.__cause__ is None


async def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wire, "ANSWER_BYTES_MAX", 10)
    with pytest.raises(ProviderUnavailable, match="more than 10 bytes"):
        await embed(lengths, "a")


async def test_a_fault_in_a_later_batch_is_the_fault_of_all():
    answers = iter([said(*[[1.0, 1.0]] * BATCH_SIZE), httpx.Response(503)])
    with pytest.raises(ProviderUnavailable):
        await embed(lambda _: next(answers), *["a"] * (BATCH_SIZE + 1))


def test_models_and_dimensions_that_differ_have_spaces_that_differ():
    named = [
        ("a-b", 768),
        ("a_b", 768),
        ("a-b", 512),
        ("x" * 99, 768),
        ("x" * 98, 768),
        ("日本", 1),
    ]
    names = {space_of(model, dimensions).name for model, dimensions in named}
    assert len(names) == len(named)


@given(st.text(), st.integers(1, 1900))
def test_any_model_has_a_space_that_rows_can_hold(model: str, dimensions: int):
    space = space_of(model, dimensions)
    assert 1 <= len(space.name) <= 40
    assert space.name.replace("_", "a").isalnum()
    assert space.name.isascii()
    assert space.name == space.name.lower()
