"""What an agent holds, by the rows and the log's tail; and readers who wait for the rows."""

import asyncio
from functools import reduce

import pytest
from msgspec.structs import replace

from eventlog.database import Database
from schema import events
from schema.errors import Refused, Unavailable
from schema.events import MemoryPolicy
from schema.ids import memory_stream, partition_of
from schema.messages.memory import NoteWorking
from service.memory.capacity import Holdings, evolve
from service.memory.kept import Kept
from tests.memories import ANA, START, Process, process
from tests.memory_erasing import erase

POLICY = MemoryPolicy(capacity=4, working_shared=True, working_capacity=2)
PARK = """
insert into eventlog.parked (partition, projection, stream, version, position, error, parked_at)
values ($1, 'memory', $2, 1, 1, 'poison', now())
"""
HOLD = "select from eventlog.checkpoints where projection = 'memory' for update"


async def folded(one: Process, agent_id: str) -> Holdings:
    """What the log alone says."""
    blocks = one.log.read_stream(memory_stream(agent_id))
    facts = [fact async for block in blocks for fact in block]
    return reduce(evolve, facts, Holdings())


async def live(one: Process, agent_id: str, count: int) -> list[str]:
    ids = [await one.remember(agent_id, f"episode {n}", importance=n / 10) for n in range(count)]
    await one.store(agent_id, "colour", "red", embedding=[1.0, 2.0])
    await one.store(agent_id, "shape", "round")
    await one.memory.remove_fact(agent_id, "shape", ANA)
    await one.memory.pin(agent_id, ids[-1], ANA, pinned=True)
    for key in ("a", "b", "c"):
        await one.memory.note(agent_id, NoteWorking(key=key, value=key.upper()), ANA)
    return ids


async def test_rows_and_the_tail_behind_them_hold_what_the_log_says(database: Database):
    async with process(database, POLICY) as one:
        await live(one, "a-1", 6)
        await one.memory.level.reach(memory_stream("a-1"))
    async with process(database, POLICY) as another:
        by_rows = await another.memory.holdings("a-1")
        assert replace(by_rows, touched=0) == replace(await folded(another, "a-1"), touched=0)
        await live(another, "a-1", 3)
        assert another.memory._kept.dimensions("a-1") == 2
        by_both = await another.memory.holdings("a-1")
        expected = await folded(another, "a-1")
        assert by_both.episodes == expected.episodes
        assert (by_both.facts, by_both.working) == (expected.facts, expected.working)


async def test_what_was_erased_is_held_no_more(database: Database):
    async with process(database, POLICY) as one:
        first, second = [await one.remember("a-1", content) for content in ("first", "second")]
        assert set((await one.memory.holdings("a-1")).episodes) == {first, second}
        await erase(database, "a-1", 1)
        assert set((await one.memory.holdings("a-1")).episodes) == {second}
        await one.remember("a-1", "third")
        assert len((await one.memory.holdings("a-1")).episodes) == 2


async def test_holdings_of_those_who_were_not_busy_make_room(database: Database):
    async with process(database) as one:
        kept = Kept(one.log, one.memory.level, entries_max=6)
        for agent_id in ("a-1", "a-2", "a-3"):
            for n in range(2):
                await one.remember(agent_id, f"{n}")
            assert len((await kept.fresh(agent_id)).episodes) == 2
        assert len(kept) == 2
        assert len((await kept.fresh("a-1")).episodes) == 2


async def test_counts_and_embeddings_touch_nothing_that_is_held(database: Database):
    async with process(database) as one:
        episode = await one.remember("a-1", "x")
        kept = Kept(one.log, one.memory.level)
        before = (await kept.fresh("a-1")).version
        counted = events.RecallsCounted(ids=(episode,), at=START)
        await one.memory._writer.write("a-1", counted, ANA)
        assert (await kept.fresh("a-1")).touched <= before
        await one.memory.forget("a-1", episode, ANA)
        assert (await kept.fresh("a-1")).touched > before


async def test_a_memory_that_is_parked_is_not_read(database: Database, partitions: int):
    async with process(database) as one:
        await one.remember("a-1", "x")
        await database.pool.execute(PARK, partition_of("a-1", partitions), memory_stream("a-1"))
        with pytest.raises(Refused, match="rebuild memory"):
            await one.memory.look("a-1", None, 10)
        await one.remember("a-1", "writing goes on")


async def test_a_reader_waits_for_the_rows_but_not_for_ever(database: Database):
    async with process(database) as one:
        await one.remember("a-1", "x")
        await one.memory.level.reach(memory_stream("a-1"))
        async with database.acquire() as conn:
            transaction = conn.transaction()
            await transaction.start()
            await conn.execute(HOLD)
            await one.remember("a-1", "y")
            with pytest.raises(Unavailable):
                await one.memory.level.reach(memory_stream("a-1"), timeout_s=0.1)
            looking = asyncio.create_task(one.memory.look("a-1", None, 10))
            await transaction.rollback()
        assert len((await looking).episodes) == 2
