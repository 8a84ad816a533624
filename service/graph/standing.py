"""How far an agent's graph has come, in the log and in its rows, and which rows can be built on."""

from typing import Final

from msgspec import Struct

from eventlog.log import EventLog
from eventlog.statements import statement
from service.mind.level import Level

STANDING: Final = statement(__package__, "standing")

TAIL_EVENTS_MAX: Final = 1000
"""So many events are folded on what rows tell; behind more, the rows come first."""


class Standing(Struct, frozen=True, kw_only=True):
    """How far a graph's stream has come."""

    logged: int
    projected: int
    parked: bool
    erased: int
    """The version of its last erasure, 0 for none."""

    @property
    def holds(self) -> bool:
        """Whether the rows, and what the log has behind them, make up the graph."""
        behind = self.logged - self.projected
        return not self.parked and behind <= TAIL_EVENTS_MAX and self.erased <= self.projected


class Standings:
    """Looks how far graphs have come."""

    def __init__(self, log: EventLog, level: Level) -> None:
        self._log = log
        self._level = level

    async def of(self, stream: str) -> Standing:
        """How far *stream* has come, its rows near enough to build on.

        `Unavailable` where they do not come there in time, `Refused` where they are parked.
        """
        standing = await self._look(stream)
        while not standing.holds:
            # An erasure may follow while we wait; each wait has its limit.
            await self._level.reach(stream)
            standing = await self._look(stream)
        return standing

    async def level(self, stream: str) -> Standing:
        """The same, with rows that tell of all that had happened."""
        await self._level.reach(stream)
        return await self.of(stream)

    async def _look(self, stream: str) -> Standing:
        partition = self._log.partition_of(stream)
        async with self._log.database.acquire() as conn:
            row = await conn.fetchrow(STANDING, partition, stream, TAIL_EVENTS_MAX)
        assert row is not None  # noqa: S101 - it has a row in any case.
        return Standing(**row)
