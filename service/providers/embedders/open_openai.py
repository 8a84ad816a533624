"""Opens the embedder of an OpenAI-compatible server, by its name in the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from schema.errors import Invalid
from schema.messages.base import DIMENSIONS_MAX
from service.config import OPENAI_URL, Settings, variable
from service.providers.embedders.openai import NATIVE, OpenAiEmbedder
from service.providers.faults import KEYS
from service.providers.open import open_client
from service.providers.secrets import Redactor, header_value
from service.providers.wire import Wire

_SETTING: Final = variable("embedder")


@asynccontextmanager
async def open_openai(named: str, settings: Settings) -> AsyncIterator[OpenAiEmbedder]:
    """What *named* means: `<model>`, or `<model>@<dimensions>`; see `open_embedder`."""
    model, _, wanted = named.partition("@")
    dimensions = _dimensions(model, wanted)
    given = settings.openai_api_key
    if given is None and settings.openai_base_url == OPENAI_URL:
        raise Invalid(_SETTING, f"openai:{model} needs a key: set {KEYS['openai']}")
    key = header_value(KEYS["openai"], given) if given is not None else ""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with open_client("OPENAI_BASE_URL", settings.openai_base_url, headers) as client:
        client.headers["Accept"] = "application/json"
        yield OpenAiEmbedder(Wire("openai", client, Redactor(key)), model, dimensions)


def _dimensions(model: str, wanted: str) -> int:
    """What was asked for, else what *model* is known to have; `Invalid` where that won't do."""
    dimensions = int(wanted) if wanted else NATIVE.get(model)
    if dimensions is None:
        raise Invalid(_SETTING, f"say how many dimensions {model} has: openai:{model}@<dimensions>")
    if dimensions > DIMENSIONS_MAX:
        raise Invalid(
            _SETTING,
            f"{dimensions} dimensions are more than the {DIMENSIONS_MAX} that the database "
            f"compares; a model that can shorten its vectors is asked to: openai:{model}@1024",
        )
    return dimensions
