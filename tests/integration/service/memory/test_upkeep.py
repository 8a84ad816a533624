"""The indexes on nearness are looked after beside a runtime, and how exact they are is told."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from eventlog.lifetimes import beside
from service.memory.ann import index_name
from service.memory.embedder import GIVEN, unit
from service.memory.exactness import Asked, Exactness
from service.memory.upkeep import Upkeep
from service.metrics import Metrics
from tests.recalling import Agent, episode

SCAN = "select distance from readmodel.near($1, $2, 'given', $3, $4, null, 10)"
INDEXES = "select count(*) from pg_indexes where starts_with(indexname, 'vectors_ann_')"
CUT = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""
GAUGE = "agent_runtime_memory_ann_recall_at_10"


@pytest.fixture
async def agent(postgres: Any) -> AsyncIterator[Agent]:
    async with postgres.database(1) as database:
        owner = await database.connect_as_owner()
        agent = Agent(database, owner)
        await agent.tell(*(episode(f"e{n}", embedding=(1.0, n / 10)) for n in range(20)))
        yield agent
        await owner.close()


async def asked(agent: Agent, found: int) -> Asked:
    """A question of whose ten nearest an index found so many."""
    vector = unit([1, 0])
    where = (agent.partition, agent.stream, vector.tolist(), agent.version)
    rows = await agent.owner.fetch(SCAN, *where)
    distances = [row["distance"] for row in rows]
    return Asked(
        partition=agent.partition,
        stream=agent.stream,
        version=agent.version,
        space=GIVEN,
        vector=vector,
        distances=[*distances[:found], *(2.0 for _ in distances[found:])],
    )


async def test_how_much_of_the_nearest_was_found_is_told(agent: Agent):
    metrics, exactness = Metrics(), Exactness()
    upkeep = Upkeep(agent.database, metrics.memory_ann_recall_at_10.set, exactness=exactness)

    await upkeep.once()
    assert math.isnan(metrics.registry.get_sample_value(GAUGE) or 0.0)

    exactness.note(await asked(agent, 10))
    exactness.note(await asked(agent, 7))
    await upkeep.once()
    assert metrics.registry.get_sample_value(GAUGE) == pytest.approx(0.85)


async def test_it_goes_on_while_the_process_works(agent: Agent):
    useless = index_name(agent.partition, agent.stream, GIVEN)
    await agent.owner.execute(
        f"create index {useless} on readmodel.vectors "
        "using hnsw ((embedding::vector(2)) vector_cosine_ops)"
    )

    async with working(agent) as told, asyncio.timeout(20):
        await told.wait()
        assert await agent.owner.fetchval(INDEXES) == 0


async def test_lines_that_were_cut_are_made_again(agent: Agent):
    async with working(agent) as told, asyncio.timeout(20):
        for _ in range(3):
            await told.wait()
            await agent.owner.execute(CUT)
            told.clear()
        await told.wait()


async def test_a_fault_that_does_not_pass_ends_it(agent: Agent):
    await agent.owner.execute("alter table readmodel.memory_spaces rename to elsewhere")

    with pytest.raises(asyncpg.UndefinedTableError):
        async with asyncio.timeout(20):
            await Upkeep(agent.database, print, every_s=0.01).run()


@asynccontextmanager
async def working(agent: Agent) -> AsyncIterator[asyncio.Event]:
    """Upkeep while the block runs, pass after pass; set when one has told something."""
    told, exactness = asyncio.Event(), Exactness()
    exactness.note(await asked(agent, 10))
    upkeep = Upkeep(agent.database, lambda _: told.set(), exactness=exactness, every_s=0.01)
    async with beside(upkeep.run()):
        yield told
