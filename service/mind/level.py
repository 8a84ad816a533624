"""Sees that the rows of a stream have come as far as the log, before somebody reads them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

from eventlog.database import Conn
from eventlog.log import EventLog
from eventlog.signals import heard
from eventlog.statements import statement
from schema.errors import Refused, Unavailable

if TYPE_CHECKING:
    from eventlog.runner import Runner

HEADS: Final = statement(__package__, "heads")

LEVEL_TIMEOUT_S: Final = 20.0
"""How long a reader waits for the rows; an agent's tool has less."""
OTHERS_POLL_S: Final = 0.02
"""How often we look how far another process has come."""

RunnerFn: TypeAlias = Callable[[], Awaitable["Runner"]]
"""The runner that keeps those rows level in this process, started if need be."""


class Heads(Struct, frozen=True, kw_only=True):
    """How far a stream has come."""

    logged: int
    projected: int
    parked: bool

    @property
    def level(self) -> bool:
        """Whether the rows tell of all that the log holds."""
        return self.projected >= self.logged


class Level:
    """The rows that one projection keeps, as far as they have come."""

    def __init__(self, log: EventLog, projection: str, runner: RunnerFn) -> None:
        self._log = log
        self._projection = projection
        self.runner = runner

    async def reach(self, stream: str, *, timeout_s: float = LEVEL_TIMEOUT_S) -> int:
        """The version of *stream* in the log, once its rows have come there too.

        `Unavailable` where they do not within *timeout_s*, `Refused` where they are parked.
        """
        heads = await self._unparked(stream)
        if not heads.level:
            await self._wait(stream, heads.logged, timeout_s)
        return heads.logged

    async def heads(self, stream: str) -> Heads:
        """How far *stream* has come."""
        async with self._log.database.acquire() as conn:
            partition = self._log.partition_of(stream)
            return await heads_of(conn, partition, stream, self._projection)

    async def _unparked(self, stream: str) -> Heads:
        heads = await self.heads(stream)
        if heads.parked:
            raise Refused(
                f"the rows of {stream} are parked: eventlog.parked has the reason; once it is "
                f"mended, run `agent-runtime projections rebuild {self._projection}`"
            )
        return heads

    async def _wait(self, stream: str, version: int, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._hurry(stream, version)
        except TimeoutError:
            raise Unavailable(
                f"the rows of {stream} have not come to version {version} within {timeout_s:g} s: "
                "`agent-runtime projections` tells how far they are",
                1.0,
            ) from None

    async def _hurry(self, stream: str, version: int) -> None:
        runner = await self.runner()
        while True:
            moved = runner.moved.next()
            if (await self._unparked(stream)).projected >= version:
                return
            runner.hurry.send()
            await heard(moved, OTHERS_POLL_S)


async def heads_of(conn: Conn, partition: int, stream: str, projection: str) -> Heads:
    """How far *stream* has come, in the log and in the rows of *projection*."""
    row = await conn.fetchrow(HEADS, partition, stream, projection)
    assert row is not None  # noqa: S101 - it has no from clause.
    return Heads(logged=row["logged"], projected=row["projected"], parked=row["parked"])
