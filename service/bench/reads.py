"""Reading the log by position, and opening a long session, from what was appended before."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from time import perf_counter
from typing import Final
from uuid import UUID

import orjson

from eventlog.bell import BellSettings
from eventlog.database import Database, Dedicated
from eventlog.log import EventLog, open_log
from eventlog.read import read_partition
from eventlog.statements import statement
from schema.events import Event
from service.agent.session import fold
from service.bench.bench import Bench, Budget, Contest, Sample
from service.bench.facts import EVENT_BYTES, whole_session
from service.bench.written import write_session, write_sessions
from service.sessions import read_session

EVENTS: Final = 50_000
STEPS_EACH: Final = 10
LONG_SESSION_STEPS: Final = 3_333
"""Which makes 10,001 events."""
BLOCK_EVENTS: Final = 1000
READ_PLAINLY: Final = statement(__package__, "read_plainly")


def read_bench(*budgets: Budget) -> Bench:
    """All events of a partition, decoded, against a cursor whose rows go through orjson."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with open_log(database, BellSettings()) as log:
            await write_sessions(log, EVENTS, steps=STEPS_EACH)
        conn = await database.connect()
        try:
            yield Contest(_Ours(conn).measure, _Floor(conn).measure)
        finally:
            await conn.close()

    params = {"events": EVENTS, "text_bytes": EVENT_BYTES}
    return Bench(name="read", params=params, unit="events/s", prepare=prepare, budgets=budgets)


def open_session_bench(*budgets: Budget) -> Bench:
    """Reading and folding one long session, as whoever takes it up must."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with open_log(database, BellSettings()) as log:
            facts = list(whole_session(LONG_SESSION_STEPS, EVENT_BYTES))
            yield Contest(_Opening(log, await write_session(log, facts), facts).measure)

    params = {"events": 3 * LONG_SESSION_STEPS + 2, "text_bytes": EVENT_BYTES}
    return Bench(name="open_session", params=params, unit="s", prepare=prepare, budgets=budgets)


class _Ours:
    def __init__(self, conn: Dedicated) -> None:
        self._conn = conn

    async def measure(self, round_s: float) -> Sample:
        """Events per second through `read_partition`."""
        began, events, after = perf_counter(), 0, 0
        while perf_counter() - began < round_s:
            block = await read_partition(self._conn, 0, after=after)
            events += len(block)
            after = block[-1].position if block else 0
        return Sample(events / (perf_counter() - began))


class _Floor:
    def __init__(self, conn: Dedicated) -> None:
        self._conn = conn

    async def measure(self, round_s: float) -> Sample:
        """Events per second by a cursor in blocks; of each row, only the data is parsed."""
        read = await self._conn.prepare(READ_PLAINLY)
        began, events = perf_counter(), 0
        while perf_counter() - began < round_s:
            async with self._conn.transaction(readonly=True):
                cursor = await read.cursor()
                while rows := await cursor.fetch(BLOCK_EVENTS):
                    for row in rows:
                        orjson.loads(row["data"])
                    events += len(rows)
        return Sample(events / (perf_counter() - began))


class _Opening:
    def __init__(self, log: EventLog, session_id: UUID, facts: list[Event]) -> None:
        self._log = log
        self._session_id = session_id
        self._version = len(facts)

    async def measure(self, round_s: float) -> Sample:
        """Seconds that one opening takes."""
        until = perf_counter() + round_s
        openings_s: list[float] = []
        while not openings_s or perf_counter() < until:
            began = perf_counter()
            facts = await read_session(self._log, self._session_id)
            state = fold(fact.event for fact in facts)
            openings_s.append(perf_counter() - began)
            assert state.version == self._version  # noqa: S101 - else it measured something else.
        return Sample(median(openings_s), [taken * 1000 for taken in openings_s])
