"""The bell: says that the log has grown, to this process at once and to others by NOTIFY.

A ring says nothing but "look again": it may come too often, never too seldom, because a poll of the
partitions' heads stands behind it. One connection per process listens, notifies and polls.

That line to the database is in one of these states; rings within the process pass in all of them.

    DOWN ── connected and listening ──→ UP ── connection lost ──→ DOWN (waits longer each time)
      └────────────── closed ───────────┴──→ CLOSED
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final

import asyncpg
import structlog

from eventlog.faults import backoff_s
from eventlog.lifetimes import beside
from eventlog.retrying import PASSING, holding
from eventlog.signals import Signal, heard
from eventlog.statements import statement

CHANNEL: Final = "agent_runtime_log"
NOTIFY: Final = statement(__package__, "notify_partitions")
SUM_OF_HEADS: Final = statement(__package__, "sum_of_heads")

ConnectFn = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]

log = structlog.get_logger()


class Line(StrEnum):
    """The state of a bell's line to the database."""

    DOWN = "down"
    UP = "up"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class BellSettings:
    """How a bell rings."""

    notify: bool = True
    """Off: other processes hear of our commits by their poll, as we do of theirs."""
    poll_s: float = 0.25
    debounce_s: float = 0.005
    """At most one NOTIFY per partition in this time."""
    quiet_max_s: float = 5.0
    """Who waits looks again after this long, rung or not."""
    answer_timeout_s: float = 5.0


class Bell:
    """Rings those who wait when a partition has grown."""

    def __init__(self, settings: BellSettings) -> None:
        self._settings = settings
        self._rings = Signal()
        self._line = Line.DOWN
        self._line_moves = Signal()
        self._dirty: set[int] = set()
        self._work = asyncio.Event()
        self._sum_of_heads = -1

    def ring(self, partition: int) -> None:
        """Tell this process at once, and others soon, that *partition* has grown."""
        self._rings.send()
        if self._settings.notify:
            self._dirty.add(partition)
            self._work.set()

    def next_ring(self) -> asyncio.Event:
        """The ring to come. Take it before looking at the log, so that no growth is missed."""
        return self._rings.next()

    async def wait(self, ring: asyncio.Event) -> None:
        """Return when *ring* has come, or when it has been quiet for so long that one looks."""
        await heard(ring, self._settings.quiet_max_s)

    @property
    def line(self) -> Line:
        """The state of the line to the database."""
        return self._line

    async def wait_for_line(self, line: Line) -> None:
        """Return when the line to the database has come to *line*."""
        while self._line is not line:
            await self._line_moves.next().wait()

    async def keep_line(self, connect: ConnectFn) -> None:
        """Listen, notify and poll until cancelled, over a new connection when one is lost."""
        failed = 0
        while True:
            try:
                await self._hold(await connect())
            except PASSING as error:
                failed = 1 if self._line is Line.UP else failed + 1
                self._move_line(Line.DOWN)
                log.warning("bell.line_lost", failed=failed, error=repr(error))
                await asyncio.sleep(backoff_s(failed))

    def close_line(self) -> None:
        """Say that nobody keeps the line any more."""
        self._move_line(Line.CLOSED)

    async def _hold(self, conn: "asyncpg.Connection[asyncpg.Record]") -> None:
        try:
            with holding(conn):
                await self._listen(conn)
                self._move_line(Line.UP)
                self._rings.send()  # Nobody knows what was missed while the line was down.
                await self._serve(conn)
        finally:
            conn.terminate()

    async def _listen(self, conn: "asyncpg.Connection[asyncpg.Record]") -> None:
        conn.add_termination_listener(lambda _: self._work.set())
        if self._settings.notify:
            # A closed connection, whose last notices may still come, could not tell its own number.
            await conn.add_listener(CHANNEL, partial(self._heard, conn.get_server_pid()))
        # A NOTIFY lost in a crash is covered by the poll of those who would have heard it.
        await conn.execute("set synchronous_commit = off")

    async def _serve(self, conn: "asyncpg.Connection[asyncpg.Record]") -> None:
        clock = asyncio.get_running_loop().time
        poll_at = clock()
        while True:
            if clock() >= poll_at:
                await self._poll(conn)
                poll_at = clock() + self._settings.poll_s
            if await heard(self._work, poll_at - clock()):
                self._work.clear()
            if conn.is_closed():
                raise asyncpg.ConnectionDoesNotExistError("the bell's connection was closed")
            if self._dirty:
                await self._notify(conn)
                await asyncio.sleep(self._settings.debounce_s)

    async def _notify(self, conn: "asyncpg.Connection[asyncpg.Record]") -> None:
        dirty, self._dirty = self._dirty, set()
        async with asyncio.timeout(self._settings.answer_timeout_s):
            await conn.execute(NOTIFY, CHANNEL, sorted(dirty))

    async def _poll(self, conn: "asyncpg.Connection[asyncpg.Record]") -> None:
        async with asyncio.timeout(self._settings.answer_timeout_s):
            sum_of_heads = await conn.fetchval(SUM_OF_HEADS)
        if sum_of_heads != self._sum_of_heads:
            self._sum_of_heads = sum_of_heads
            self._rings.send()

    def _heard(self, ours: int, _conn: Any, pid: int, _channel: str, _partition: object) -> None:
        if pid != ours:  # Our own commits were rung here when they happened.
            self._rings.send()

    def _move_line(self, line: Line) -> None:
        self._line = line
        self._line_moves.send()


@asynccontextmanager
async def open_bell(connect: ConnectFn, settings: BellSettings) -> AsyncIterator[Bell]:
    """A bell whose line is kept while the body runs; before and after, it rings in-process only."""
    bell = Bell(settings)
    try:
        async with beside(bell.keep_line(connect)):
            yield bell
    finally:
        bell.close_line()
