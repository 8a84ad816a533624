"""A session looked at over HTTP, and many who follow many sessions."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Final
from uuid import UUID

import orjson
from aiohttp import web

from eventlog.database import Database
from eventlog.members import StreamAppend
from schema.events import Event
from schema.ids import session_stream
from service.bench.bench import Bench, Budget, Contest, Sample
from service.bench.facts import EVENT_BYTES, kilobyte_event, whole_session
from service.bench.http.ground import Served, bare, load, served
from service.bench.written import AGENT, METADATA, write_session

CONNECTIONS: Final = 16
STEPS: Final = 3
SELECT: Final = """
select id, agent_id, status, version, prompt, model, answer, cause, detail, steps,
  input_tokens, output_tokens, cached_tokens, started_at, updated_at, ended_at
from readmodel.sessions where partition = $1 and id = $2"""
"""By the key of the rows."""

CLIENTS: Final = 1000
FOLLOWED: Final = 100
EVENTS_PER_S: Final = 50
PAGE_BYTES: Final = 4096


def http_session_bench(*budgets: Budget) -> Bench:
    """`GET /v1/sessions/{id}`, against a bare aiohttp handler that does one indexed SELECT."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with served(database) as service:
            log = service.runtime.log
            session = await write_session(log, list(whole_session(STEPS, EVENT_BYTES)))
            partition = log.partition_of(session_stream(session))
            await _projected(database, partition, session)

            async def handler(_request: web.Request) -> web.Response:
                async with database.acquire() as conn:
                    row = await conn.fetchrow(SELECT, partition, session)
                assert row is not None  # noqa: S101 - it has been waited for.
                return web.Response(
                    body=orjson.dumps(dict(row), default=str), content_type="application/json"
                )

            async with bare(database, handler) as port:
                path = f"/v1/sessions/{session}"
                yield Contest(_asking(service.port, path), _asking(port, path))

    params = {"connections": CONNECTIONS, "events": 3 * STEPS + 2}
    return Bench(
        name="http_session", params=params, unit="requests/s", prepare=prepare, budgets=budgets
    )


async def _projected(database: Database, partition: int, session: UUID) -> None:
    while True:
        async with database.acquire() as conn:
            row = await conn.fetchrow(SELECT, partition, session)
        if row is not None and row["status"] == "completed":
            return
        await asyncio.sleep(0.05)


def _asking(port: int, path: str) -> Callable[[float], Awaitable[Sample]]:
    async def measure(round_s: float) -> Sample:
        said = {"port": port, "path": path, "connections": CONNECTIONS, "round_s": round_s}
        async with load(do="ask", **said) as asking:
            came = await asking.line()
        return Sample(len(came["latencies_ms"]) / came["took_s"], came["latencies_ms"])

    return measure


def http_streams_bench(*budgets: Budget) -> Bench:
    """From an event's recording until all who follow its session have it, in one process."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with served(database) as service:
            first = list(whole_session(1, EVENT_BYTES))[:1]
            sessions = [await write_session(service.runtime.log, first) for _ in range(FOLLOWED)]
            yield Contest(_Following(service, sessions).measure)

    params = {"clients": CLIENTS, "sessions": FOLLOWED, "events_per_s": EVENTS_PER_S}
    return Bench(name="http_streams", params=params, unit="ms", prepare=prepare, budgets=budgets)


class _Following:
    def __init__(self, service: Served, sessions: list[UUID]) -> None:
        self._service = service
        self._versions = dict.fromkeys(sessions, 1)

    async def measure(self, round_s: float) -> Sample:
        """The 99th percentile of what passed until a listener had an event."""
        sessions = list(self._versions)
        paths = [
            f"/v1/sessions/{sessions[n % FOLLOWED]}/stream"
            f"?after={self._versions[sessions[n % FOLLOWED]] - 1}"
            for n in range(CLIENTS)
        ]
        events = max(1, round(EVENTS_PER_S * round_s))
        deliveries = events * (CLIENTS // FOLLOWED)
        said = {"port": self._service.port, "paths": paths, "events": deliveries}
        gc.collect()
        before = _resident_bytes()
        async with load(do="listen", **said, most_s=round_s + 20) as listening:
            per_client = (_resident_bytes() - before) / CLIENTS
            await self._append(events, sessions)
            came = sorted((await listening.line())["latencies_ms"])
        also = {"p50_ms": came[len(came) // 2], "client_kib": per_client / 1024}
        also["missing"] = float(deliveries - len(came))
        return Sample(came[int(len(came) * 0.99)], came, also)

    async def _append(self, events: int, sessions: list[UUID]) -> None:
        """At a steady pace, to one session after the other."""
        began, fact = perf_counter(), kilobyte_event()
        async with asyncio.TaskGroup() as tasks:
            for number in range(events):
                await asyncio.sleep(max(0.0, began + number / EVENTS_PER_S - perf_counter()))
                session = sessions[number % len(sessions)]
                tasks.create_task(self._append_one(session, self._versions[session], fact))
                self._versions[session] += 1

    async def _append_one(self, session: UUID, version: int, fact: Event) -> None:
        append = StreamAppend(session_stream(session), version, (fact,), epoch=1)
        await self._service.runtime.log.append(AGENT, append, metadata=METADATA)


def _resident_bytes() -> int:
    """Of this process, as the kernel counts."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


def http_benches(*, session: Budget, streams: Budget) -> list[Bench]:
    """Each has its budget."""
    return [http_session_bench(session), http_streams_bench(streams)]
