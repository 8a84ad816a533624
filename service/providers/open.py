"""Opens the providers that settings allow, and finds one by a model's name."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr

from schema.errors import Invalid
from service.config import ANTHROPIC_URL, LOCAL_CONTEXT_TOKENS, OPENAI_URL
from service.providers.anthropic import VERSION, AnthropicProvider
from service.providers.base import Provider, split_model
from service.providers.faults import KEYS
from service.providers.llama_server import LlamaServers, LlamaSettings, open_llama_servers
from service.providers.local import LocalProvider
from service.providers.openai import OpenAiProvider
from service.providers.scripted import ScriptedProvider
from service.providers.secrets import Redactor, header_value
from service.providers.wire import LIMITS, TIMEOUT, Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """What providers need to know; a key that is None was not given."""

    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str = ANTHROPIC_URL
    openai_api_key: SecretStr | None = None
    openai_base_url: str = OPENAI_URL
    local_context_tokens: int = LOCAL_CONTEXT_TOKENS
    local_threads: int = 1
    """Two threads are a third faster on an idle machine, and ten times slower on a busy one."""
    local_seed: int = 1


FindFn = Callable[[str], Provider]
"""Model's name → who runs it; raises `Invalid` for a model that cannot be had."""


@dataclass(frozen=True, slots=True)
class Providers:
    """Every provider by its name."""

    by_name: Mapping[str, FindFn]

    def get(self, model: str) -> tuple[Provider, str]:
        """Who runs *model* (`provider:model`), and its name there.

        Raises `Invalid` for the field `model` where nobody does, saying what is missing.
        """
        provider, name = split_model(model)
        find = self.by_name.get(provider)
        if find is None:
            choices = ", ".join(f"{choice}:…" for choice in self.by_name)
            raise Invalid("model", f"there is no provider {provider!r}; choose one of {choices}")
        return find(name), name


@asynccontextmanager
async def open_providers(settings: ProviderSettings) -> AsyncIterator[Providers]:
    """The providers; connections and local servers end with the block."""
    async with AsyncExitStack() as opened:
        llama = LlamaSettings(
            context_tokens=settings.local_context_tokens,
            threads=settings.local_threads,
            seed=settings.local_seed,
        )
        servers = await opened.enter_async_context(open_llama_servers(llama))
        yield Providers(
            {
                "anthropic": await _anthropic(settings, opened),
                "openai": await _openai(settings, opened),
                "local": _local(servers),
                "scripted": lambda name: ScriptedProvider(Path(name)),
            }
        )


def _local(servers: LlamaServers) -> FindFn:
    return lambda name: LocalProvider(servers, name)


async def _anthropic(settings: ProviderSettings, opened: AsyncExitStack) -> FindFn:
    if settings.anthropic_api_key is None:
        return _missing("anthropic")
    key = header_value(KEYS["anthropic"], settings.anthropic_api_key)
    headers = {"x-api-key": key, "anthropic-version": VERSION}
    client = open_client("ANTHROPIC_BASE_URL", settings.anthropic_base_url, headers)
    await opened.enter_async_context(client)
    provider = AnthropicProvider(Wire("anthropic", client, Redactor(key)))
    return lambda _: provider


async def _openai(settings: ProviderSettings, opened: AsyncExitStack) -> FindFn:
    """A server of one's own may need no key; OpenAI does."""
    if settings.openai_api_key is None and settings.openai_base_url == OPENAI_URL:
        return _missing("openai")
    given = settings.openai_api_key
    key = header_value(KEYS["openai"], given) if given is not None else ""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    client = open_client("OPENAI_BASE_URL", settings.openai_base_url, headers)
    await opened.enter_async_context(client)
    provider = OpenAiProvider(Wire("openai", client, Redactor(key)))
    return lambda _: provider


def open_client(
    setting: str,
    base_url: str,
    headers: Mapping[str, str],
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """A client of *base_url*; raises `Invalid` for *setting* where that is no address."""
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo:
        raise Invalid(setting, "must be an address such as https://host/v1, without a password")
    return httpx.AsyncClient(
        base_url=url,
        headers={
            **headers,
            "Content-Type": "application/json",
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",  # So that the limits on bytes are on what we keep.
        },
        timeout=TIMEOUT,
        limits=LIMITS,
        transport=transport,
    )


def _missing(provider: str) -> FindFn:
    def find(model: str) -> Provider:
        raise Invalid("model", f"{provider}:{model} needs a key: set {KEYS[provider]}")

    return find
