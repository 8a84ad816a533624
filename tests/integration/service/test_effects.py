"""A session's effects on a real log: what it does to its stream and to memory is one append."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from eventlog.bell import BellSettings
from eventlog.database import Database
from eventlog.log import EventLog, open_log
from eventlog.members import StreamAppend
from schema import events
from schema.completions import Completion, CompletionRequest
from schema.envelope import AT_HEAD, Metadata, RecordedEvent
from schema.errors import Fenced
from schema.events import Event, MemoryRecalled
from schema.ids import memory_stream, new_session_id, session_stream
from service.agent import loop
from service.agent.session import SessionState, Status, fold
from service.agent.tools import ToolRegistry, memory_tools
from service.effects import SessionEffects, Unwatched
from service.guarded import RULES, Guards
from service.memory.capacity import Holdings
from service.metrics import Metrics
from service.orchestrator.breaker import LocalBreakers
from service.replay import verify
from tests.leasing import lease_of
from tests.listed_graphs import ListedGraphs
from tests.minds import AT, ListedMind, ListedMinds
from tests.scripted_sessions import ScriptedModel, asks, remembering, says

OTHER = Metadata(actor="other")
REMEMBER = asks(("remember", {"content": "Ana is 40."}))
DONE = says("done")


@dataclass
class LoggedMinds(ListedMinds):
    """The memory of ada as a real log has it, read anew for every question."""

    log: EventLog | None = None
    meanwhile: Callable[[], Awaitable[Any]] | None = None
    """What others do once holdings were looked at."""

    def mind(self, *, as_of: int | None = None, **asking: Any) -> "LoggedMind":
        assert as_of is None, "no session here is a fork"
        return LoggedMind(self, **asking)

    async def read(self) -> None:
        assert self.log is not None
        self.facts = await read(self.log, memory_stream("ada"))


@dataclass(frozen=True)
class LoggedMind(ListedMind):
    """One call's view of it."""

    minds: LoggedMinds

    async def holdings(self) -> Holdings:
        await self.minds.read()
        held = await super().holdings()
        if self.minds.meanwhile is not None:
            await self.minds.meanwhile()
        return held

    async def recall(self, query: str, limit: int, tags: Sequence[str]) -> MemoryRecalled:
        await self.minds.read()
        return await super().recall(query, limit, tags)


@dataclass
class Model:
    """A provider that says what its script says."""

    script: ScriptedModel
    native_tools: bool = True

    async def complete(
        self, request: CompletionRequest, _on_delta: Callable[[str], None]
    ) -> Completion:
        return await self.script.think(request)


@dataclass
class World:
    """A log, and sessions of ada on it."""

    log: EventLog
    minds: LoggedMinds = field(default_factory=LoggedMinds)
    metrics: Metrics = field(default_factory=Metrics)

    async def start(self, policy: events.MemoryPolicy | None, *said: Completion) -> "Session":
        session_id = new_session_id("ada")
        start = remembering(protocol=events.Protocol.NATIVE, memory=policy)
        append = StreamAppend(session_stream(session_id), 0, (start,), epoch=1)
        await self.log.append("ada", append, metadata=OTHER)
        (first,) = await read(self.log, session_stream(session_id))
        model = Model(ScriptedModel(list(said)))
        effects = SessionEffects(
            session_id=session_id,
            agent_id="ada",
            lease=lease_of(session_id, "ada"),
            tool_timeout_s=30,
            observation_bytes_max=65_536,
            log=self.log,
            guards=Guards(LocalBreakers(), RULES),
            provider_of=lambda _: model,
            tools=ToolRegistry(memory_tools()),
            metrics=self.metrics,
            watcher=Unwatched(),
            minds=self.minds,
            graphs=ListedGraphs(),
            started=first,
            called={},
        )
        return Session(self, session_id, effects, first)

    async def append(self, stream: str, expected: int, *facts: Event, epoch: int = 0) -> None:
        append = StreamAppend(stream, expected, facts, epoch=epoch or None)
        await self.log.append("ada", append, metadata=OTHER)

    async def remembered(self) -> list[RecordedEvent]:
        return await read(self.log, memory_stream("ada"))


@dataclass
class Session:
    """One session of it."""

    world: World
    id: UUID
    effects: SessionEffects
    first: RecordedEvent

    async def run(self) -> SessionState:
        effects = self.effects.as_effects()
        return await loop.run(fold([self.first.event]), effects, calls_at_once=4)

    async def facts(self) -> list[RecordedEvent]:
        return await read(self.world.log, session_stream(self.id))


async def read(log: EventLog, stream: str) -> list[RecordedEvent]:
    async with aclosing(log.read_stream(stream)) as blocks:
        return [fact async for block in blocks for fact in block]


@asynccontextmanager
async def world_on(database: Database) -> AsyncIterator[World]:
    async with open_log(database, BellSettings()) as log:
        world = World(log)
        world.minds.log = log
        yield world


def of(facts: list[RecordedEvent], kind: type[Event]) -> RecordedEvent:
    return next(fact for fact in facts if isinstance(fact.event, kind))


async def test_what_is_recalled_is_recalled_at_the_time_that_the_log_gave_its_asking(
    database: Database,
):
    async with world_on(database) as world:
        known = events.EpisodeRecorded(content="What is", importance=1, timestamp=AT)
        await world.append(memory_stream("ada"), AT_HEAD, known)
        recall = asks(("recall", {"query": "What"}))
        session = await world.start(events.MemoryPolicy(), recall, DONE)
        await session.run()
        facts, memory = await session.facts(), await world.remembered()
    before, later = (fact.event for fact in facts if isinstance(fact.event, MemoryRecalled))
    assert isinstance(before, MemoryRecalled)
    assert isinstance(later, MemoryRecalled)
    assert before.at == facts[0].recorded_at
    assert later.at == of(facts, events.ToolCalled).recorded_at
    assert [fact.type for fact in memory[1:]] == ["recalls_counted", "recalls_counted"]
    assert world.metrics.registry.get_sample_value("agent_runtime_memory_recalls_total") == 2
    assert verify(facts).difference is None


async def test_a_memory_and_the_return_that_tells_of_it_are_one_append(database: Database):
    async with world_on(database) as world:
        session = await world.start(events.MemoryPolicy(), REMEMBER, DONE)
        await session.run()
        facts, (episode,) = await session.facts(), await world.remembered()
    returned = of(facts, events.ToolReturned)
    assert returned.recorded_at == episode.recorded_at
    assert episode.position == returned.position + 1
    assert str(episode.event_id) in returned.event.observation  # type: ignore[attr-defined]
    assert verify(facts).difference is None


async def test_a_session_that_was_taken_over_changes_neither_its_stream_nor_memory(
    database: Database,
):
    async with world_on(database) as world:
        policy = events.MemoryPolicy(max_memory_recalls=0, capacity=9)
        session = await world.start(policy, REMEMBER, DONE)

        async def taken_over() -> None:
            resumed = events.SessionResumed(epoch=2)
            await world.append(session_stream(session.id), 3, resumed, epoch=2)

        world.minds.meanwhile = taken_over
        with pytest.raises(Fenced):
            await session.run()
        facts = await session.facts()
        assert [fact.type for fact in facts][-2:] == ["tool_called", "session_resumed"]
        assert await world.remembered() == []


async def test_memory_that_moves_on_between_is_looked_at_again(database: Database):
    async with world_on(database) as world:
        policy = events.MemoryPolicy(max_memory_recalls=0, capacity=2)
        session = await world.start(policy, REMEMBER, DONE)
        left = [events.EpisodeRecorded(content=c, importance=0, timestamp=AT) for c in "ab"]

        async def others() -> None:
            if left:
                await world.append(memory_stream("ada"), AT_HEAD, left.pop())

        world.minds.meanwhile = others
        state = await session.run()
        memory = await world.remembered()
    assert state.status is Status.COMPLETED
    assert [fact.type for fact in memory] == [
        *("episode_recorded", "episode_recorded", "episode_evicted", "episode_recorded")
    ]


@pytest.mark.parametrize("capacity", [None, 20, 3])
async def test_sessions_of_one_agent_side_by_side_lose_nothing(
    database: Database, capacity: int | None
):
    async with world_on(database) as world:
        policy = events.MemoryPolicy(capacity=capacity)
        script = [REMEMBER, REMEMBER, DONE]
        sessions = [await world.start(policy, *script) for _ in range(3)]
        await asyncio.gather(*(session.run() for session in sessions))
        memory = await world.remembered()
        told = 0
        for session in sessions:
            facts = await session.facts()
            assert verify(facts).difference is None
            told += sum(
                isinstance(fact.event, events.ToolReturned) and fact.event.ok for fact in facts
            )
    episodes = sum(isinstance(fact.event, events.EpisodeRecorded) for fact in memory)
    evicted = sum(isinstance(fact.event, events.EpisodeEvicted) for fact in memory)
    assert episodes == told > 0
    assert capacity is None or episodes - evicted <= capacity


async def test_an_answer_is_written_back_in_the_append_that_completes_the_session(
    database: Database,
):
    async with world_on(database) as world:
        policy = events.MemoryPolicy(write_back=True, capacity=1, max_memory_recalls=0)
        for _ in range(2):
            session = await world.start(policy, DONE)
            await session.run()
        facts, memory = await session.facts(), await world.remembered()
    completed, episode = of(facts, events.SessionCompleted), memory[-1]
    assert [fact.type for fact in memory] == [
        *("episode_recorded", "episode_evicted", "episode_recorded")
    ]
    assert episode.event == events.EpisodeRecorded(
        content="What is 17*23?\n\ndone",
        importance=0.5,
        timestamp=facts[0].recorded_at,
        tags=("session",),
        session=str(session.id),
    )
    assert episode.recorded_at == completed.recorded_at
    assert verify(facts).difference is None


async def test_who_was_taken_over_before_its_answer_writes_back_nothing(database: Database):
    async with world_on(database) as world:
        policy = events.MemoryPolicy(write_back=True, capacity=1, max_memory_recalls=0)
        session = await world.start(policy, DONE)

        async def taken_over() -> None:
            resumed = events.SessionResumed(epoch=2)
            await world.append(session_stream(session.id), 1, resumed, epoch=2)

        world.minds.meanwhile = taken_over
        with pytest.raises(Fenced):
            await session.run()
        assert [fact.type for fact in await session.facts()][-1] == "session_resumed"
        assert await world.remembered() == []


async def test_a_write_back_is_planned_anew_when_memory_moves_on(database: Database):
    async with world_on(database) as world:
        policy = events.MemoryPolicy(write_back=True, capacity=1, max_memory_recalls=0)
        session = await world.start(policy, DONE)
        left = [events.EpisodeRecorded(content="a", importance=0, timestamp=AT)]

        async def others() -> None:
            if left:
                await world.append(memory_stream("ada"), AT_HEAD, left.pop())

        world.minds.meanwhile = others
        state = await session.run()
        memory = await world.remembered()
    assert state.status is Status.COMPLETED
    assert [fact.type for fact in memory] == [
        *("episode_recorded", "episode_evicted", "episode_recorded")
    ]


async def test_a_session_completes_though_memory_takes_no_more(database: Database):
    async with world_on(database) as world:
        pinned = events.EpisodeRecorded(content="a", importance=0, timestamp=AT, pinned=True)
        await world.append(memory_stream("ada"), AT_HEAD, pinned)
        session = await world.start(events.MemoryPolicy(write_back=True, capacity=1), DONE)
        state = await session.run()
        assert (state.status, len(await world.remembered())) == (Status.COMPLETED, 1)


async def test_a_session_that_failed_is_not_written_back(database: Database):
    async with world_on(database) as world:
        policy = events.MemoryPolicy(write_back=True)
        session = await world.start(policy, says("No.", stop_reason="refusal"))
        state = await session.run()
        assert (state.status, await world.remembered()) == (Status.FAILED, [])
