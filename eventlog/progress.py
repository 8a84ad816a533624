"""How far projections have come: status, waiting for one's own writes, and catching up."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from eventlog.block import BlockLimits
from eventlog.database import Conn, Database
from eventlog.faults import backoff_s
from eventlog.heads import heads_of
from eventlog.project import Projection
from eventlog.retrying import holding
from eventlog.runner import LIVE, Runner, Walk
from eventlog.signals import heard
from eventlog.statements import statement
from schema.errors import DatabaseUnavailable, Unavailable

STATUS: Final = statement(__package__, "projection_status")
APPLIED: Final = statement(__package__, "applied_positions")

OTHERS_POLL_S: Final = 0.02
"""How often we look how far another process has come, while somebody waits for their own write."""
OTHERS_WAIT_MAX_S: Final = 0.25
"""How long we wait at most before we look again, while another process does our work."""
CATCH_UP_TIMEOUT_S: Final = 60.0
"""How long another process may hold a checkpoint without moving it."""


@dataclass(frozen=True)
class Status:
    """How far one projection has come in one partition."""

    projection: str
    partition: int
    position: int
    head: int
    """The partition's last position."""
    parked: tuple[str, ...]
    """Streams that were left aside for a poison event; only a rebuild takes them up again."""

    @property
    def lag(self) -> int:
        """How many events are still to come."""
        return self.head - self.position


async def status(conn: Conn, projections: Sequence[str]) -> list[Status]:
    """A row for each of *projections* and each partition."""
    rows = await conn.fetch(STATUS, list(projections))
    return [
        Status(
            row["projection"], row["partition"], row["position"], row["head"], tuple(row["parked"])
        )
        for row in rows
    ]


async def wait_until(
    database: Database, runner: Runner, positions: Mapping[int, int], *, timeout_s: float
) -> None:
    """Return when the runner's projection has applied *positions* (partition → position).

    The runner is hurried, but another process may be the one that comes there. Raises `Unavailable`
    when *timeout_s* passes first.
    """
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                moved = runner.moved.next()
                async with database.acquire() as conn:
                    if await _applied(conn, runner.name, positions):
                        return
                runner.hurry.send()
                await heard(moved, OTHERS_POLL_S)
    except TimeoutError:
        raise Unavailable(
            f"projection {runner.name} has not come as far as you ask within {timeout_s} s", 1.0
        ) from None


async def catch_up(
    database: Database,
    projections: Sequence[Projection],
    on_progress: Callable[[Status], None],
    *,
    limits: BlockLimits,
    timeout_s: float = CATCH_UP_TIMEOUT_S,
) -> None:
    """Bring *projections* up to where the log stands now, telling how far they are on the way.

    Shares the work with runners in other processes; when one of them holds a checkpoint and has not
    moved it for *timeout_s*, `DatabaseUnavailable` is raised.
    """
    conn = await database.connect(settings=LIVE)
    try:
        with holding(conn):
            heads = await heads_of(conn)
            for projection in projections:
                ascent = _Ascent(conn, projection.name, on_progress, timeout_s)
                await ascent.come_to(heads, Walk(projection, limits))
    finally:
        conn.terminate()


class _Ascent:
    """One projection on its way to where the log stood."""

    def __init__(
        self, conn: Conn, name: str, on_progress: Callable[[Status], None], timeout_s: float
    ) -> None:
        self._conn = conn
        self._name = name
        self._on_progress = on_progress
        self._timeout_s = timeout_s

    async def come_to(self, heads: Mapping[int, int], walk: Walk) -> None:
        """Walk there; where another process is at it, look at longer and longer intervals."""
        clock = asyncio.get_running_loop().time
        moved_at, looks, positions = clock(), 0, dict[int, int]()
        await walk.begin(self._conn)
        while not await _applied(self._conn, self._name, heads):
            went_by, before = await walk.step(self._conn), positions
            positions = await self._told()
            if went_by or positions != before:
                moved_at, looks = clock(), 0
            elif clock() - moved_at >= self._timeout_s:
                raise self._held()
            if not went_by:
                looks += 1
                await asyncio.sleep(min(OTHERS_WAIT_MAX_S, backoff_s(looks)))

    async def _told(self) -> dict[int, int]:
        """Where the projection stands in each partition, told to whoever looks on as well."""
        rows = await status(self._conn, [self._name])
        for row in rows:
            self._on_progress(row)
        return {row.partition: row.position for row in rows}

    def _held(self) -> DatabaseUnavailable:
        return DatabaseUnavailable(
            f"projection {self._name} has not moved for {self._timeout_s:g} s: another process "
            "holds its checkpoint (a `serve` that hangs, a rebuild, a transaction left open in "
            "psql); pg_locks tells which",
            1.0,
        )


async def _applied(conn: Conn, name: str, positions: Mapping[int, int]) -> bool:
    rows = await conn.fetch(APPLIED, name, list(positions))
    come_to = {row["partition"]: row["position"] for row in rows}
    return all(come_to.get(partition, 0) >= at for partition, at in positions.items())
