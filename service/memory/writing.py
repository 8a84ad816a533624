"""Changes an agent's memory: decides upon what it holds, and appends what was decided."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias
from uuid import UUID

from msgspec import Struct
from msgspec.structs import asdict

from eventlog.log import EventLog
from eventlog.members import StreamAppend, as_recorded
from eventlog.rows import recorded
from eventlog.statements import statement
from schema.envelope import AT_HEAD, Metadata
from schema.errors import Invalid, Unavailable, WrongExpectedVersion
from schema.events import EpisodeEvicted, Erased, Event
from schema.ids import memory_stream, uuid7
from service.memory.capacity import Holdings
from service.memory.kept import Kept
from service.memory.lanes import Lanes

FIND: Final = statement(__package__, "find_event")

REBASES_MAX: Final = 20
"""How often a decision is made anew because what it rests on has changed: a caller who only writes
may try more often than a tool, behind which a session waits."""
TRIES_MAX: Final = 100
"""The same where nothing that it rests on has changed, but something was recorded beside it."""

PAUSE_FIRST_S: Final = 0.001
PAUSE_MAX_S: Final = 0.05

_TOLD_LATER: Final = frozenset({"timestamp", "at"})
"""Fields that are filled in when the caller leaves them out: a repeat may differ there."""

HoldingsFn: TypeAlias = Callable[[], Awaitable[Holdings]]
DecideFn: TypeAlias = Callable[[Holdings], Awaitable["Decided"]]


class Decided(Struct, frozen=True):
    """What is to be appended to an agent's memory; the last event is what was asked for."""

    events: tuple[Event, ...]
    expected: int = AT_HEAD
    """The version of memory that they rest on."""


class Written(Struct, frozen=True, kw_only=True):
    """Where a change of memory went."""

    id: UUID
    """Of its event: the episode's or the fact's, where one was made."""
    version: int
    """Of the memory from then on."""
    position: int
    """In its partition of the log."""
    replayed: bool = False
    """It had been there before, under the same id."""
    evicted: tuple[str, ...] = ()
    """The episodes that had to go for it."""


class Author(Struct, frozen=True, kw_only=True):
    """Who writes, and under which id, if they want to be able to ask again."""

    actor: str
    id: UUID | None = None


class Writer:
    """The way into every agent's memory, but for the loop's, which appends with its session."""

    def __init__(self, log: EventLog, kept: Kept, lanes: Lanes) -> None:
        self._log = log
        self._kept = kept
        self._lanes = lanes

    async def write(self, agent_id: str, fact: Event, author: Author) -> Written:
        """Append *fact*, which rests on nothing."""
        return await self._append(agent_id, Decided((fact,)), author)

    async def decide(self, agent_id: str, decide: DecideFn, author: Author) -> Written:
        """Append what *decide* makes of what the agent holds, again where that has changed.

        `Unavailable` where others change it faster than that.
        """
        async with self._lanes.lane(agent_id):
            rebases = 0
            for _ in range(TRIES_MAX):
                held = await self._kept.fresh(agent_id)
                decided = await decide(held)
                try:
                    return await self._append(agent_id, decided, author)
                except WrongExpectedVersion:
                    rebases += (await self._kept.fresh(agent_id)).touched > decided.expected
                    if rebases > REBASES_MAX:
                        break
                    await asyncio.sleep(_pause_s(rebases))
        raise Unavailable(f"others change the memory of {agent_id} all the time: try again", 0.1)

    async def repeated(self, agent_id: str, fact: Event, author: Author) -> Written | None:
        """Where *fact* stands already under its author's id; `Invalid` where another one does."""
        if author.id is None:
            return None
        stream = memory_stream(agent_id)
        partition = self._log.partition_of(stream)
        async with self._log.database.acquire() as conn:
            row = await conn.fetchrow(FIND, partition, author.id, stream)
        if row is None:
            return None
        found = recorded(partition, row)
        if not isinstance(found.event, Erased) and _body(found.event) != _body(fact):
            raise Invalid("id", f"{author.id} names another change of memory: make a new one")
        return Written(id=author.id, version=found.version, position=found.position, replayed=True)

    async def _append(self, agent_id: str, decided: Decided, author: Author) -> Written:
        facts = decided.events
        ids = [*(uuid7() for _ in facts[:-1]), author.id or uuid7()]
        stream = memory_stream(agent_id)
        append = StreamAppend(stream, decided.expected, facts, ids)
        metadata = Metadata(actor=author.actor)
        (appended,) = await self._log.append(agent_id, append, metadata=metadata)
        partition = self._log.partition_of(stream)
        self._kept.appended(as_recorded(appended, facts, ids, partition, agent_id, metadata))
        return Written(
            id=ids[-1],
            version=appended.version,
            position=appended.position,
            replayed=appended.replayed,
            evicted=tuple(fact.id for fact in facts if isinstance(fact, EpisodeEvicted)),
        )


def _pause_s(rebases: int) -> float:
    """How long to stand back, so that of two who are in each other's way one comes through."""
    ceiling = min(PAUSE_MAX_S, PAUSE_FIRST_S * 2 ** min(rebases, 10))
    return random.uniform(0, ceiling)  # noqa: S311 - spreads load, hides nothing.


def _body(event: Event) -> tuple[str, dict[str, Any]]:
    said = {name: value for name, value in asdict(event).items() if name not in _TOLD_LATER}
    return event.type, said
