"""Makes vectors of what was remembered, and keeps them where rows can be made of them."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from eventlog.database import Conn
from schema.errors import ProviderRefused
from service.memory.derived import Shelf
from service.memory.embedder import Embedder, Vector

BATCH_TEXTS: Final = 64
"""Texts that an embedder is given at once."""

NOT_ITS_TEXT: Final = frozenset({401, 402, 403, 404})
"""Why a provider refuses whatever the text is: no key, no right, no such model."""


class Entry(Struct, frozen=True):
    """An episode or a fact that is to have a vector."""

    entry: int
    id: UUID
    text: str


def entries_of(rows: Sequence[Any]) -> list[Entry]:
    """The entries in *rows* of `waiting_entries.sql` or alike."""
    return [Entry(row["entry"], row["id"], row["text"]) for row in rows]


async def embed(
    conn: Conn, shelf: Shelf, embedder: Embedder, entries: Sequence[Entry]
) -> list[Entry]:
    """See that *entries* have vectors in the embedder's space; those that have one now.

    A text that the embedder has made a vector of is not given to it again. Raises as
    `Embedder.embed` does, but leaves out a text that is refused for its own sake: of that only
    the digest is kept, by which others know that it was tried.
    """
    space = embedder.space.name
    digests = [shelf.digest(entry.text, "passage") for entry in entries]
    texts = dict(zip(digests, (entry.text for entry in entries), strict=True))
    known = await shelf.known(conn, space, list(texts))
    missing = [digest for digest in texts if digest not in known]
    vectors = await _vectors(embedder, [texts[digest] for digest in missing])
    made = {d: vector for d, vector in zip(missing, vectors, strict=True) if vector is not None}
    ids = [entry.id for entry in entries]
    async with conn.transaction():
        await shelf.keep(conn, space, list(made), list(made.values()))
        await shelf.keep_digests(conn, ids, digests)
    # What was erased while it was embedded was swept before it was kept.
    await shelf.forget_erased(conn, ids)
    return [
        entry
        for entry, digest in zip(entries, digests, strict=True)
        if digest in known or digest in made
    ]


async def _vectors(embedder: Embedder, texts: Sequence[str]) -> "list[Vector | None]":
    """A vector for each of *texts*, none for one that is refused for its own sake."""
    vectors: list[Vector | None] = []
    for first in range(0, len(texts), BATCH_TEXTS):
        vectors += await _batch(embedder, texts[first : first + BATCH_TEXTS])
    return vectors


async def _batch(embedder: Embedder, texts: Sequence[str]) -> "list[Vector | None]":
    try:
        return list(await embedder.embed(texts, "passage"))
    except ProviderRefused as refused:
        if refused.status in NOT_ITS_TEXT:
            raise
        if len(texts) == 1:
            return [None]
    half = len(texts) // 2
    return [*await _batch(embedder, texts[:half]), *await _batch(embedder, texts[half:])]
