"""Asks a memory: what it holds for a question, by words and, where that can be, by meaning."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from eventlog.log import EventLog
from eventlog.signals import heard
from eventlog.statements import statement
from schema.errors import NotReady, ProviderRefused, ProviderUnavailable
from schema.events import MemoryPolicy, RecalledItem, WorkingEntry
from schema.ids import memory_stream
from schema.messages.memory import SearchMemory
from service.memory import looking
from service.memory.capacity import see_dimensions
from service.memory.coordinates import MEMORY, space_at
from service.memory.looking import View
from service.memory.search import Question, find
from service.memory.telling import telling
from service.mind.coordinates import coordinate_of
from service.mind.level import Level
from service.mind.place import Coordinate

if TYPE_CHECKING:
    from service.memory.embedder import Embedder, Vector

EmbedderFn: TypeAlias = Callable[[], Awaitable["Embedder | None"]]
"""The embedder that the settings name, opened if need be."""

LACKING: Final = statement(__package__, "lacking")
WAITING: Final = statement(__package__, "waiting")
DIMENSIONS: Final = statement(__package__, "given_dimensions")

LOOK_S: Final = 0.1
"""How often we look whether another process has embedded what we wait for."""
REASON_MAX: Final = 200
"""Characters of why there is no vector: a provider's own words may be long."""


class Compared(Struct, frozen=True, kw_only=True):
    """The vector that others are compared with, or why there is none."""

    space: str | None = None
    vector: "Vector | None" = None
    why_not: str = ""


class Answer(Struct, frozen=True, kw_only=True):
    """What a memory holds for a question."""

    place: Coordinate
    items: tuple[RecalledItem, ...] = ()
    """The best first."""
    space: str | None = None
    """Whose vectors were compared; None where words alone counted."""
    without_vectors: str = ""
    """Why words alone counted, where vectors were wanted."""


class Asker:
    """Asks the memories of all agents; nothing that it finds is counted here."""

    def __init__(self, log: EventLog, level: Level, embedder: EmbedderFn) -> None:
        self._log = log
        self._level = level
        self.embedder = embedder

    async def place(self, agent_id: str, as_of: int | str | None, at: datetime) -> Coordinate:
        """Where *as_of* is, once the rows have come as far as the log; None is now, *at*."""
        place = (
            None if as_of is None else await coordinate_of(self._log, MEMORY, agent_id, as_of, at)
        )
        version = await self._level.reach(memory_stream(agent_id))
        return place or Coordinate(version=version, at=at)

    async def search(
        self, agent_id: str, said: SearchMemory, policy: MemoryPolicy, at: datetime
    ) -> Answer:
        """What somebody finds who looks from outside, as of where they say."""
        place = await self.place(agent_id, said.as_of, at)
        if said.policy is not None:
            policy = replace(policy, recall=said.policy.as_shape())
        compared = await self._given(agent_id, said) or await self._made(
            agent_id, said.query, policy, place
        )
        question = Question(
            query=said.query,
            vector=compared.vector,
            space=compared.space,
            tags=said.tags,
            tags_match=said.tags_match,
            since=said.since,
            until=said.until,
            min_importance=said.min_importance,
            max_age_hours=said.max_age_hours,
            kinds=said.kinds,
            limit=said.limit,
        )
        answer = await self._answer(agent_id, place, question, policy, compared.why_not)
        return answer if said.min_score is None else _from(answer, said.min_score)

    async def recall(
        self,
        agent_id: str,
        query: str,
        limit: int,
        tags: Sequence[str],
        policy: MemoryPolicy,
        at: datetime,
        *,
        as_of: int | None = None,
    ) -> Answer:
        """What an agent finds itself, now; or what it would have found at a version.

        Its query's vector is kept: the same question to the same memory is answered alike for ever.
        """
        place = await self.place(agent_id, None, at)
        if as_of is not None:
            place = Coordinate(version=min(as_of, place.version), at=at)
        if limit == 0 or place.version == 0:
            return Answer(place=place)
        compared = await self._made(agent_id, query, policy, place)
        question = Question(
            query=query, vector=compared.vector, space=compared.space, tags=tags, limit=limit
        )
        return await self._answer(agent_id, place, question, policy, compared.why_not)

    async def settled(self, agent_id: str, timeout_s: float) -> bool:
        """Whether all that the agent holds has its vector, given *timeout_s* to get it.

        What the embedder has refused is not waited for.
        """
        if not await self._lacks(agent_id):
            return True  # Whichever embedder there is, it need not be opened.
        embedder = await self.embedder()
        if embedder is None:
            return True
        try:
            async with asyncio.timeout(timeout_s):
                await self._settle(agent_id, embedder.space.name)
        except TimeoutError:
            return False
        return True

    async def _lacks(self, agent_id: str) -> bool:
        stream = memory_stream(agent_id)
        await self._level.reach(stream)
        async with self._log.database.acquire() as conn:
            return bool(await conn.fetchval(LACKING, self._log.partition_of(stream), stream))

    async def _settle(self, agent_id: str, space: str) -> None:
        while await self._waits(agent_id, space):
            runner = await self._level.runner()  # With it comes who embeds.
            moved = runner.moved.next()
            if not await self._waits(agent_id, space):
                return
            await heard(moved, LOOK_S)

    async def _waits(self, agent_id: str, space: str) -> bool:
        """Whether anything of the agent's waits for its vector, by rows that are level."""
        stream = memory_stream(agent_id)
        await self._level.reach(stream)
        async with self._log.database.acquire() as conn:
            where = (self._log.partition_of(stream), stream, space, agent_id)
            return bool(await conn.fetchval(WAITING, *where))

    async def working(self, agent_id: str, version: int) -> tuple[WorkingEntry, ...]:
        """The working memory that the agent's sessions share, as it was."""
        stream = memory_stream(agent_id)
        async with self._log.database.acquire() as conn:
            view = View(self._log.partition_of(stream), stream, version)
            return await looking.working(conn, view)

    async def _answer(
        self,
        agent_id: str,
        place: Coordinate,
        question: Question,
        policy: MemoryPolicy,
        why_not: str,
    ) -> Answer:
        stream = memory_stream(agent_id)
        async with self._log.database.acquire() as conn:
            found = await find(
                conn, self._log.partition_of(stream), stream, place, question, policy
            )
        return Answer(place=place, items=found.items, space=question.space, without_vectors=why_not)

    async def _given(self, agent_id: str, said: SearchMemory) -> Compared | None:
        """The caller's own vector; `Invalid` where the agent's are of another dimension."""
        if said.embedding is None:
            return None
        stream = memory_stream(agent_id)
        async with self._log.database.acquire() as conn:
            dimensions = await conn.fetchval(DIMENSIONS, self._log.partition_of(stream), stream)
        see_dimensions(len(said.embedding), dimensions)
        from service.memory.embedder import GIVEN, unit  # noqa: PLC0415 - it brings numpy along.

        return Compared(space=GIVEN, vector=unit(said.embedding))

    async def _made(
        self, agent_id: str, query: str | None, policy: MemoryPolicy, place: Coordinate
    ) -> Compared:
        """The query's vector in the space that was active at *place*."""
        if not (query and query.strip()) or policy.recall.policy != "relevance":
            return Compared()
        stream = memory_stream(agent_id)
        partition = self._log.partition_of(stream)
        async with self._log.database.acquire() as conn:
            space = await space_at(conn, partition, stream, place.version)
            if space is None:
                return Compared(why_not="no memory had a vector yet")
            asked = await telling(conn, partition, stream, place.version, query)
        return await self._in_space(partition, agent_id, asked, space["space"])

    async def _in_space(self, partition: int, agent_id: str, query: str, space: str) -> Compared:
        from service.memory.derived import shelf_of  # noqa: PLC0415 - it brings numpy along.

        async with self._log.database.acquire() as conn:
            shelf = await shelf_of(conn, partition, agent_id)
            digest = shelf.digest(query, "query")
            vector = await shelf.vector(conn, space, digest)
        if vector is not None:
            return Compared(space=space, vector=vector)
        compared = await self._embedded(agent_id, query, space)
        if compared.vector is not None:
            async with self._log.database.acquire() as conn:
                await shelf.keep(conn, space, [digest], [compared.vector])
        return compared

    async def _embedded(self, agent_id: str, query: str, space: str) -> Compared:
        embedder = await self.embedder()
        if embedder is None:
            return Compared(why_not=f"there is no embedder here, memory is in {space}")
        if embedder.space.name != space:
            return Compared(
                why_not=f"memory is in {space}, the embedder here in {embedder.space.name}: "
                f"`agent-runtime memory {agent_id} reembed` moves it"
            )
        try:
            (vector,) = await embedder.embed([query], "query")
        except (NotReady, ProviderRefused, ProviderUnavailable) as error:
            return Compared(why_not=f"the embedder failed: {error}"[:REASON_MAX])
        return Compared(space=space, vector=vector)


def _from(answer: Answer, score: float) -> Answer:
    """*answer* without what has less than *score*."""
    return replace(answer, items=tuple(item for item in answer.items if item.score >= score))
