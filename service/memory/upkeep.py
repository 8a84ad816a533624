"""Looks after the indexes on nearness from time to time: makes them, drops them, measures them."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeAlias

import structlog

from eventlog.database import Database
from eventlog.retrying import PASSING
from service.memory.exactness import Exactness, lately
from service.memory.indexing import tend

EVERY_S: Final = 60.0

TellFn: TypeAlias = Callable[[float], None]
"""Is told the share, from 0 to 1, of the ten nearest that indexes found lately."""

log = structlog.get_logger()


class Upkeep:
    """What one process does for the indexes of all agents."""

    def __init__(
        self,
        database: Database,
        on_measured: TellFn,
        *,
        exactness: Exactness = lately,
        every_s: float = EVERY_S,
    ) -> None:
        self._database = database
        self._on_measured = on_measured
        self._exactness = exactness
        self._every_s = every_s

    async def run(self) -> None:
        """Work until cancelled; what fails and may pass is tried again the next time.

        The first pass waits as well: a process that is soon over begins no index, which it would
        leave half made.
        """
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.once()
            except PASSING as error:
                log.warning("memory.upkeep_interrupted", error=repr(error))

    async def once(self) -> None:
        """One pass: make and drop what is due, then tell how exact the answers were lately.

        Nothing is told while no index was asked.
        """
        await tend(self._database)
        async with self._database.acquire() as conn:
            share = await self._exactness.measure(conn)
        if share is not None:
            self._on_measured(share)
