"""How far projections have come: status, waiting for one's own writes, and catching up."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from eventlog.block import BlockLimits
from eventlog.database import Conn, Database
from eventlog.project import Projection
from eventlog.runner import LIVE, Runner, Walk
from eventlog.signals import heard
from eventlog.statements import statement
from schema.errors import Unavailable

STATUS: Final = statement(__package__, "projection_status")
HEADS: Final = statement(__package__, "heads_of_partitions")
APPLIED: Final = statement(__package__, "applied_positions")

OTHERS_POLL_S: Final = 0.02
"""How often we look how far another process has come."""


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
) -> None:
    """Bring *projections* up to where the log stands now, telling how far they are on the way.

    Shares the work with runners in other processes.
    """
    conn = await database.connect(settings=LIVE)
    try:
        heads = await heads_of(conn)
        for projection in projections:
            walk = Walk(projection, limits)
            await walk.begin(conn)
            while not await _applied(conn, projection.name, heads):
                if await walk.step(conn) == 0:  # Another process is at it.
                    await asyncio.sleep(OTHERS_POLL_S)
                for row in await status(conn, [projection.name]):
                    on_progress(row)
    finally:
        await conn.close()


async def heads_of(conn: Conn) -> dict[int, int]:
    """Partition → its last position."""
    return {row["partition"]: row["position"] for row in await conn.fetch(HEADS)}


async def _applied(conn: Conn, name: str, positions: Mapping[int, int]) -> bool:
    rows = await conn.fetch(APPLIED, name, list(positions))
    come_to = {row["partition"]: row["position"] for row in rows}
    return all(come_to.get(partition, 0) >= at for partition, at in positions.items())
