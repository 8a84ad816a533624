"""What tests of memory need: a process's worth of it over one database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from eventlog.bell import BellSettings
from eventlog.database import Database
from eventlog.log import EventLog, open_log
from schema.events import Event, MemoryPolicy
from schema.ids import memory_stream
from schema.messages.checked import checked
from schema.messages.memory import RememberEpisode, StoreFact
from service.memory.embedder import Embedder
from service.memory.memory import Memory
from service.memory.opening import open_memory
from service.mind.writing import Author
from service.projecting import memory_runner

ANA: Final = Author(actor="test")
START: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that tests move."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **time: float) -> None:
        self.at += timedelta(**time)


@dataclass
class Policies:
    """What agents' definitions would say."""

    policy: MemoryPolicy = field(default_factory=MemoryPolicy)

    async def __call__(self, _agent_id: str) -> MemoryPolicy:
        return self.policy


@dataclass(frozen=True)
class Process:
    """What one process has of memory."""

    log: EventLog
    memory: Memory

    async def remember(self, agent_id: str, content: str, **said: object) -> str:
        """Remember *content*; the episode's id."""
        message = checked(RememberEpisode, {"content": content, **said})
        return str((await self.memory.remember(agent_id, message, ANA)).id)

    async def store(self, agent_id: str, key: str, value: str, **said: object) -> str:
        message = checked(StoreFact, {"key": key, "value": value, **said})
        return str((await self.memory.store_fact(agent_id, message, ANA)).id)

    async def embedded(self, agent_id: str) -> None:
        """Return when all that the agent remembers has a vector."""
        assert await self.memory.settled(agent_id, timeout_s=30)

    async def facts(self, agent_id: str) -> list[Event]:
        """All events of the agent's memory."""
        blocks = self.log.read_stream(memory_stream(agent_id))
        return [fact.event async for block in blocks for fact in block]


@asynccontextmanager
async def process(
    database: Database,
    policy: MemoryPolicy | Callable[[str], Awaitable[MemoryPolicy]] = MemoryPolicy(),  # noqa: B008
    clock: Callable[[], datetime] | None = None,
    embedder: Embedder | None = None,
) -> AsyncIterator[Process]:
    """A process of its own over *database*: log, lanes and runner shared with nobody."""
    policy_of = Policies(policy) if isinstance(policy, MemoryPolicy) else policy
    async with (
        open_log(database, BellSettings(poll_s=0.05)) as log,
        open_memory(
            log,
            load_runner=lambda: memory_runner(log),
            policy_of=policy_of,
            open_embedder=lambda: nullcontext(embedder),
            clock=clock or Clock(),
        ) as memory,
    ):
        yield Process(log, memory)
