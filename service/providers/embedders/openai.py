"""OpenAI's embeddings, and every server that speaks the same wire."""

import zlib
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from schema.errors import ProviderRefused, ProviderUnavailable
from service.memory.embedder import Purpose, Space, Vector, slug, unit
from service.providers.wire import Wire

BATCH_SIZE: Final = 64
TEXT_CHARS_MAX: Final = 8000
"""Longer texts are cut; so many characters are hardly ever more than the usual 8,191 tokens."""
TIMEOUT_S: Final = 60.0
"""For the vectors of one batch."""
NATIVE: Final = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}
"""The dimensions of the models that are well known."""
_SHORTENED: Final = "text-embedding-3-"
"""How the models are called that shorten their vectors; others may refuse to be asked to."""


class _Item(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Item]


class OpenAiEmbedder:
    """A model behind a base URL, asked with a batch of texts at a time."""

    def __init__(self, wire: Wire, model: str, dimensions: int) -> None:
        """*dimensions* are what *model* must answer with; any other answer is refused."""
        self._wire = wire
        self._space = space_of(model, dimensions)

    @property
    def space(self) -> Space:
        """See `Embedder`; the same model at another address has the same space."""
        return self._space

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> list[Vector]:  # noqa: ARG002
        """See `Embedder`; a question is placed as a passage is."""
        vectors: list[Vector] = []
        for start in range(0, len(texts), BATCH_SIZE):
            vectors += await self._ask(texts[start : start + BATCH_SIZE])
        return vectors

    async def _ask(self, texts: Sequence[str]) -> list[Vector]:
        body = body_of(self._space, texts)
        items = items_in(await self._wire.fetch("embeddings", body, TIMEOUT_S))
        if sorted(item.index for item in items) != list(range(len(texts))):
            raise ProviderRefused(f"openai sent {len(items)} vectors for {len(texts)} texts")
        return [self._vector(item) for item in sorted(items, key=lambda item: item.index)]

    def _vector(self, item: _Item) -> Vector:
        model, wanted, given = self._space.model, self._space.dimensions, len(item.embedding)
        if given != wanted:
            raise ProviderRefused(
                f"{model} has {given} dimensions, not {wanted}: "
                f"set AGENT_RUNTIME_EMBEDDER to openai:{model}@{given}"
            )
        try:
            return unit(item.embedding)
        except ValueError as error:
            raise ProviderRefused(f"{model} gave a vector that is none: {error}") from None


def space_of(model: str, dimensions: int) -> Space:
    """The space of *model* at *dimensions*; models whose names look alike have other digests."""
    digest = zlib.crc32(f"{model}@{dimensions}".encode(errors="surrogatepass"))
    name = f"openai_{slug(model)[:18]}_{dimensions}_{digest:08x}"
    return Space(name=name, model=model, dimensions=dimensions)


def body_of(space: Space, texts: Sequence[str]) -> dict[str, Any]:
    """What is posted for *texts*."""
    body: dict[str, Any] = {
        "model": space.model,
        "input": [_sendable(text) for text in texts],
    }
    shorter = space.dimensions != NATIVE.get(space.model)
    if shorter and space.model.startswith(_SHORTENED):
        body["dimensions"] = space.dimensions
    return body


def _sendable(text: str) -> str:
    """*text* as every server takes it: not empty, not too long, and without lone surrogates."""
    return text[:TEXT_CHARS_MAX].encode(errors="replace").decode() or " "


def items_in(answer: bytes) -> list[_Item]:
    """The vectors in *answer*, in any order."""
    try:
        return msgspec.json.decode(answer, type=_Answer).data
    except msgspec.ValidationError as error:
        raise ProviderRefused(f"openai sent something else than vectors: {error}") from None
    except msgspec.DecodeError as error:
        raise ProviderUnavailable(f"openai sent an answer that we cannot read: {error}") from None
