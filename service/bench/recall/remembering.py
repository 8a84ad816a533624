"""Remembering with vectors given, against plain appends of the same events; and what it takes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from typing import Final

from eventlog.bell import BellSettings
from eventlog.database import Database, Dedicated
from eventlog.log import EventLog, open_log
from eventlog.members import StreamAppend
from eventlog.statements import statement
from schema.envelope import AT_HEAD, Metadata
from schema.events import MemoryPolicy
from schema.ids import memory_stream
from schema.messages.checked import checked
from schema.messages.memory import RememberEpisode
from service.bench.bench import Bench, Budget, Contest, Sample
from service.bench.closed_loop import OnceFn, closed_loop
from service.bench.recall.likely import DIMENSIONS, Likely
from service.memory.memory import Memory
from service.memory.opening import open_memory
from service.mind.writing import Author
from service.projecting import catch_up_all, memory_runner

WRITERS: Final = 16
"""Each to a memory of its own."""
TEXT_WORDS: Final = 25
ENTRIES: Final = 5_000
APPEND_EPISODES: Final = 100
METADATA: Final = Metadata(actor="bench")
BEGUN: Final = datetime(2026, 1, 1, tzinfo=UTC)
AUTHOR: Final = Author(actor="bench")
SIZES: Final = statement("service.bench", "memory_bytes")


def remember_bench(*budgets: Budget) -> Bench:
    """Episodes per second, each decided and appended as `remember` does it."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with opened(database) as (log, memory):
            yield Contest(_Ours(memory).measure, _Floor(log).measure)

    params = {"writers": WRITERS, "dimensions": DIMENSIONS, "text_words": TEXT_WORDS}
    return Bench(
        name="remember", params=params, unit="episodes/s", prepare=prepare, budgets=budgets
    )


def memory_size_bench(*budgets: Budget) -> Bench:
    """Bytes that an episode takes beside its event: rows, words and vectors, with indexes."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with opened(database) as (log, _memory):
            await remember_many(log, "bench", ENTRIES, Likely(1))
            await catch_up_all(log, lambda _status: None)
            yield Contest(lambda _round_s: _stored(database))

    params = {"entries": ENTRIES, "dimensions": DIMENSIONS, "text_words": TEXT_WORDS}
    return Bench(
        name="memory_size", params=params, unit="bytes/entry", prepare=prepare, budgets=budgets
    )


@asynccontextmanager
async def opened(database: Database) -> AsyncIterator[tuple[EventLog, Memory]]:
    """The log and the memories in *database*, without an embedder."""

    async def policy_of(_agent_id: str) -> MemoryPolicy:
        return MemoryPolicy()

    async with (
        open_log(database, BellSettings()) as log,
        open_memory(
            log,
            load_runner=lambda: memory_runner(log),
            open_embedder=nullcontext,
            policy_of=policy_of,
        ) as memory,
    ):
        yield log, memory


async def remember_many(log: EventLog, agent_id: str, entries: int, likely: Likely) -> None:
    """Append so many episodes to the agent's memory, with vectors given."""
    stream = memory_stream(agent_id)
    for first in range(0, entries, APPEND_EPISODES):
        count = min(APPEND_EPISODES, entries - first)
        events = [said.as_event(BEGUN) for said in episodes(likely, count)]
        await log.append(agent_id, StreamAppend(stream, AT_HEAD, events), metadata=METADATA)


def episodes(likely: Likely, count: int) -> list[RememberEpisode]:
    """So many episodes to remember."""
    texts, vectors = likely.texts(count, TEXT_WORDS), likely.vectors(count).tolist()
    return [
        checked(RememberEpisode, {"content": text, "embedding": vector})
        for text, vector in zip(texts, vectors, strict=True)
    ]


class _Ours:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._said = episodes(Likely(2), WRITERS)

    async def measure(self, round_s: float) -> Sample:
        """Through the memory, as tools, API and command line do."""
        return await closed_loop([self._writer(n) for n in range(WRITERS)], round_s)

    def _writer(self, number: int) -> OnceFn:
        said = self._said[number]

        async def once() -> None:
            await self._memory.remember(f"ours-{number}", said, AUTHOR)

        return once


class _Floor:
    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._events = [said.as_event(BEGUN) for said in episodes(Likely(2), WRITERS)]

    async def measure(self, round_s: float) -> Sample:
        """The same events, appended without a look at anything."""
        return await closed_loop([self._writer(n) for n in range(WRITERS)], round_s)

    def _writer(self, number: int) -> OnceFn:
        append = StreamAppend(memory_stream(f"floor-{number}"), AT_HEAD, [self._events[number]])

        async def once() -> None:
            await self._log.append(f"floor-{number}", append, metadata=METADATA)

        return once


async def _stored(database: Database) -> Sample:
    owner = await database.connect_as_owner(settings={"statement_timeout": "0"})
    try:
        return await _measured(owner)
    finally:
        await owner.close()


async def _measured(owner: Dedicated) -> Sample:
    await owner.execute("vacuum analyze")
    bytes_of = {row["part"]: row["bytes"] / ENTRIES for row in await owner.fetch(SIZES)}
    also = {f"{part}_bytes": share for part, share in bytes_of.items()}
    events = bytes_of.pop("events")
    return Sample(
        sum(bytes_of.values()), also={**also, "with_event_bytes": sum(bytes_of.values()) + events}
    )
