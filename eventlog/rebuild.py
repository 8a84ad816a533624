"""Folds a read model again from the first event, beside the live one, and swaps the two.

The walk is the live one with another search path: the same `apply`, into tables of schema
`readmodel_next` made from the same classes. Runners go on meanwhile; only for the swap are they
kept off, by the checkpoints' rows. Readers see the old rows until the swap's commit and the new
ones from then on. (Only a transaction above READ COMMITTED that began before the swap, and reads
the table for the first time after it, finds it empty: moving tables is not versioned as rows are.)
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg
import structlog

from eventlog.block import BlockLimits, read_block
from eventlog.database import Conn, Database, Dedicated
from eventlog.fresh_tables import NEXT, create_fresh_tables, replace_tables
from eventlog.heads import heads_of
from eventlog.plans import BY_INDEX
from eventlog.project import Poisoned, Projection, Suspicion, apply_block, told
from eventlog.retrying import holding
from eventlog.statements import statement
from schema.errors import RebuildStopped, Unavailable

KEY: Final = "hashtextextended('agent-runtime rebuild', 0)"
ONE_AT_A_TIME: Final = f"select pg_try_advisory_lock({KEY})"
LET_ANOTHER: Final = f"select pg_advisory_unlock({KEY})"
LOCK_CHECKPOINTS: Final = statement(__package__, "lock_checkpoints")
REPLACE_CHECKPOINTS: Final = statement(__package__, "replace_checkpoints")
UNPARK_STREAMS: Final = statement(__package__, "unpark_streams")

SWAPS_MAX: Final = 20
"""How often a swap is tried; each gives way to readers that hold the old tables."""

AS_OWNER: Final = {
    "search_path": "pg_catalog",
    "statement_timeout": "0",
    "lock_timeout": "1000",
    # In the swap it idles while the other connection walks: what came since the last walk, block by
    # block, each within that connection's own timeouts. When we die, it goes with our socket.
    "idle_in_transaction_session_timeout": "0",
}
BESIDE: Final = {
    "search_path": f"{NEXT}, public",
    "synchronous_commit": "off",  # The swap's commit, which is waited for, covers all before it.
    **BY_INDEX,
}

log = structlog.get_logger()


@dataclass(frozen=True)
class RebuildProgress:
    """How far a rebuild has come in one partition."""

    projection: str
    partition: int
    position: int
    head: int


OnProgress = Callable[[RebuildProgress], None]
ReapplyFn = Callable[[Conn], Awaitable[None]]


async def nothing_to_reapply(_: Conn) -> None:
    """For a database without repeatable files that rest on read models."""


async def rebuild(
    database: Database,
    projection: Projection,
    on_progress: OnProgress,
    *,
    limits: BlockLimits,
    reapply: ReapplyFn,
) -> None:
    """Replace the rows of *projection* by what the whole log says; parked streams are taken up.

    *reapply* runs at the end of the swap's transaction, as the owner, for repeatable files that
    rest on the tables. Raises `RebuildStopped` at an event that cannot be projected, `Unavailable`
    while another rebuild runs or readers never let go of the old tables, `NotReady` where something
    rests on a table that cannot move with it; the live rows stay then.
    """
    async with _connected(database, projection) as (owner, conn):
        beside = Beside(conn, projection, limits, on_progress)
        await beside.come_close()
        for _ in range(SWAPS_MAX):
            try:
                return await _swap(owner, beside, reapply)
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                await beside.walk()
        raise Unavailable(f"{projection.name} is in use without a pause: its tables stay", 60.0)


class Beside:
    """The walk through the log into the fresh tables."""

    def __init__(
        self, conn: Conn, projection: Projection, limits: BlockLimits, on_progress: OnProgress
    ) -> None:
        self.projection = projection
        self.positions: dict[int, int] = {}
        self._conn = conn
        self._limits = limits
        self._on_progress = on_progress

    async def come_close(self) -> None:
        """Walk until little is left, or until the log is seen to grow as fast as we go."""
        before, went_by = await self.walk(), await self.walk()
        while self._limits.events < went_by < before:
            before, went_by = went_by, await self.walk()

    async def walk(self) -> int:
        """Go to where the log stands now; how many events that were."""
        before = sum(self.positions.values())
        for partition, head in (await heads_of(self._conn)).items():
            await self._walk(partition, head)
        return sum(self.positions.values()) - before

    async def _walk(self, partition: int, head: int) -> None:
        position = self.positions.setdefault(partition, 0)
        suspicion = Suspicion()
        while position < head:
            try:
                position = await self._step(partition, suspicion.narrowed(self._limits, position))
            except Poisoned as poisoned:
                suspicion = _suspicion(self.projection, poisoned)
            self.positions[partition] = position
            self._on_progress(RebuildProgress(self.projection.name, partition, position, head))

    async def _step(self, partition: int, limits: BlockLimits) -> int:
        async with self._conn.transaction():
            block = await read_block(
                self._conn,
                partition,
                after=self.positions[partition],
                limits=limits,
                types=self.projection.types,
                projection=None,
            )
            await apply_block(self._conn, self.projection, block)
        return block.up_to


def _suspicion(projection: Projection, poisoned: Poisoned) -> Suspicion:
    """Where to look closer; raises `RebuildStopped` when the one event is found."""
    block = poisoned.block
    if len(block.rows) > 1:
        return poisoned.suspicion
    (row,) = block.rows
    raise RebuildStopped(
        f"{projection.name} cannot be rebuilt: version {row['version']} of {row['stream']} "
        f"(position {block.up_to} of partition {block.partition}) cannot be projected: "
        f"{told(poisoned.__cause__)}; the rows stay as they were"
    ) from poisoned.__cause__


async def _swap(owner: Dedicated, beside: Beside, reapply: ReapplyFn) -> None:
    """Hold the projection still, catch up, and put the fresh tables in the old ones' place."""
    projection = beside.projection
    async with owner.transaction():
        await owner.fetch(LOCK_CHECKPOINTS, projection.name)
        await beside.walk()
        await replace_tables(owner, projection)
        await owner.execute(UNPARK_STREAMS, projection.name)
        await owner.execute(
            REPLACE_CHECKPOINTS,
            projection.name,
            list(beside.positions),
            list(beside.positions.values()),
        )
        await reapply(owner)
    log.info("projection.rebuilt", projection=projection.name, positions=beside.positions)


@asynccontextmanager
async def _connected(
    database: Database, projection: Projection
) -> AsyncIterator[tuple[Dedicated, Dedicated]]:
    """The owner's connection, and one that works in fresh tables; what a crash left is swept."""
    owner = await database.connect_as_owner(settings=AS_OWNER)
    try:
        if not await owner.fetchval(ONE_AT_A_TIME):
            raise Unavailable("another rebuild is running: try again when it is done", 5.0)
        await create_fresh_tables(owner, projection)
        conn = await database.connect(settings=BESIDE)
        try:
            with holding(owner), holding(conn):
                yield owner, conn
        finally:
            conn.terminate()
        await owner.execute(LET_ANOTHER)
    finally:
        owner.terminate()  # The lock goes with it, as soon as the server sees that we are gone.
