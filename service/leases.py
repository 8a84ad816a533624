"""Leases: who drives which session, and for how long without asking again.

A row of `ops.leases` is one process's turn at a session, for a while by the server's clock; it's
renewed as long as the process lives, and who finds one whose time is up may take it, under a higher
epoch. Nothing here decides what is true: the log refuses what comes under an epoch below the newest
that it has seen, so a process that doesn't know yet that its turn is over can only waste work. What
would reach beyond the log (a model, a tool) asks its lease first, by this process's own clock.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import UUID, uuid4

import structlog

from eventlog.database import Dedicated
from eventlog.lifetimes import beside
from eventlog.log import EventLog
from eventlog.retrying import PASSING, holding
from eventlog.statements import statement
from schema.errors import LeaseHeld, Unavailable
from schema.ids import partition_of_session
from service.lease import Lease, NowFn, own_clock_s

BEGIN: Final = statement(__package__, "begin_lease")
TAKE: Final = statement(__package__, "take_lease")
TAKE_EXPIRED: Final = statement(__package__, "take_expired_leases")
OFFER: Final = statement(__package__, "offer_lease")
RENEW: Final = statement(__package__, "renew_leases")
RELEASE: Final = statement(__package__, "release_lease")
HAND_BACK: Final = statement(__package__, "hand_back_leases")
READ: Final = statement(__package__, "read_lease")

BEATS: Final = 3
"""How often a lease is renewed in the time that it runs."""
MARGIN: Final = 0.2
"""The part of a lease, at its end, in which nothing more is begun."""
TRIES_MAX: Final = 10
"""So often a lease may come and go while we ask who holds it."""
RELEASE_TIMEOUT_S: Final = 5.0
"""A lease that can't be given back in time runs out by itself."""

log = structlog.get_logger()


class Leases:
    """The leases of this process; made by `open_leases`."""

    def __init__(self, log: EventLog, lease_s: float, margin_s: float, now_s: NowFn) -> None:
        self.lease_s = lease_s
        self.holder = uuid4()
        self._log = log
        self._margin_s = margin_s
        self._now_s = now_s
        self._held: dict[UUID, Lease] = {}
        self._conn: Dedicated | None = None
        self._renewing = asyncio.Lock()

    async def begin(self, session_id: UUID, agent_id: str) -> Lease:
        """The first lease of a session that is about to be started; `LeaseHeld` if it has one."""
        return await self._take(BEGIN, session_id, agent_id)

    async def take(self, session_id: UUID, agent_id: str) -> Lease:
        """A lease, under a new epoch, of a session that nobody drives; else `LeaseHeld`."""
        return await self._take(TAKE, session_id, agent_id)

    async def expired(self, limit: int) -> list[Lease]:
        """At most *limit* leases that ran out elsewhere or wait for somebody; they're ours now.

        What ran out here, while this process slept, is renewed first, if nobody was faster.
        """
        await self.renew()
        sent_s = self._now_s()
        async with self._log.database.acquire() as conn:
            rows = await conn.fetch(TAKE_EXPIRED, self.holder, self.lease_s, limit)
        return [self._hold(*row, sent_s=sent_s) for row in rows]

    async def offer(self, session_id: UUID, agent_id: str) -> None:
        """Let whoever looks for work drive a session that nobody drives, and that can go on."""
        async with self._log.database.acquire() as conn:
            await conn.execute(OFFER, self._partition(session_id), session_id, agent_id)

    async def release(self, lease: Lease) -> None:
        """Give up the lease of a session that is at rest: nobody drives it, until it's resumed."""
        self.forget(lease)
        key = (self._partition(lease.session_id), lease.session_id)
        await self._in_time(RELEASE, *key, self.holder, lease.epoch)

    async def hand_back(self, *leases: Lease) -> None:
        """Give up leases of sessions that have to go on: anybody may take them at once."""
        for lease in leases:
            self.forget(lease)
        if leases:
            await self._in_time(HAND_BACK, self.holder, *self._columns(leases))

    def forget(self, lease: Lease) -> bool:
        """Renew *lease* no longer, so that it runs out by itself; whether it was held."""
        lease.lost.set()
        if self._held.get(lease.session_id) is not lease:
            return False
        del self._held[lease.session_id]
        return True

    async def hand_back_all(self) -> None:
        """Give up every lease that is left."""
        await self.hand_back(*self._held.values())

    async def keep(self) -> None:
        """Renew what is held, again and again until cancelled."""
        beat_s = self.lease_s / BEATS
        pause_s = beat_s
        while True:
            await asyncio.sleep(pause_s)
            try:
                async with asyncio.timeout(beat_s):
                    await self.renew()
            except PASSING as error:
                log.warning("leases.not_renewed", held=len(self._held), error=repr(error))
                pause_s = beat_s / 4
            else:
                pause_s = beat_s

    async def renew(self) -> None:
        """Renew what is held; what isn't ours any more is lost at once."""
        async with self._renewing:
            held = list(self._held.values())
            if not held:
                return
            try:
                await self._renew(held)
            except BaseException:
                self._disconnect()  # Whatever it is about, it isn't about the next question.
                raise

    async def _renew(self, held: Sequence[Lease]) -> None:
        conn = await self._connection()
        sent_s = self._now_s()
        with holding(conn):
            rows = await conn.fetch(RENEW, self.holder, self.lease_s, *self._columns(held))
        ours = {row["session_id"] for row in rows}
        for lease in held:
            if lease.session_id in ours:
                lease.renewed(sent_s + self.lease_s)
            elif self.forget(lease):
                log.warning("lease.lost", session=str(lease.session_id), epoch=lease.epoch)

    async def _take(self, statement: str, session_id: UUID, agent_id: str) -> Lease:
        key = (self._partition(session_id), session_id)
        for _ in range(TRIES_MAX):
            async with self._log.database.acquire() as conn:
                sent_s = self._now_s()
                values = (*key, agent_id, self.holder, self.lease_s)
                epoch = await conn.fetchval(statement, *values)
                if epoch is not None:
                    return self._hold(session_id, agent_id, epoch, sent_s=sent_s)
                until = await conn.fetchval(READ, *key)
            if until is not None:
                raise LeaseHeld(session_id, until)
        raise Unavailable(f"session {session_id} is taken and given back all the time: try again")

    def _hold(self, session_id: UUID, agent_id: str, epoch: int, *, sent_s: float) -> Lease:
        before = self._held.get(session_id)
        if before is not None:  # It ran out here, and we were the first to take it.
            self.forget(before)
        lease = Lease(session_id, agent_id, epoch, margin_s=self._margin_s, now_s=self._now_s)
        lease.renewed(sent_s + self.lease_s)
        self._held[session_id] = lease
        return lease

    def _columns(
        self, leases: Sequence[Lease]
    ) -> tuple[Sequence[int], Sequence[UUID], Sequence[int]]:
        sessions = [lease.session_id for lease in leases]
        epochs = [lease.epoch for lease in leases]
        return [self._partition(session_id) for session_id in sessions], sessions, epochs

    def _partition(self, session_id: UUID) -> int:
        return partition_of_session(session_id, self._log.partitions)

    async def _in_time(self, statement: str, *values: object) -> None:
        """Execute what may also be left undone: the lease is no longer renewed."""
        with suppress(*PASSING):
            async with asyncio.timeout(RELEASE_TIMEOUT_S), self._log.database.acquire() as conn:
                await conn.execute(statement, *values)

    async def _connection(self) -> Dedicated:
        """One of our own: a lease is not to run out because the pool is busy."""
        if self._conn is None or self._conn.is_closed():
            self._conn = await self._log.database.connect()
        return self._conn

    def _disconnect(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.terminate()

    async def close(self) -> None:
        """Hand back what is left, and close the line."""
        await self.hand_back_all()
        self._disconnect()


@asynccontextmanager
async def open_leases(
    log: EventLog, lease_s: float, margin_s: float | None = None, *, now_s: NowFn = own_clock_s
) -> AsyncIterator[Leases]:
    """Leases of *lease_s* each, renewed while the block runs and handed back at its end.

    *margin_s* before one runs out, nothing more is begun under it.
    """
    leases = Leases(log, lease_s, lease_s * MARGIN if margin_s is None else margin_s, now_s)
    async with beside(leases.keep()):
        try:
            yield leases
        finally:
            await leases.close()
