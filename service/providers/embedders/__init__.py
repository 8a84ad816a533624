"""Embedders behind one protocol: a small offline model, any OpenAI-compatible server, hashing."""

from service.providers.embedders.open import open_embedder

__all__ = ["open_embedder"]
