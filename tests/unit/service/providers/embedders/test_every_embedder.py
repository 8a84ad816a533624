"""What every embedder promises, whatever the text."""

import json

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.memory.embedder import Embedder
from service.providers.embedders.hashing import HashingEmbedder, vector_of
from service.providers.embedders.offline import OfflineEmbedder
from service.providers.embedders.openai import OpenAiEmbedder
from service.providers.secrets import Redactor
from service.providers.wire import Wire
from tests.model_wires import client_of

ANY_TEXTS = st.lists(st.text(alphabet=st.characters()) | st.sampled_from(["", "\x00", "\ud800"]))


def hashed(request: httpx.Request) -> httpx.Response:
    texts = json.loads(request.content)["input"]
    items = [
        {"index": index, "embedding": (3 * vector_of(text)).tolist()}
        for index, text in enumerate(texts)
    ]
    return httpx.Response(200, json={"data": items})


OPENAI = OpenAiEmbedder(Wire("openai", client_of(hashed), Redactor()), "m", 384)
EMBEDDERS: list[Embedder] = [HashingEmbedder(), OfflineEmbedder(), OPENAI]

every_embedder = pytest.mark.parametrize(
    "embedder", EMBEDDERS, ids=lambda embedder: type(embedder).__name__
)


@every_embedder
@given(texts=ANY_TEXTS)
@settings(deadline=None)  # The first text waits for the model to be read.
async def test_any_texts_have_each_a_vector_of_the_space_at_length_one(
    embedder: Embedder, texts: list[str]
):
    vectors = await embedder.embed(texts, "passage")
    assert len(vectors) == len(texts)
    for vector in vectors:
        assert vector.shape == (embedder.space.dimensions,)
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


@every_embedder
@given(texts=ANY_TEXTS)
@settings(deadline=None)
async def test_a_text_has_the_same_vector_alone_and_among_others(
    embedder: Embedder, texts: list[str]
):
    together = await embedder.embed(texts, "passage")
    alone = [vector for text in texts for vector in await embedder.embed([text], "passage")]
    assert [vector.tolist() for vector in together] == [vector.tolist() for vector in alone]


@every_embedder
async def test_a_question_and_a_passage_of_the_same_words_are_the_same_place(embedder: Embedder):
    [question] = await embedder.embed(["the roof leaks"], "query")
    [passage] = await embedder.embed(["the roof leaks"], "passage")
    assert question @ passage == pytest.approx(1)


def test_no_two_embedders_share_a_space():
    assert len({embedder.space.name for embedder in EMBEDDERS}) == len(EMBEDDERS)
