"""What agents hold, kept between their decisions and brought to the log's head when asked."""

from collections import OrderedDict
from contextlib import aclosing
from typing import Any, Final

from eventlog.log import EventLog
from eventlog.statements import statement
from schema.envelope import RecordedEvent
from schema.events import WorkingEntry
from schema.ids import memory_stream
from service.memory.capacity import Held, Holdings, evolve
from service.memory.working import Working
from service.mind.level import Level

HOLDINGS: Final = statement(__package__, "holdings")

ENTRIES_KEPT_MAX: Final = 1_000_000
"""Episodes and facts of all agents together; those of the agent asked for last stay."""


class Kept:
    """The holdings of the agents that were busy last."""

    def __init__(self, log: EventLog, level: Level, *, entries_max: int = ENTRIES_KEPT_MAX) -> None:
        self._log = log
        self._level = level
        self._entries_max = entries_max
        self._kept: OrderedDict[str, Holdings] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._entries = 0

    def dimensions(self, agent_id: str) -> int | None:
        """Of the vectors that were given to *agent_id*, as far as it is known here."""
        kept = self._kept.get(agent_id)
        return None if kept is None else kept.dimensions

    async def fresh(self, agent_id: str) -> Holdings:
        """What *agent_id* holds at the log's head; it changes with the next question."""
        stream = memory_stream(agent_id)
        holdings = self._kept.get(agent_id) or await self._from_rows(agent_id)
        await self._follow(stream, holdings)
        while holdings.erased:
            # What was folded before the erasure may be gone: the rows know, once they are there.
            self._drop(agent_id)
            await self._level.reach(stream)
            holdings = await self._from_rows(agent_id)
            await self._follow(stream, holdings)
        self._keep(agent_id, holdings)
        return holdings

    def appended(self, facts: list[RecordedEvent]) -> None:
        """*facts* are in the log, of one agent: what is kept of it follows, if it was there."""
        holdings = self._kept.get(facts[0].agent_id)
        if holdings is not None and holdings.version + 1 == facts[0].version:
            for fact in facts:
                evolve(holdings, fact)

    def __len__(self) -> int:
        return len(self._kept)

    async def _follow(self, stream: str, holdings: Holdings) -> None:
        async with aclosing(self._log.read_stream(stream, after=holdings.version)) as blocks:
            async for block in blocks:
                for fact in block:
                    evolve(holdings, fact)

    async def _from_rows(self, agent_id: str) -> Holdings:
        stream = memory_stream(agent_id)
        async with self._log.database.acquire() as conn:
            row = await conn.fetchrow(HOLDINGS, self._log.partition_of(stream), stream)
        return _holdings(row)

    def _keep(self, agent_id: str, holdings: Holdings) -> None:
        self._drop(agent_id)
        size = 1 + len(holdings.episodes) + len(holdings.facts)
        self._kept[agent_id] = holdings
        self._sizes[agent_id] = size
        self._entries += size
        while self._entries > self._entries_max and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))

    def _drop(self, agent_id: str) -> None:
        self._kept.pop(agent_id, None)
        self._entries -= self._sizes.pop(agent_id, 0)


def _holdings(row: Any) -> Holdings:
    episodes = zip(
        row["ids"] or (),
        row["entries"] or (),
        row["importances"] or (),
        row["timestamps"] or (),
        row["pinned"] or (),
        row["expiries"] or (),
        strict=True,
    )
    held = (
        Held(
            id=str(id_),
            entry=entry,
            importance=importance,
            timestamp=timestamp,
            pinned=pinned,
            expires_at=expires_at,
        )
        for id_, entry, importance, timestamp, pinned, expires_at in episodes
    )
    facts = zip(row["fact_keys"] or (), row["fact_ids"] or (), strict=True)
    used = zip(row["working_keys"] or (), row["working_values"] or (), strict=True)
    return Holdings(
        version=row["version"],
        touched=row["version"],  # Rows do not tell; to think it was the last one is safe.
        episodes={one.id: one for one in held},
        facts={key: str(id_) for key, id_ in facts},
        dimensions=row["dimensions"],
        working=Working(tuple(WorkingEntry(key=key, value=value) for key, value in used)),
    )
