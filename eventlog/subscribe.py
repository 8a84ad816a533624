"""A subscription: every committed event once, in order, dense per partition; old ones, then new.

It is in one of these states, and moves only along these arrows:

    CATCHING_UP ── nothing left in any partition ──→ LIVE ── the bell rang ──→ CATCHING_UP
      ├── a read failed with the connection ──→ RESTING ── rested ──→ CATCHING_UP
      └── cancelled, closed, or the fault lasted ──→ CLOSED   (from every state)

There is no queue: the consumer's next step is what reads. While it pauses, nothing is held but the
position of the last event it was given, not even a connection.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from enum import StrEnum
from typing import Final

import structlog

from eventlog.bell import Bell
from eventlog.block import BlockLimits, read_block
from eventlog.database import Database
from eventlog.faults import backoff_s
from eventlog.retrying import PASSING
from schema.envelope import RecordedEvent
from schema.errors import DatabaseUnavailable

FAILURES_MAX: Final = 12
"""Failed reads in a row of one partition before we give up, after about half a minute."""

LIMITS: Final = BlockLimits(events=500)

log = structlog.get_logger()


class State(StrEnum):
    """What a subscription is doing."""

    CATCHING_UP = "catching_up"
    LIVE = "live"
    RESTING = "resting"
    CLOSED = "closed"


class Subscription:
    """Blocks of events, each of one partition; `positions` is how far the consumer was brought.

    To go on later, start another one after those `positions`.
    """

    def __init__(
        self,
        database: Database,
        bell: Bell,
        *,
        after: Mapping[int, int],
        types: Sequence[str] | None,
        limits: BlockLimits = LIMITS,
    ) -> None:
        """*after* names the partitions, and in each the position behind which to begin."""
        self._database = database
        self._bell = bell
        self._types = types
        self._limits = limits
        self.positions = dict(after)
        self.state = State.CATCHING_UP

    async def blocks(self) -> AsyncGenerator[list[RecordedEvent], None]:
        """Old events, then new ones as they are committed, for as long as the consumer asks.

        A lost connection is sat out; `DatabaseUnavailable` is raised when that has lasted.
        """
        failed = dict.fromkeys(self.positions, 0)
        try:
            while True:
                ring = self._bell.next_ring()
                level = True
                for partition in list(self.positions):
                    try:
                        block = await self._read(partition)
                    except PASSING as error:
                        failed[partition], level = failed[partition] + 1, False
                        await self._rest(partition, failed[partition], error)
                        continue
                    failed[partition] = 0
                    level = level and block is None
                    if block:
                        yield block
                if level:
                    self.state = State.LIVE
                    await self._bell.wait(ring)
                self.state = State.CATCHING_UP
        finally:
            self.state = State.CLOSED

    async def _read(self, partition: int) -> list[RecordedEvent] | None:
        """The next wanted events of *partition*, perhaps none; None when nothing at all is left."""
        async with self._database.acquire() as conn:
            block = await read_block(
                conn,
                partition,
                after=self.positions[partition],
                limits=self._limits,
                types=self._types,
                projection=None,
            )
        wanted = [block.recorded(row) for row in block.wanted_rows()]
        self.positions[partition] = block.up_to
        return wanted if block.rows else None

    async def _rest(self, partition: int, failed: int, error: BaseException) -> None:
        self.state = State.RESTING
        log.warning(
            "subscription.interrupted", partition=partition, failed=failed, error=repr(error)
        )
        if failed >= FAILURES_MAX:
            raise DatabaseUnavailable(
                f"partition {partition} of the log cannot be read: {error!r}"
            ) from error
        await asyncio.sleep(backoff_s(failed))


def subscribe(
    database: Database, bell: Bell, *, after: Mapping[int, int], types: Sequence[str] | None = None
) -> AsyncGenerator[list[RecordedEvent], None]:
    """Blocks of events of the partitions that *after* names, behind the positions it gives."""
    return Subscription(database, bell, after=after, types=types).blocks()
