"""Memories of agents without a database: a stream in a list, folded anew for every question."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from eventlog.members import StreamAppend
from schema.envelope import AT_HEAD, Metadata, RecordedEvent
from schema.errors import WrongExpectedVersion
from schema.events import (
    EpisodeForgotten,
    EpisodeRecorded,
    Event,
    MemoryPolicy,
    MemoryRecalled,
    RecalledItem,
)
from schema.ids import memory_stream, uuid7
from service.memory.capacity import Holdings, evolve
from service.memory.mind import Mind
from service.memory.working import Working

AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class ListedMinds:
    """The memory of ada, and what others append to it before our next change of it."""

    facts: list[RecordedEvent] = field(default_factory=list)
    interruptions: list[Sequence[Event]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Each query that a recall was made for."""
    decided: int = 0
    """How often somebody was alone with it."""

    def mind(
        self,
        *,
        agent_id: str,
        policy: MemoryPolicy,
        session: str,
        call_id: str | None,
        at: datetime,
        working: Working,
        as_of: int | None = None,
    ) -> Mind:
        assert as_of is None or as_of >= 0
        return ListedMind(self, agent_id, policy, session, call_id, at, working)

    def lane(self, agent_id: str) -> AbstractAsyncContextManager[object]:
        assert agent_id == "ada"
        return self._alone()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        self.decided += 1
        yield

    @property
    def version(self) -> int:
        return len(self.facts)

    def remember(self, *contents: str, timestamp: datetime = AT) -> list[str]:
        """Episodes of before; their ids."""
        episodes = [
            EpisodeRecorded(content=c, importance=0.5, timestamp=timestamp) for c in contents
        ]
        return [str(self.add(episode).event_id) for episode in episodes]

    def check(self, append: StreamAppend) -> None:
        """Let others be faster, then refuse what rests on a version that is past."""
        if self.interruptions:
            for fact in self.interruptions.pop(0):
                self.add(fact)
        if append.expected not in (AT_HEAD, self.version):
            raise WrongExpectedVersion(append.stream, append.expected, self.version)

    def take(self, append: StreamAppend) -> None:
        ids = append.ids or [uuid7() for _ in append.events]
        for fact, event_id in zip(append.events, ids, strict=True):
            self.add(fact, event_id)

    def events(self) -> list[Event]:
        return [fact.event for fact in self.facts]

    def held(self) -> Holdings:
        holdings = Holdings()
        for fact in self.facts:
            holdings = evolve(holdings, fact)
        return holdings

    def add(self, fact: Event, event_id: UUID | None = None) -> RecordedEvent:
        recorded = RecordedEvent(
            partition=0,
            position=self.version + 1,
            agent_id="ada",
            stream=memory_stream("ada"),
            version=self.version + 1,
            event_id=event_id or uuid7(),
            type=fact.type,
            schema_version=fact.schema_version,
            event=fact,
            metadata=Metadata(),
            recorded_at=AT,
        )
        self.facts.append(recorded)
        return recorded


@dataclass(frozen=True)
class ListedMind:
    """One call's view."""

    minds: ListedMinds
    agent_id: str
    policy: MemoryPolicy
    session: str
    call_id: str | None
    at: datetime
    working: Working

    async def holdings(self) -> Holdings:
        return self.minds.held()

    async def recall(self, query: str, limit: int, tags: Sequence[str]) -> MemoryRecalled:
        """By the number of words shared; all that share one."""
        self.minds.asked.append(query)
        words = set(query.lower().split())
        found = [
            (len(words & set(item.content.lower().split())), -n, item)
            for n, item in enumerate(self._items())
            if set(tags) <= set(item.tags)
        ]
        best = sorted((hit for hit in found if hit[0]), reverse=True, key=lambda hit: hit[:2])
        return MemoryRecalled(
            query=query,
            policy=self.policy,
            version=self.minds.version,
            at=self.at,
            items=tuple(item for _, _, item in best[:limit]),
            working=self.minds.held().working.entries if self.policy.working_shared else (),
            call_id=self.call_id,
        )

    def _items(self) -> list[RecalledItem]:
        gone = {f.event.id for f in self.minds.facts if isinstance(f.event, EpisodeForgotten)}
        return [
            RecalledItem(
                id=str(fact.event_id),
                kind="episode",
                content=fact.event.content,
                score=0.5,
                parts={"importance": 0.5},
                importance=0.5,
                timestamp=fact.event.timestamp,
                tags=fact.event.tags,
            )
            for fact in self.minds.facts
            if isinstance(fact.event, EpisodeRecorded) and str(fact.event_id) not in gone
        ]
