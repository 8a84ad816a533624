"""Moves a memory to another space: made beside the old one, compared with it, then switched."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeAlias

from msgspec import Struct

from eventlog.log import EventLog
from eventlog.members import StreamAppend
from eventlog.statements import statement
from schema import json_text
from schema.envelope import AT_HEAD, Metadata
from schema.errors import NotReady, Unavailable, WrongExpectedVersion
from schema.events import EmbeddingSpaceActivated, EpisodesEmbedded, MemoryPolicy
from schema.ids import memory_stream
from service.memory.coordinates import space_at
from service.memory.derived import Shelf, shelf_of
from service.memory.embedder import Embedder, Space
from service.memory.embedding import embed, entries_of
from service.memory.looking import View, counts
from service.memory.search import Question, find
from service.mind.level import Level
from service.mind.place import Coordinate

WITHOUT: Final = statement(__package__, "entries_without")
RECALLS: Final = statement(__package__, "recorded_recalls")

ENTRIES_MAX: Final = 256
QUERIES_MAX: Final = 50
"""Recorded queries that the two spaces are compared on."""
BEST: Final = 10
TRIES_MAX: Final = 20

REEMBEDDING: Final = Metadata(actor="reembedding")

ProgressFn: TypeAlias = Callable[[int, int], None]
"""Told how many entries are done, of how many."""


class Moved(Struct, frozen=True, kw_only=True):
    """What came of it."""

    before: str | None
    """The space until now; None where there was none."""
    after: str | None
    """None where there was nothing to move: no text, and no space that was in use."""
    version: int
    """The version of memory from which on it counts; recalls as of an earlier one use *before*."""
    embedded: int
    """Entries that had no vector in the new space."""
    queries: int
    """Recorded queries that the spaces were compared on."""
    overlap: float | None
    """The share of their ten best memories that both spaces find; None without queries."""


class Move:
    """One memory on its way into the space of *embedder*."""

    def __init__(self, log: EventLog, level: Level, embedder: Embedder, agent_id: str) -> None:
        self._log = log
        self._level = level
        self._embedder = embedder
        self._agent_id = agent_id
        self._stream = memory_stream(agent_id)
        self._partition = log.partition_of(self._stream)
        self._space: Space = embedder.space

    async def run(self, policy: MemoryPolicy, at: datetime, on_progress: ProgressFn) -> Moved:
        """Fill, compare, switch; what a process that died has filled already stays.

        A memory that has no text and is in no space gets nothing: its first text will bring one.
        """
        version = await self._level.reach(self._stream)
        before = await self._active(version)
        if before is None and await self._is_empty(version):
            return Moved(
                before=None, after=None, version=version, embedded=0, queries=0, overlap=None
            )
        embedded = await self._fill(on_progress)
        version = await self._level.reach(self._stream)
        queries, overlap = 0, None
        if before is not None and before != self._space.name:
            queries, overlap = await self._compare(
                before, policy, Coordinate(version=version, at=at)
            )
        if before != self._space.name:
            version = await self._switch()
        return Moved(
            before=before,
            after=self._space.name,
            version=version,
            embedded=embedded,
            queries=queries,
            overlap=overlap,
        )

    async def _active(self, version: int) -> str | None:
        async with self._log.database.acquire() as conn:
            row = await space_at(conn, self._partition, self._stream, version)
        return None if row is None else row["space"]

    async def _is_empty(self, version: int) -> bool:
        async with self._log.database.acquire() as conn:
            held = await counts(conn, View(self._partition, self._stream, version))
        return held.episodes + held.facts == 0

    async def _fill(self, on_progress: ProgressFn) -> int:
        """Give every live entry a vector in the new space; how many had none."""
        view = View(self._partition, self._stream, await self._level.reach(self._stream))
        async with self._log.database.acquire() as conn:
            held = await counts(conn, view)
            shelf = await shelf_of(conn, self._partition, self._agent_id)
        total, done, after = held.episodes + held.facts, 0, 0
        on_progress(0, total)
        while rows := await self._waiting(after):
            after = rows[-1]["entry"]
            done += await self._batch(shelf, rows)
            on_progress(min(done, total), total)
        on_progress(total, total)
        return done

    async def _waiting(self, after: int) -> list[Any]:
        where = (self._partition, self._stream, self._space.name)
        async with self._log.database.acquire() as conn:
            return await conn.fetch(WITHOUT, *where, after, ENTRIES_MAX)

    async def _batch(self, shelf: Shelf, rows: list[Any]) -> int:
        async with self._log.database.acquire() as conn:
            entries = await embed(conn, shelf, self._embedder, entries_of(rows))
        if entries:
            ids = tuple(str(entry.id) for entry in entries)
            await self._append(AT_HEAD, EpisodesEmbedded(space=self._space.name, ids=ids))
        return len(entries)

    async def _compare(
        self, before: str, policy: MemoryPolicy, place: Coordinate
    ) -> tuple[int, float | None]:
        """On how many recorded queries the spaces were compared, and what both find of them."""
        shares = [
            share
            for query in await self._queries()
            if (share := await self._overlap(query, before, policy, place)) is not None
        ]
        return len(shares), sum(shares) / len(shares) if shares else None

    async def _queries(self) -> list[str]:
        async with self._log.database.acquire() as conn:
            rows = await conn.fetch(RECALLS, self._partition, self._agent_id, QUERIES_MAX)
        return list(dict.fromkeys(json_text.decode(row["data"])["query"] for row in rows))

    async def _overlap(
        self, query: str, before: str, policy: MemoryPolicy, place: Coordinate
    ) -> float | None:
        """The share of the best memories for *query* that both spaces find."""
        (new,) = await self._embedder.embed([query], "query")
        async with self._log.database.acquire() as conn:
            shelf = await shelf_of(conn, self._partition, self._agent_id)
            digest = shelf.digest(query, "query")
            old = await shelf.vector(conn, before, digest)
            if old is None:
                return None
            await shelf.keep(conn, self._space.name, [digest], [new])
            found = [
                await find(
                    conn,
                    self._partition,
                    self._stream,
                    place,
                    Question(query=query, vector=vector, space=space, limit=BEST),
                    policy,
                )
                for space, vector in ((before, old), (self._space.name, new))
            ]
        left, right = ({item.id for item in one.items} for one in found)
        return len(left & right) / max(len(left), len(right)) if left or right else None

    async def _switch(self) -> int:
        """From here on recall compares vectors of the new space; the version that says so.

        It rests on a version whose rows were there: a follower may have had the same thought.
        """
        space = self._space
        activated = EmbeddingSpaceActivated(
            space=space.name, model=space.model, dimensions=space.dimensions
        )
        for _ in range(TRIES_MAX):
            version = await self._level.reach(self._stream)
            if await self._active(version) == space.name:
                return version
            try:
                return await self._append(version, activated)
            except WrongExpectedVersion:
                continue
        raise Unavailable(f"others write to {self._stream} all the time: try again", 1.0)

    async def _append(self, expected: int, fact: EmbeddingSpaceActivated | EpisodesEmbedded) -> int:
        append = StreamAppend(self._stream, expected, (fact,))
        (appended,) = await self._log.append(self._agent_id, append, metadata=REEMBEDDING)
        return appended.version


def without_embedder() -> NotReady:
    """What a process is told that has no embedder to move to."""
    return NotReady(
        "there is no embedder to move to: set AGENT_RUNTIME_EMBEDDER to offline or openai:<model>"
    )
