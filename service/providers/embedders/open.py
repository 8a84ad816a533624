"""Opens the embedder that the settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.config import Settings
from service.memory.embedder import Embedder
from service.providers.embedders.hashing import HashingEmbedder
from service.providers.embedders.offline import OfflineEmbedder


@asynccontextmanager
async def open_embedder(settings: Settings) -> AsyncIterator[Embedder | None]:
    """The embedder of `settings.embedder`, or None for `none`; its connections end with the block.

    Nothing is asked or read before the first text. Raises `Invalid`, naming the setting, for a
    model that cannot be had.
    """
    match settings.embedder:
        case "none":
            yield None
        case "hashing":
            yield HashingEmbedder()
        case "offline":
            yield OfflineEmbedder()
        case named:
            from service.providers.embedders.open_openai import (  # noqa: PLC0415 - it brings httpx.
                open_openai,
            )

            async with open_openai(named.removeprefix("openai:"), settings) as embedder:
                yield embedder
