"""What tests of leases need: a log, processes with leases over it, and clocks to move."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from eventlog.bell import BellSettings
from eventlog.database import Database, open_database
from eventlog.log import EventLog, open_log
from eventlog.members import StreamAppend
from schema import events
from schema.envelope import Metadata
from schema.ids import new_session_id, session_stream
from service.lease import Lease
from service.leases import Leases, open_leases

LEASE_S = 30.0
AGENT = "a-1"
RUN_OUT = "update ops.leases set until = eventlog.clock() where session_id = $1"
ROWS = "select session_id, agent_id, holder, epoch, until from ops.leases order by session_id"


@dataclass
class OwnClock:
    """A process's own clock, which tests move."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


@asynccontextmanager
async def opened(database: Database, clock: OwnClock | None = None) -> AsyncIterator[Leases]:
    """A process that holds leases; its heart beats only where the test says `renew`."""
    async with (
        open_log(database, BellSettings(poll_s=60)) as log,
        open_leases(log, LEASE_S, now_s=clock or OwnClock()) as leases,
    ):
        yield leases


@asynccontextmanager
async def opened_at(database: Database, moment: str) -> AsyncIterator[Leases]:
    """A process for which the server's clock stands at *moment*."""
    dsn = database.address.options["dsn"]
    url = f"{dsn}{'&' if '?' in dsn else '?'}agent_runtime.now={quote(moment)}"
    async with open_database(url, Path()) as moved, opened(moved) as leases:
        yield leases


async def run_out(database: Database, session_id: UUID) -> None:
    """Let the time of the session's lease be up, as if its holder had been silent for so long."""
    async with database.acquire() as conn:
        await conn.execute(RUN_OUT, session_id)


async def append(log: EventLog, session_id: UUID, expected: int, epoch: int) -> None:
    """An event of the session under *epoch*."""
    fact = (
        events.SessionStarted(agent_id=AGENT, prompt="?", model="x", salt="0" * 32, epoch=epoch)
        if expected == 0
        else events.SessionResumed(epoch=epoch)
    )
    append = StreamAppend(session_stream(session_id), expected, (fact,), epoch=epoch)
    await log.append(AGENT, append, metadata=Metadata())


def lease_of(session_id: UUID, agent_id: str) -> Lease:
    """A first lease that no table knows, for as long as anybody wants."""
    lease = Lease(session_id, agent_id, 1, margin_s=0, now_s=OwnClock())
    lease.renewed(math.inf)
    return lease


def session() -> UUID:
    return new_session_id(AGENT)
