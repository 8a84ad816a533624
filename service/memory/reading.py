"""Reads an agent's memory: all of it at a place, or what lies between two."""

from contextlib import aclosing
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from eventlog.log import EventLog
from schema.errors import Invalid
from schema.events import WorkingEntry
from schema.ids import checked_agent_id, memory_stream, session_of, session_stream
from service.memory import looking
from service.memory import working as notes
from service.memory.asking import Asker
from service.memory.looking import Counts, Difference, Episode, Fact, View
from service.memory.working import Working


class Seen(Struct, frozen=True, kw_only=True):
    """A memory as it was at a version."""

    version: int
    head: int
    """The last version that there is by now."""
    at: datetime
    """Its moment: what had expired by then was held, and recalled no more."""
    counts: Counts
    episodes: list[Episode]
    """The newest ones."""
    facts: list[Fact]
    working: tuple[WorkingEntry, ...]
    notes: tuple[WorkingEntry, ...] = ()
    """The session's own working memory, where it was asked what a step of one had."""


class Changes(Struct, frozen=True, kw_only=True):
    """What lies between two versions of a memory."""

    since: int
    version: int
    differences: list[Difference]


class Reader:
    """Reads the memories of all agents, as their rows have them once they are level."""

    def __init__(self, log: EventLog, asker: Asker) -> None:
        self._log = log
        self._asker = asker

    async def look(self, agent_id: str, as_of: int | str | None, limit: int, at: datetime) -> Seen:
        """What the agent held at *as_of*, at most *limit* of each kind."""
        head = await self._asker.place(checked_agent_id(agent_id), None, at)
        place = head if as_of is None else await self._asker.place(agent_id, as_of, at)
        view = self._view(agent_id, place.version)
        own = await self._notes(as_of)
        async with self._log.database.acquire() as conn:
            return Seen(
                version=place.version,
                head=head.version,
                at=place.at,
                counts=await looking.counts(conn, view),
                episodes=await looking.episodes(conn, view, limit),
                facts=await looking.facts(conn, view, limit),
                working=await looking.working(conn, view),
                notes=own,
            )

    async def diff(
        self, agent_id: str, since: int | str, until: int | str, at: datetime
    ) -> Changes:
        """What has changed from *since* to *until*."""
        first = await self._asker.place(checked_agent_id(agent_id), since, at)
        last = await self._asker.place(agent_id, until, at)
        if first.version > last.version:
            detail = f"goes from version {first.version} back to {last.version}: turn it around"
            raise Invalid("diff", detail)
        async with self._log.database.acquire() as conn:
            view = self._view(agent_id, last.version)
            found = await looking.differences(conn, view, first.version)
        return Changes(since=first.version, version=last.version, differences=found)

    async def named(self, agent_id: str, part: str, limit: int, at: datetime) -> list[UUID]:
        """Episodes that are held now and whose ids begin or end with *part*."""
        place = await self._asker.place(checked_agent_id(agent_id), None, at)
        async with self._log.database.acquire() as conn:
            return await looking.named(conn, self._view(agent_id, place.version), part, limit)

    async def _notes(self, as_of: int | str | None) -> tuple[WorkingEntry, ...]:
        """The working memory that the session had to itself, where *as_of* is `session@version`."""
        session, is_step, version = str(as_of or "").rpartition("@")
        if not is_step:
            return ()
        stream = session_stream(session_of(f"session-{session.removeprefix('session-')}"))
        working = Working()
        async with aclosing(self._log.read_stream(stream, up_to=int(version))) as blocks:
            async for block in blocks:
                for fact in block:
                    working = notes.evolve(working, fact.event)
        return working.entries

    def _view(self, agent_id: str, version: int) -> View:
        stream = memory_stream(agent_id)
        return View(self._log.partition_of(stream), stream, version)
