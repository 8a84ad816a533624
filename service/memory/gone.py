"""What became of what an agent holds no more: when it went, by which event, and why."""

from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from eventlog.log import EventLog
from eventlog.statements import statement
from schema import json_text
from schema.errors import NotFound, Refused, Unavailable
from schema.ids import memory_stream
from schema.row_text import projected
from service.mind.level import Level

EPISODES: Final = statement(__package__, "gone_episodes")
FACT: Final = statement(__package__, "gone_fact")

PATIENCE_S: Final = 2.0
"""How long we wait for rows only to say more of what is not there."""


class Gone(Struct, frozen=True, kw_only=True):
    """Something that was held once."""

    name: str
    """An episode's id, or a fact's key."""
    version: int
    """The memory's first without it."""
    at: datetime
    how: str
    """In a word: evicted, forgotten, removed."""
    reason: str
    """That somebody gave; empty for none."""

    def __str__(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"was {self.how} at version {self.version}, {self.at:%Y-%m-%dT%H:%M:%SZ}{why}"


class Departures:
    """Looks up what has left the memories of all agents."""

    def __init__(self, log: EventLog, level: Level) -> None:
        self._log = log
        self._level = level

    async def episodes(self, agent_id: str, part: str, limit: int) -> list[Gone]:
        """Those whose ids begin or end with *part*, the newest first."""
        return await self._found(EPISODES, agent_id, part, limit)

    async def no_episode(self, agent_id: str, episode: str) -> NotFound:
        """What to tell who wants one that is not held."""
        gone = await self._found(EPISODES, agent_id, episode, 1)
        if gone and gone[0].name == episode:
            return NotFound(f"episode {episode} is held no more: it {gone[0]}")
        return NotFound(f"there is no episode {episode} in this memory")

    async def no_fact(self, agent_id: str, key: str) -> NotFound:
        """What to tell who wants the fact under *key*, where none stands."""
        gone = await self._found(FACT, agent_id, key)
        became = f": what stood there {gone[0]}" if gone else ""
        return NotFound(f"nothing is stored under {key!r}{became}")

    async def _found(self, sql: str, agent_id: str, name: str, *limit: int) -> list[Gone]:
        """By rows that are level; nothing where they are not, for what is gone is gone anyway."""
        stream = memory_stream(agent_id)
        if projected(name)[1]:  # No row can have such a name.
            return []
        try:
            await self._level.reach(stream, timeout_s=PATIENCE_S)
        except (Refused, Unavailable):
            return []
        async with self._log.database.acquire() as conn:
            rows = await conn.fetch(sql, self._log.partition_of(stream), stream, name, *limit)
        return [_gone(row) for row in rows]


def _gone(row: Any) -> Gone:
    said = json_text.decode(row["data"]) if row["data"] else {}
    how = row["type"].removeprefix("episode_").removeprefix("fact_")
    return Gone(
        name=row["name"],
        version=row["version"],
        at=row["at"],
        how=how,
        reason=said.get("reason", ""),
    )
