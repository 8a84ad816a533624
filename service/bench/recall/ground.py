"""A database full of memories: those that are measured, others', and the same in raw tables."""

import asyncio
import struct
from collections.abc import Iterator
from typing import Any, Final

from eventlog.bell import BellSettings
from eventlog.database import Database, Dedicated
from eventlog.log import EventLog, open_log
from eventlog.members import StreamAppend
from eventlog.statements import statement
from schema.envelope import AT_HEAD
from schema.events import EpisodeForgotten
from schema.ids import memory_stream
from service.bench.recall.likely import DIMENSIONS, Likely
from service.bench.recall.remembering import METADATA, TEXT_WORDS, remember_many
from service.memory.ann import index_name, quoted
from service.projecting import catch_up_all

BY_EVENTS: Final = {"few": 1_000, "some": 10_000}
"""Agents whose rows the projector writes, and how many entries they have."""
MANY: Final = "many"
MANY_ENTRIES: Final = 100_000
AGENTS: Final = {**BY_EVENTS, MANY: MANY_ENTRIES}
OTHERS: Final = 200
OTHERS_EACH: Final = 1_000
OTHERS_WORDS: Final = 10
OTHER_ENTRIES: Final = OTHERS * OTHERS_EACH
SPACE: Final = "given"
APPEND_EVENTS: Final = 500
BLOCK: Final = 20_000
"""Rows that are copied at once."""
GROUND: Final = "service.bench"
UNLIMITED: Final = ("statement_timeout", "idle_in_transaction_session_timeout")


async def fill(database: Database) -> None:
    """Make the ground that all benches of recall stand on."""
    await _remember(database)
    owner = await database.connect_as_owner(settings=dict.fromkeys(UNLIMITED, "0"))
    try:
        await owner.execute("set maintenance_work_mem = '512MB'")
        await _copy_others(owner)
        for name in ("fill_memories", "fill_raw_memories", "index_raw_memories"):
            await owner.execute(statement(GROUND, name))
        await owner.execute(_index_on_nearness())
        await owner.execute("vacuum analyze")
    finally:
        await owner.close()


async def _remember(database: Database) -> None:
    async with open_log(database, BellSettings()) as log, asyncio.TaskGroup() as tasks:
        for seed, (agent_id, entries) in enumerate(BY_EVENTS.items()):
            tasks.create_task(remember_many(log, agent_id, entries, Likely(10 + seed)))
    async with open_log(database, BellSettings()) as log:
        await catch_up_all(log, lambda _status: None)
        for agent_id in BY_EVENTS:
            await _forget(log, agent_id)
        await catch_up_all(log, lambda _status: None)


async def _forget(log: EventLog, agent_id: str) -> None:
    """Forget one episode of ten: what is gone must not be in the way."""
    stream = memory_stream(agent_id)
    rows = await log.database.pool.fetch(statement(GROUND, "every_tenth"), stream)
    for first in range(0, len(rows), APPEND_EVENTS):
        events = [EpisodeForgotten(id=row["id"]) for row in rows[first : first + APPEND_EVENTS]]
        await log.append(agent_id, StreamAppend(stream, AT_HEAD, events), metadata=METADATA)


async def _copy_others(owner: Dedicated) -> None:
    await owner.execute(statement(GROUND, "create_copied_memories"))
    await owner.set_type_codec(
        "vector", schema="public", encoder=lambda v: v, decoder=bytes, format="binary"
    )
    for rows in _blocks(Likely(20)):
        await owner.copy_records_to_table("copied_memories", schema_name="public", records=rows)


def _index_on_nearness() -> str:
    """What makes the index that so large a memory is given."""
    stream = memory_stream(MANY)
    return statement("service.memory", "make_index").format(
        name=index_name(0, stream, SPACE),
        dimensions=DIMENSIONS,
        partition=0,
        stream=quoted(stream),
        space=quoted(SPACE),
    )


def _blocks(likely: Likely) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of all agents that have no events: block by block, as they came, mixed up."""
    for first in range(0, MANY_ENTRIES, BLOCK):
        stream = memory_stream(MANY)
        texts, vectors = likely.texts(BLOCK, TEXT_WORDS), likely.vectors(BLOCK)
        yield [
            (stream, first + n + 1, text, vector_bytes(vector))
            for n, (text, vector) in enumerate(zip(texts, vectors, strict=True))
        ]
    each = BLOCK // OTHERS
    for first in range(0, OTHERS_EACH, each):
        texts, vectors = likely.texts(BLOCK, OTHERS_WORDS), likely.vectors(BLOCK)
        yield [
            (memory_stream(f"other-{n % OTHERS}"), first + n // OTHERS + 1, text, vector_bytes(v))
            for n, (text, v) in enumerate(zip(texts, vectors, strict=True))
        ]


def vector_bytes(vector: Any) -> bytes:
    """*vector* as pgvector sends and receives it."""
    numbers: bytes = vector.astype(">f4").tobytes()
    return struct.pack(">hh", DIMENSIONS, 0) + numbers
