"""Finding the embedder that the settings name."""

from typing import Any

import pytest
from pydantic import SecretStr

from schema.errors import Invalid
from service.config import Settings
from service.providers.embedders import open_embedder
from service.providers.embedders.hashing import HashingEmbedder
from service.providers.embedders.offline import OfflineEmbedder
from service.providers.embedders.openai import OpenAiEmbedder

KEY = SecretStr("sk-planted-0123456789abcdef")


def settings(embedder: str, **others: Any) -> Settings:
    return Settings(embedder=embedder, **others)


@pytest.mark.parametrize(
    ("named", "kind"),
    [("offline", OfflineEmbedder), ("hashing", HashingEmbedder), ("none", type(None))],
)
async def test_an_embedder_is_found_by_its_name(named: str, kind: type):
    async with open_embedder(settings(named)) as embedder:
        assert type(embedder) is kind


@pytest.mark.parametrize(
    ("named", "model", "dimensions"),
    [
        ("openai:text-embedding-3-small", "text-embedding-3-small", 1536),
        ("openai:text-embedding-3-large@1024", "text-embedding-3-large", 1024),
        ("openai:nomic/embed:v1.5@768", "nomic/embed:v1.5", 768),
    ],
)
async def test_a_model_of_a_server_is_named_with_its_dimensions_or_well_known(
    named: str, model: str, dimensions: int
):
    async with open_embedder(settings(named, openai_api_key=KEY)) as embedder:
        assert isinstance(embedder, OpenAiEmbedder)
        assert (embedder.space.model, embedder.space.dimensions) == (model, dimensions)


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        ("openai:mine", "openai:mine@<dimensions>"),
        ("openai:text-embedding-3-large", "openai:text-embedding-3-large@1024"),
        ("openai:mine@9999", "9999"),
    ],
)
async def test_dimensions_that_are_not_known_or_too_many_are_refused(named: str, wanted: str):
    with pytest.raises(Invalid, match=wanted) as refused:
        async with open_embedder(settings(named, openai_api_key=KEY)):
            pass
    assert refused.value.field == "AGENT_RUNTIME_EMBEDDER"


async def test_a_missing_key_is_named():
    with pytest.raises(Invalid, match="OPENAI_API_KEY"):
        async with open_embedder(settings("openai:text-embedding-3-small", openai_api_key=None)):
            pass


async def test_a_server_of_ones_own_needs_no_key():
    own = settings("openai:mine@2", openai_api_key=None, openai_base_url="http://127.0.0.1:9/v1")
    async with open_embedder(own) as embedder:
        assert isinstance(embedder, OpenAiEmbedder)


async def test_a_key_that_no_header_can_carry_is_refused_unshown():
    with pytest.raises(Invalid, match="OPENAI_API_KEY") as refused:
        async with open_embedder(settings("openai:m@2", openai_api_key=SecretStr("sk- planted"))):
            pass
    assert "planted" not in str(refused.value)


async def test_a_fault_of_the_body_is_raised_as_it_is():
    with pytest.raises(KeyError):
        async with open_embedder(settings("openai:m@2", openai_api_key=KEY)):
            raise KeyError
