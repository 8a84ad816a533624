"""How long the guide's questions take on a million events, and what appends feel of a report."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Final

from eventlog.append import Appender, open_appender
from eventlog.database import Database, Dedicated
from eventlog.members import StreamAppend
from eventlog.statements import statement
from schema.envelope import Metadata
from schema.ids import new_session_id, session_stream
from service.analytics.questions import questions
from service.bench.analytics.ground import EVENTS, fill
from service.bench.bench import Bench, Budget, Contest, Sample
from service.bench.facts import EVENT_BYTES, kilobyte_event

AGENT: Final = "bench"
METADATA: Final = Metadata(actor="loop")
OFFERED_PER_S: Final = 1000
STREAMS: Final = 50
"""That take turns: so many appends may be under way at once, in order."""
ASKING: Final = {"max_parallel_workers_per_gather": "0", "statement_timeout": "300000"}
"""As a role of `analytics grant` asks: on one core."""


def questions_bench(*budgets: Budget) -> Bench:
    """Milliseconds of the slowest of the guide's questions; each one's, beside it.

    The floor is the same as the slowest asks, of a bare table that has just those columns.
    """

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        await _make_bare(database)
        conn = await database.connect(settings=ASKING)
        try:
            yield Contest(lambda _round_s: _ask_all(conn), lambda _round_s: _ask_bare(conn))
        finally:
            await conn.close()

    return Bench(
        name="questions",
        params={"events": EVENTS},
        unit="ms",
        prepare=prepare,
        budgets=budgets,
        ground=fill,
    )


def report_beside_appends_bench(*budgets: Budget) -> Bench:
    """Appends per second at a fixed offered rate while the slowest question is asked on and on."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        conn = await database.connect(settings=ASKING)
        try:
            took = (await _ask_all(conn)).also
            slowest = max(questions(), key=lambda question: took[_figure(question.name)])
            writer = _Writer(database, conn, slowest.sql)
            yield Contest(writer.beside_report, writer.alone)
        finally:
            await conn.close()

    return Bench(
        name="report_beside_appends",
        params={"events": EVENTS, "offered_per_s": OFFERED_PER_S, "event_bytes": EVENT_BYTES},
        unit="events/s",
        prepare=prepare,
        budgets=budgets,
        ground=fill,
    )


async def _ask_all(conn: Dedicated) -> Sample:
    took_ms = {}
    for question in questions():
        began = perf_counter()
        await conn.fetch(question.sql)
        took_ms[_figure(question.name)] = (perf_counter() - began) * 1000
    return Sample(max(took_ms.values()), also=took_ms)


async def _make_bare(database: Database) -> None:
    owner = await database.connect_as_owner(settings={"statement_timeout": "0"})
    try:
        await owner.execute(statement("service.bench", "make_bare_completions"))
        await owner.execute("vacuum analyze public.bare_completions")
    finally:
        await owner.close()


async def _ask_bare(conn: Dedicated) -> Sample:
    began = perf_counter()
    await conn.fetch(statement("service.bench", "ask_bare_completions"))
    return Sample((perf_counter() - began) * 1000)


def _figure(name: str) -> str:
    return f"{name}_ms"


class _Writer:
    """Appends at a fixed rate, come what may: who is late counts from when it was due."""

    def __init__(self, database: Database, conn: Dedicated, report: str) -> None:
        self._database = database
        self._conn = conn
        self._report = report

    async def alone(self, round_s: float) -> Sample:
        """Nothing else goes on."""
        async with open_appender(self._database, 1, lambda _partition: None) as appender:
            return await _offered(appender, round_s)

    async def beside_report(self, round_s: float) -> Sample:
        """The report is asked for again and again."""
        over = asyncio.Event()
        asked = 0

        async def ask() -> None:
            nonlocal asked
            while not over.is_set():
                await self._conn.fetch(self._report)
                asked += 1

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(ask())
            sample = await self.alone(round_s)
            over.set()
        return Sample(sample.value, sample.latencies_ms, also={"reports": asked})


async def _offered(appender: Appender, round_s: float) -> Sample:
    took_ms: list[float] = []
    each = round(OFFERED_PER_S * round_s / STREAMS)
    began = perf_counter()

    async def writer(place: int) -> None:
        stream, event = session_stream(new_session_id(AGENT)), kilobyte_event()
        for version in range(each):
            due = began + (version * STREAMS + place) / OFFERED_PER_S
            await asyncio.sleep(max(0, due - perf_counter()))
            append = StreamAppend(stream, version, (event,), epoch=1)
            await appender.append(AGENT, append, metadata=METADATA)
            took_ms.append((perf_counter() - due) * 1000)

    async with asyncio.TaskGroup() as tasks:
        for place in range(STREAMS):
            tasks.create_task(writer(place))
    return Sample(len(took_ms) / (perf_counter() - began), took_ms)
