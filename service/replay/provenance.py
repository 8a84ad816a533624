"""Provenance: backward, what led to an event, across sessions; forward, what it led to."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from msgspec import Struct

from eventlog.log import EventLog
from eventlog.statements import statement
from schema import events
from schema.envelope import RecordedEvent
from schema.errors import NotFound
from schema.ids import graph_stream, memory_stream, session_of, session_stream
from service.lineage import read_lineage
from service.replay.causes import Cause, Causes
from service.replay.naming import names, wrote

EVENTS_BY_ID: Final = statement(__package__, "events_by_id")
PUT_ENTITIES: Final = statement(__package__, "put_entities")
PUT_RELATIONSHIPS: Final = statement(__package__, "put_relationships")
WRITTEN_BY: Final = statement(__package__, "written_by")
RECALLED_IN: Final = statement(__package__, "recalled_in")
GRAPH_RECALLS: Final = statement(__package__, "graph_recalls")
FORKED_FROM: Final = statement(__package__, "forked_from")

NODES_MAX: Final = 10_000
"""Events that one answer may name."""
SESSIONS_KEPT: Final = 32
"""Sessions whose events are held while others are asked about."""
LED_MAX: Final = 1000
"""Links of one event into other streams."""

Direction = Literal["backward", "forward"]
Place: TypeAlias = tuple[str, int]
"""Stream and version."""


class Link(Struct, frozen=True):
    """One event led to another."""

    cause: Place
    effect: Place
    why: str


class Traced(Struct, frozen=True, kw_only=True):
    """What an event goes back to, or what it led to."""

    start: Place
    facts: tuple[RecordedEvent, ...]
    """Each event once, the start first, in the order in which they were reached."""
    links: tuple[Link, ...]
    complete: bool
    """False where there was more than an answer may name."""


async def trace(
    log: EventLog,
    stream: str,
    version: int,
    direction: Direction,
    *,
    nodes_max: int = NODES_MAX,
) -> Traced:
    """Walk from the event of *stream* at *version* to all that led to it, or all it led to.

    Its links into minds and across sessions are those that rows tell of: they must be level.
    """
    return await _Walk(log, direction, nodes_max).from_(stream, version)


class _Session(Struct, frozen=True):
    """A session's events, and how they led to each other."""

    facts: Sequence[RecordedEvent]
    causes: dict[int, list[Cause]]
    effects: dict[int, list[Cause]]


class _Walk:
    """One question on its way through the log."""

    def __init__(self, log: EventLog, direction: Direction, nodes_max: int) -> None:
        self._log = log
        self._step = self._back if direction == "backward" else self._forth
        self._direction = direction
        self._nodes_max = nodes_max
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    async def from_(self, stream: str, version: int) -> Traced:
        first = await self._fact(stream, version)
        start: Place = (first.stream, first.version)
        seen: dict[Place, RecordedEvent] = {start: first}
        links: dict[Link, None] = {}
        due = deque([(stream, first)])
        complete = True
        while due:
            within, fact = due.popleft()
            for place, why, by_way_of in await self._step(within, fact):
                if place not in seen and len(seen) >= self._nodes_max:
                    complete = False
                    continue
                if place not in seen:
                    seen[place] = await self._fact(by_way_of, place[1])
                    due.append((by_way_of, seen[place]))
                links[self._link((fact.stream, fact.version), place, why)] = None
        return Traced(
            start=start, facts=tuple(seen.values()), links=tuple(links), complete=complete
        )

    def _link(self, here: Place, there: Place, why: str) -> Link:
        return Link(there, here, why) if self._direction == "backward" else Link(here, there, why)

    async def _fact(self, stream: str, version: int) -> RecordedEvent:
        """One event; of a fork also one of those before it."""
        if stream.startswith("session-"):
            facts = (await self._session(stream)).facts
            if 1 <= version <= len(facts):
                return facts[version - 1]
        else:
            read = self._log.read_stream(stream, after=version - 1, up_to=version)
            async with aclosing(read) as blocks:
                async for block in blocks:
                    return block[0]
        raise NotFound(f"{stream} has no version {version}")

    async def _session(self, stream: str) -> _Session:
        if stream in self._sessions:
            self._sessions.move_to_end(stream)
            return self._sessions[stream]
        async with aclosing(read_lineage(self._log, session_of(stream))) as read:
            facts = [fact async for fact in read]
        causes = Causes(facts).of
        effects: dict[int, list[Cause]] = {}
        for version, led in causes.items():
            for cause in led:
                effects.setdefault(cause.version, []).append(Cause(version, cause.why))
        self._sessions[stream] = session = _Session(facts, causes, effects)
        if len(self._sessions) > SESSIONS_KEPT:
            self._sessions.popitem(last=False)
        return session

    # ---- backward --------------------------------------------------------------------------------

    async def _back(self, within: str, fact: RecordedEvent) -> list[tuple[Place, str, str]]:
        """What led to *fact*: where it stands, why, and the stream by way of which it is read."""
        if not fact.stream.startswith("session-"):
            return await self._writer(fact)
        session = await self._session(within)
        found = [
            (_place(session.facts[cause.version - 1]), cause.why, within)
            for cause in session.causes.get(fact.version, ())
        ]
        match fact.event:
            case events.MemoryRecalled() as recalled:
                found += await self._memories(fact, recalled)
            case events.GraphRecalled() as known:
                found += await self._known(fact, known)
        return found

    async def _memories(
        self, fact: RecordedEvent, recalled: events.MemoryRecalled
    ) -> list[tuple[Place, str, str]]:
        ids = [UUID(item.id) for item in recalled.items if item.told]
        async with self._log.database.acquire() as conn:
            rows = await conn.fetch(EVENTS_BY_ID, fact.partition, ids)
        return [((row["stream"], row["version"]), "recalled", row["stream"]) for row in rows]

    async def _known(
        self, fact: RecordedEvent, known: events.GraphRecalled
    ) -> list[tuple[Place, str, str]]:
        stream = graph_stream(fact.agent_id)
        ids = [one.id for one in known.entities if one.told]
        told = [one for one in known.relationships if one.told]
        ends = [[getattr(one, name) for one in told] for name in ("source", "target", "kind")]
        async with self._log.database.acquire() as conn:
            key = (fact.partition, stream)
            rows = [
                *await conn.fetch(PUT_ENTITIES, *key, ids, known.version),
                *await conn.fetch(PUT_RELATIONSHIPS, *key, *ends, known.version),
            ]
        return [((stream, row["version"]), "known", stream) for row in rows]

    async def _writer(self, fact: RecordedEvent) -> list[tuple[Place, str, str]]:
        """The call, or the answer, by which a session wrote *fact* into a mind."""
        session = getattr(fact.event, "session", None)
        try:
            stream = session_stream(UUID(session or ""))
        except ValueError:  # Somebody else wrote it; what they call a session is theirs.
            return []
        call_id = getattr(fact.event, "call_id", None)
        for other in (await self._session(stream)).facts:
            if wrote(other.event, call_id):
                return [(_place(other), "written by", stream)]
        return []

    # ---- forward ---------------------------------------------------------------------------------

    async def _forth(self, within: str, fact: RecordedEvent) -> list[tuple[Place, str, str]]:
        """What *fact* led to."""
        if not fact.stream.startswith("session-"):
            return await self._readers(fact)
        session = await self._session(within)
        found = [
            (_place(session.facts[effect.version - 1]), effect.why, within)
            for effect in session.effects.get(fact.version, ())
        ]
        if isinstance(fact.event, events.ToolCalled | events.SessionCompleted):
            found += await self._written(fact)
        return found + await self._forks(fact)

    async def _written(self, fact: RecordedEvent) -> list[tuple[Place, str, str]]:
        """What a call, or the answer of a session that is remembered, left in the mind."""
        session = fact.stream.removeprefix("session-")
        streams = {"memory": memory_stream(fact.agent_id), "graph": graph_stream(fact.agent_id)}
        async with self._log.database.acquire() as conn:
            rows = await conn.fetch(WRITTEN_BY, fact.partition, session, *streams.values(), LED_MAX)
        return [
            ((streams[row["part"]], row["version"]), "written by", streams[row["part"]])
            for row in rows
            if wrote(fact.event, row["call_id"])
        ]

    async def _readers(self, fact: RecordedEvent) -> list[tuple[Place, str, str]]:
        if fact.stream == graph_stream(fact.agent_id):
            return await self._told_of(fact)
        async with self._log.database.acquire() as conn:
            rows = await conn.fetch(RECALLED_IN, fact.partition, str(fact.event_id), LED_MAX)
        found: list[tuple[Place, str, str]] = []
        for row in rows:
            stream = session_stream(row["session_id"])
            found.append(((stream, row["version"]), "recalled", stream))
        return found

    async def _told_of(self, fact: RecordedEvent) -> list[tuple[Place, str, str]]:
        """The sessions that were told of an entity or a relationship as *fact* put it."""
        async with self._log.database.acquire() as conn:
            key = (fact.partition, fact.agent_id, fact.version)
            rows = await conn.fetch(GRAPH_RECALLS, *key, LED_MAX)
        kind = events.GraphRecalled.type
        found: list[tuple[Place, str, str]] = []
        for row in rows:
            known = events.decode(kind, row["schema_version"], row["data"])
            if isinstance(known, events.GraphRecalled) and await self._is_of(fact, known):
                found.append(((row["stream"], row["version"]), "known", row["stream"]))
        return found

    async def _is_of(self, fact: RecordedEvent, known: events.GraphRecalled) -> bool:
        """Whether what *known* tells was put by *fact*, and by none that came later."""
        if not names(known, fact.event):
            return False
        recall: Any = fact
        return any(place == _place(fact) for place, *_ in await self._known(recall, known))

    async def _forks(self, fact: RecordedEvent) -> list[tuple[Place, str, str]]:
        """What *fact* led to in the forks that share it."""
        async with self._log.database.acquire() as conn:
            own = session_of(fact.stream)
            rows = await conn.fetch(FORKED_FROM, fact.partition, own, fact.version, LED_MAX)
        found: list[tuple[Place, str, str]] = []
        for row in rows:
            stream = session_stream(row["id"])
            fork = await self._session(stream)
            if not _shares(fork, fact):
                continue
            for effect in fork.effects.get(fact.version, ()):
                if effect.version > row["forked_at"]:
                    there = _place(fork.facts[effect.version - 1])
                    found.append((there, effect.why, stream))
        return found


def _shares(fork: _Session, fact: RecordedEvent) -> bool:
    """Whether the past of *fork* holds *fact*."""
    version = fact.version
    return version <= len(fork.facts) and fork.facts[version - 1].event_id == fact.event_id


def _place(fact: RecordedEvent) -> Place:
    return fact.stream, fact.version


def in_order(facts: Iterable[RecordedEvent]) -> list[RecordedEvent]:
    """*facts* in the order in which they were recorded."""
    return sorted(facts, key=lambda fact: (fact.partition, fact.position))
