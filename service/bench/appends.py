"""Appends of one event each from many sessions at once, against plain inserts."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from eventlog.append import Appender, open_appender
from eventlog.database import Database, Dedicated
from eventlog.members import StreamAppend
from eventlog.statements import statement
from schema import json_text
from schema.envelope import Metadata
from schema.ids import new_session_id, session_stream, uuid7
from service.bench.bench import Bench, Budget, Contest, Sample
from service.bench.closed_loop import OnceFn, closed_loop
from service.bench.facts import EVENT_BYTES, kilobyte_event

AGENT: Final = "bench"
HEADS: Final = 1_000_000
INSERT: Final = statement(__package__, "insert_plainly")

METADATA: Final = Metadata(actor="loop", correlation_id="0" * 32)


def append_bench(sessions: int, *budgets: Budget) -> Bench:
    """As many sessions as stated, each appending one event after another."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        await _execute(database, "create_plain_table")
        yield Contest(_Ours(database, sessions).measure, _Floor(database, sessions).measure)

    params = {"sessions": sessions, "event_bytes": EVENT_BYTES}
    return Bench(name="append", params=params, unit="events/s", prepare=prepare, budgets=budgets)


def append_among_heads_bench(sessions: int, *budgets: Budget) -> Bench:
    """The same where a million streams are there already: every plan must go by index."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        await _execute(database, "create_plain_table")
        await _execute(database, "fill_streams", HEADS)
        yield Contest(_Ours(database, sessions).measure, _Floor(database, sessions).measure)

    params = {"sessions": sessions, "event_bytes": EVENT_BYTES, "streams": HEADS}
    return Bench(
        name="append_heads_1m", params=params, unit="events/s", prepare=prepare, budgets=budgets
    )


class _Ours:
    def __init__(self, database: Database, sessions: int) -> None:
        self._database = database
        self._sessions = sessions

    async def measure(self, round_s: float) -> Sample:
        """Through the appender, as the loop does."""
        async with open_appender(self._database, 1, lambda _partition: None) as appender:
            workers = [_session(appender) for _ in range(self._sessions)]
            return await closed_loop(workers, round_s)


class _Floor:
    def __init__(self, database: Database, sessions: int) -> None:
        self._database = database
        self._sessions = sessions

    async def measure(self, round_s: float) -> Sample:
        """One commit per event, a connection and a prepared statement for each session."""
        async with AsyncExitStack() as stack:
            workers = []
            for _ in range(self._sessions):
                conn = await self._database.connect_as_owner()
                stack.push_async_callback(conn.close)
                workers.append(await _inserter(conn))
            return await closed_loop(workers, round_s)


def _session(appender: Appender) -> OnceFn:
    stream = session_stream(new_session_id(AGENT))
    event = kilobyte_event()
    version = 0

    async def once() -> None:
        nonlocal version
        append = StreamAppend(stream, version, (event,), epoch=1)
        (appended,) = await appender.append(AGENT, append, metadata=METADATA)
        version = appended.version

    return once


async def _inserter(conn: Dedicated) -> OnceFn:
    insert = (await conn.prepare(INSERT)).fetch
    stream = session_stream(new_session_id(AGENT))
    event = kilobyte_event()
    data, metadata = json_text.encode(event), json_text.encode(METADATA)
    version = 0

    async def once() -> None:
        nonlocal version
        version += 1
        await insert(AGENT, stream, version, uuid7(), event.type, 1, data, metadata)

    return once


async def _execute(database: Database, name: str, *values: int) -> None:
    owner = await database.connect_as_owner(settings={"statement_timeout": "0"})
    try:
        await owner.execute(statement(__package__, name), *values)
    finally:
        await owner.close()
