"""Conversations made up for the retrieval bench: nobody's words, the same on every machine."""

from service.bench.retrieval.talk.generated import generated

__all__ = ["generated"]
