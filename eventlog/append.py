"""Appends: while one batch commits the next one forms, so order is free and nobody idle waits."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count, islice
from typing import Final

import asyncpg
import structlog

from eventlog import batch
from eventlog.database import Database, Dedicated
from eventlog.faults import backoff_s
from eventlog.members import Appended, Member, StreamAppend, prepare
from eventlog.plans import BY_INDEX
from eventlog.retrying import PASSING, holding
from schema.envelope import Metadata
from schema.errors import DatabaseUnavailable, Invalid, NotReady
from schema.ids import partition_of

log = structlog.get_logger()

PENDING_MAX: Final = 4096
"""Appends of a process that may wait for one partition; further callers wait outside."""
PLACE_TIMEOUT_S: Final = 30.0
"""How long a caller waits for a place, once all are taken."""
ATTEMPTS_TIMEOUT_S: Final = 30.0
"""How long a batch is tried again when the database fails it, in all."""

_NOT_READY: Final = frozenset({"42883", "42P01", "42501", "3F000"})
"""SQLSTATEs of a routine, table or right that is missing."""

TURNS_MIN: Final = 32
"""From so many on that came at once, half stay behind to be the next batch while the first commits:
the halves take turns then, and neither we nor the database waits for the other."""

UNKNOWN: Final = (
    "the database gave no answer to an append: it may be in; ask again with the same ids"
)

Ring = Callable[[int], None]
"""Told the partition after each commit."""


class Appender:
    """The one way into the log; made by `open_appender`."""

    def __init__(self, lanes: "list[_Lane]") -> None:
        self._lanes = lanes

    async def append(
        self, agent_id: str, *appends: StreamAppend, metadata: Metadata
    ) -> tuple[Appended, ...]:
        """Append to one or several streams of one agent, all or nothing; durable on return.

        Raises `WrongExpectedVersion`, `Fenced`, `Invalid` and below, `DatabaseUnavailable` (then
        the outcome is unknown: ask again with the same ids and versions). A caller that is
        cancelled leaves its append in.
        """
        member = prepare(agent_id, appends, metadata)
        lane = self._lanes[partition_of(agent_id, len(self._lanes))]
        await lane.join(member)
        return await member.outcome


@asynccontextmanager
async def open_appender(database: Database, partitions: int, ring: Ring) -> AsyncIterator[Appender]:
    """An appender with one connection per partition; what was joined is finished on the way out."""
    lanes = [_Lane(database, partition, ring) for partition in range(partitions)]
    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(lane.run())
        try:
            yield Appender(lanes)
        finally:
            for lane in lanes:
                lane.close()


class _Lane:
    """One partition's queue and the connection that empties it."""

    def __init__(self, database: Database, partition: int, ring: Ring) -> None:
        self._database = database
        self._partition = partition
        self._ring = ring
        self._pending: deque[Member] = deque()
        self._places = asyncio.Semaphore(PENDING_MAX)
        self._wake = asyncio.Event()
        self._closed = False
        self._conn: Dedicated | None = None

    async def join(self, member: Member) -> None:
        """Queue *member*, waiting for a place if there is none."""
        if self._places.locked():
            await self._wait_for_a_place()
        else:
            await self._places.acquire()
        if self._closed:
            self._places.release()
            raise DatabaseUnavailable("the log is closed: nothing more is taken in")
        self._pending.append(member)
        self._wake.set()

    async def _wait_for_a_place(self) -> None:
        try:
            async with asyncio.timeout(PLACE_TIMEOUT_S):
                await self._places.acquire()
        except TimeoutError:
            raise DatabaseUnavailable(
                f"{PENDING_MAX} appends were waiting, for {PLACE_TIMEOUT_S:g} s: try again later"
            ) from None

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._closed = True
        self._wake.set()

    async def run(self) -> None:
        """Empty the queue, batch by batch, until closed."""
        try:
            while members_max := len(self._pending) or await self._first():
                await self._commit(self._next_batch(members_max))
        finally:
            self._closed = True
            self._disconnect()
            for member in self._pending:
                member.settle(DatabaseUnavailable("the log was closed before this was appended"))
                self._places.release()

    async def _first(self) -> int:
        """Wait for members; how many of them to take at once, 0 when closed."""
        while not self._pending and not self._closed:
            self._wake.clear()
            await self._wake.wait()
        waiting = len(self._pending)
        return waiting // 2 if waiting >= TURNS_MIN else waiting

    def _next_batch(self, members_max: int) -> list[Member]:
        chosen = batch.Batch()
        for member in islice(self._pending, members_max):
            if not chosen.takes(member):
                break
        for _ in chosen.members:
            self._pending.popleft()
            self._places.release()
        return chosen.members

    async def _commit(self, members: list[Member]) -> None:
        """Append *members*, settling each: one by one if the database refuses them together."""
        try:
            await self._attempts(members)
        except asyncpg.PostgresError as error:
            if len(members) == 1:
                members[0].settle(_refusal(error))
            for member in members:
                if not member.settled:
                    await self._commit([member])
        finally:
            for member in members:
                member.settle(DatabaseUnavailable(UNKNOWN))

    async def _attempts(self, members: list[Member]) -> None:
        """Call until the outcome is known; the same ids and versions make a repeat harmless."""
        if await self._attempt(members):
            return  # As nearly always; so only a failure sets up a timer.
        try:
            async with asyncio.timeout(ATTEMPTS_TIMEOUT_S):
                await self._attempt_again(members)
        except TimeoutError:
            self._disconnect()

    async def _attempt_again(self, members: list[Member]) -> None:
        for failed in count(1):
            await asyncio.sleep(backoff_s(failed))
            if await self._attempt(members):
                return

    async def _attempt(self, members: list[Member]) -> bool:
        """Append once; False if the database failed in a way that may pass."""
        try:
            conn = await self._connection()
            with holding(conn):
                if await batch.append(conn, self._partition, members):
                    self._ring(self._partition)
        except PASSING as error:
            log.warning("append.failed", partition=self._partition, error=repr(error))
            self._disconnect()
            return False
        return True

    async def _connection(self) -> Dedicated:
        if self._conn is None or self._conn.is_closed():
            self._conn = await self._database.connect(settings=BY_INDEX)
        return self._conn

    def _disconnect(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.terminate()


def _refusal(error: asyncpg.PostgresError) -> Exception:
    """What the database says of one append, in our words where we have some."""
    sqlstate = error.sqlstate or ""
    if sqlstate.startswith(("22", "23")):
        return Invalid("data", f"PostgreSQL refused it: {error.args[0]}")
    if sqlstate in _NOT_READY:
        return NotReady(f"{error.args[0]}: run `agent-runtime doctor`, it says what to do")
    return error
