"""What is held no more: when it went and why is told to who names it again."""

import pytest

from eventlog.database import Database
from schema.errors import NotFound
from schema.events import MemoryPolicy
from tests.memories import ANA, process


async def test_who_wants_what_is_gone_is_told_when_and_why_it_went(database: Database):
    async with process(database, MemoryPolicy(capacity=2)) as one, process(database) as other:
        evicted = await one.remember("a-1", "least", importance=0.1)
        forgotten = await one.remember("a-1", "wrong")
        await one.remember("a-1", "stays")
        await one.memory.forget("a-1", forgotten, ANA, reason="not true")
        for p in (one, other):
            with pytest.raises(NotFound, match=r"forgotten at version 5, 2\d{3}.*Z: not true"):
                await p.memory.forget("a-1", forgotten, ANA)
            with pytest.raises(NotFound, match=r"evicted at version 3, "):
                await p.memory.pin("a-1", evicted, ANA, pinned=True)
        assert [gone.name for gone in await one.memory.gone("a-1", forgotten[-8:], 6)] == [
            forgotten
        ]
        for name in (forgotten[:-1], "%", "a\0", "\ud800"):
            with pytest.raises(NotFound, match="there is no episode"):
                await one.memory.forget("a-1", name, ANA)
        with pytest.raises(NotFound, match="there is no episode"):
            await one.memory.forget("a-2", forgotten, ANA)


async def test_who_removes_a_fact_twice_is_told_when_it_went(database: Database):
    async with process(database) as one:
        for value in ("red", "blue"):
            await one.store("a-1", "colour", value)
        await one.memory.remove_fact("a-1", "colour", ANA, reason="painted over")
        with pytest.raises(NotFound, match=r"removed at version 3, .*: painted over"):
            await one.memory.remove_fact("a-1", "colour", ANA)
        with pytest.raises(NotFound, match=r"nothing is stored under 'a\\x00'$"):
            await one.memory.remove_fact("a-1", "a\0", ANA)


async def test_an_episode_that_came_back_pinned_is_not_taken_for_gone(database: Database):
    async with process(database) as one:
        kept = await one.remember("a-1", "stays")
        await one.memory.pin("a-1", kept, ANA, pinned=True)
        assert await one.memory.gone("a-1", kept, 6) == []
