"""What tests of recall need: a memory written event by event, projected, and asked."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np

from eventlog.block import BlockLimits
from eventlog.database import Database, Dedicated
from schema import events
from schema.events import Event, MemoryPolicy, RecallPolicy
from schema.ids import memory_stream, partition_of, uuid7
from service.memory.derived import shelf_of
from service.memory.embedder import unit
from service.memory.search import Found, Question, find
from service.mind.place import Coordinate
from service.projections import PROJECTIONS
from tests.log_writing import write
from tests.projecting import level

AT: Final = datetime(2031, 2, 3, tzinfo=UTC)
MEMORY: Final = PROJECTIONS["memory"]
DIMENSIONS: Final = 4

RELEVANCE: Final = MemoryPolicy()
IMPORTANCE: Final = MemoryPolicy(recall=RecallPolicy(policy="importance"))


def hours(number: float) -> datetime:
    """So many hours after the beginning of time."""
    return AT + timedelta(hours=number)


def episode(content: str, **said: Any) -> events.EpisodeRecorded:
    """An episode of no particular importance."""
    return events.EpisodeRecorded(
        **{"content": content, "importance": 0.5, "timestamp": AT, **said}
    )


def meant(text: str, dimensions: int = DIMENSIONS) -> Any:
    """The vector of *text*: any, but always the same."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    return unit(np.random.default_rng(seed).normal(size=dimensions))


def hybrid(recency: float, frequency: float, **said: Any) -> MemoryPolicy:
    """The seed's policy of that name."""
    weights = {"recency_weight": recency, "frequency_weight": frequency}
    return MemoryPolicy(recall=RecallPolicy(policy="hybrid", **weights, **said))


@dataclass
class Agent:
    """An agent whose memory a test writes, in a database of *partitions*."""

    database: Database
    owner: Dedicated
    partitions: int = 1
    name: str = "a-1"
    version: int = 0
    ids: list[UUID] = field(default_factory=list)

    @property
    def stream(self) -> str:
        return memory_stream(self.name)

    @property
    def partition(self) -> int:
        return partition_of(self.name, self.partitions)

    async def tell(self, *facts: Event, ids: Sequence[UUID] = ()) -> list[str]:
        """Append *facts* and project them; their ids."""
        ids = ids or [uuid7() for _ in facts]
        await write(self.owner, self.partition, self.name, self.stream, *facts, ids=ids)
        self.version += len(facts)
        self.ids += ids
        await level(self.database, [MEMORY], BlockLimits(events=100))
        return [str(id_) for id_ in ids]

    async def derive(self, space: str, told: Mapping[UUID, str]) -> None:
        """Vectors in *space* of what entries say, by their ids, as a follower leaves them."""
        shelf = await shelf_of(self.owner, self.partition, self.name)
        digests = [shelf.digest(text, "passage") for text in told.values()]
        vectors = [meant(f"{space}: {text}") for text in told.values()]
        await shelf.keep(self.owner, space, digests, vectors)
        await shelf.keep_digests(self.owner, list(told), digests)

    async def ask(
        self,
        question: Question,
        policy: MemoryPolicy = RELEVANCE,
        *,
        at: datetime = AT,
        version: int | None = None,
    ) -> Found:
        """What it holds for *question*, now or as of *version*."""
        place = Coordinate(version=self.version if version is None else version, at=at)
        async with self.database.acquire() as conn:
            return await find(conn, self.partition, self.stream, place, question, policy)

    async def found(
        self, question: Question, policy: MemoryPolicy = RELEVANCE, **at: Any
    ) -> list[str]:
        """The same, but only what is said."""
        return [item.content for item in (await self.ask(question, policy, **at)).items]
