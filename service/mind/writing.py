"""Changes a part of an agent's mind: decides upon what it holds, and appends what was decided."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, TypeAlias, TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.structs import asdict

from eventlog.log import EventLog
from eventlog.members import StreamAppend, as_recorded
from eventlog.rows import recorded
from eventlog.statements import statement
from schema.envelope import AT_HEAD, Metadata, RecordedEvent
from schema.errors import Invalid, Unavailable, WrongExpectedVersion
from schema.events import EpisodeEvicted, Erased, Event
from schema.ids import uuid7
from service.mind.lanes import Lanes
from service.mind.part import Part

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


class Held(Protocol):
    """What a decision is made upon."""

    @property
    def version(self) -> int:
        """Of the stream, as far as it was folded."""

    @property
    def touched(self) -> int:
        """The last version that may change a decision."""


H = TypeVar("H", bound=Held)

AppendedFn: TypeAlias = Callable[[list[RecordedEvent]], None]
"""Told of what is in the log from here on, of one agent."""


class Decided(Struct, frozen=True):
    """What is to be appended; the last event is what was asked for.

    Without any, all is as it was asked for already, at the version that this rests on.
    """

    events: tuple[Event, ...]
    expected: int = AT_HEAD
    """The version that they rest on."""


class Written(Struct, frozen=True, kw_only=True):
    """Where a change of a mind went."""

    id: UUID
    """Of its event, and so of the episode or fact that it made; of none, where none was needed."""
    version: int
    """Of that part of the mind from then on."""
    position: int
    """In its partition of the log; 0 where nothing had to be appended."""
    replayed: bool = False
    """It had been there before, under the same id, or as it was asked for."""
    evicted: tuple[str, ...] = ()
    """The episodes that had to go for it."""


class Author(Struct, frozen=True, kw_only=True):
    """Who writes, and under which id, if they want to be able to ask again."""

    actor: str
    id: UUID | None = None
    request: str | None = None
    """The request that they made, and the trace that it belongs to."""
    traceparent: str | None = None

    @property
    def metadata(self) -> Metadata:
        """What stands beside the events."""
        return Metadata(actor=self.actor, correlation_id=self.request, traceparent=self.traceparent)


class Writer:
    """The way into one part of every agent's mind, but for the loop's, which goes with a session.

    *on_appended* hears of every append, so that what is kept of a mind can follow it.
    """

    def __init__(self, log: EventLog, part: Part, lanes: Lanes, on_appended: AppendedFn) -> None:
        self._log = log
        self._part = part
        self._lanes = lanes
        self._on_appended = on_appended

    async def write(self, agent_id: str, fact: Event, author: Author) -> Written:
        """Append *fact*, which rests on nothing."""
        return await self._append(agent_id, Decided((fact,)), author)

    async def decide(
        self,
        agent_id: str,
        held: Callable[[], Awaitable[H]],
        decide: Callable[[H], Awaitable[Decided]],
        author: Author,
    ) -> Written:
        """Append what *decide* makes of what is *held* at the log's head; again where that changes.

        `Unavailable` where others change it faster than that.
        """
        async with self._lanes.lane(agent_id):
            rebases = 0
            now = await held()
            for _ in range(TRIES_MAX):
                decided = await decide(now)
                try:
                    return await self._append(agent_id, decided, author)
                except WrongExpectedVersion:
                    # Looked at behind the pause: what is decided upon should be new.
                    await asyncio.sleep(_pause_s(rebases))
                    now = await held()
                    rebases += now.touched > decided.expected
                    if rebases > REBASES_MAX:
                        break
        raise Unavailable(
            f"others change the {self._part.name} of {agent_id} all the time: try again", 0.1
        )

    async def repeated(self, agent_id: str, fact: Event, author: Author) -> Written | None:
        """Where *fact* stands already under its author's id; `Invalid` where another one does."""
        if author.id is None:
            return None
        stream = self._part.stream_of(agent_id)
        partition = self._log.partition_of(stream)
        async with self._log.database.acquire() as conn:
            row = await conn.fetchrow(FIND, partition, author.id, stream)
        if row is None:
            return None
        found = recorded(partition, row)
        if not isinstance(found.event, Erased) and _body(found.event) != _body(fact):
            what = f"another change of {self._part.name}"
            raise Invalid("id", f"{author.id} names {what}: make a new one")
        return Written(id=author.id, version=found.version, position=found.position, replayed=True)

    async def _append(self, agent_id: str, decided: Decided, author: Author) -> Written:
        facts = decided.events
        if not facts:
            id_ = author.id or uuid7()
            return Written(id=id_, version=decided.expected, position=0, replayed=True)
        ids = [*(uuid7() for _ in facts[:-1]), author.id or uuid7()]
        stream = self._part.stream_of(agent_id)
        append = StreamAppend(stream, decided.expected, facts, ids)
        metadata = author.metadata
        (appended,) = await self._log.append(agent_id, append, metadata=metadata)
        partition = self._log.partition_of(stream)
        self._on_appended(as_recorded(appended, facts, ids, partition, agent_id, metadata))
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
