"""Indexes on nearness come, serve and go; beside them, what a scan would have found."""

from collections.abc import AsyncIterator
from typing import Any, cast

import numpy as np
import pytest

from eventlog.database import Database, Dedicated
from schema.errors import DatabaseUnavailable
from schema.events import MemoryPolicy
from service.memory.ann import EXACT_MAX, index_name
from service.memory.embedder import GIVEN, unit
from service.memory.exactness import AMONG, KEPT, Asked, Exactness, lately
from service.memory.indexing import ONE_AT_A_TIME, Tended, tend
from service.memory.search import Question
from tests.conftest import TestServer
from tests.recalling import Agent, episode

MANY = EXACT_MAX + 100
FILL = (
    """
    insert into readmodel.vectors (partition, stream, space, entry, valid_from, embedding)
    select $1, $2, 'given', n, n,
      l2_normalize(array[sin(n), cos(n * 1.7), sin(n * 0.3), cos(n * 2.9)]::real[]::vector)
    from generate_series(1, $3::int) n
    """,
    """
    insert into readmodel.episodes (
      partition, stream, id, valid_from, entry, importance, timestamp, words, pinned,
      content_altered, tags, content)
    select $1, $2, gen_random_uuid(), n, n, 0.5, '2031-01-01Z', 0, false,
      false, array['t' || n % 2], 'e' || n
    from generate_series(1, $3::int) n
    """,
    """
    insert into readmodel.corpora (partition, stream, version, entries, words)
    select $1, $2, n, n, 1 from generate_series($3::int - 1, $3::int) n
    """,
    """
    insert into readmodel.heads (partition, projection, stream, version)
    values ($1, 'memory', $2, $3::int)
    """,
)


@pytest.fixture
async def owner(postgres_database: Database) -> AsyncIterator[Dedicated]:
    conn = await postgres_database.connect_as_owner()
    yield conn
    await conn.close()


@pytest.fixture
async def postgres_database(postgres: TestServer) -> AsyncIterator[Database]:
    async with postgres.database(1) as fresh:
        yield fresh


@pytest.fixture
async def agent(postgres_database: Database, owner: Dedicated) -> Agent:
    """An agent that holds very much, as far as the rows tell."""
    agent = Agent(postgres_database, owner, version=MANY)
    for sql in FILL:
        await owner.execute(sql, agent.partition, agent.stream, MANY)
    return agent


def nearest_to(*numbers: float, **said: object) -> Question:
    return Question(vector=unit(numbers), space=GIVEN, **said)  # type: ignore[arg-type]


async def test_who_holds_much_gets_an_index_that_answers_as_a_scan_does(agent: Agent):
    question = nearest_to(1, 2, 3, 4)
    scanned = await agent.ask(question)
    name = index_name(agent.partition, agent.stream, GIVEN)

    assert await tend(agent.database) == Tended(made=(name,))
    indexed = await agent.ask(question)

    assert (scanned.exact, indexed.exact) == (True, False)
    assert indexed.items == scanned.items
    assert await tend(agent.database) == Tended()


async def test_filters_and_earlier_places_are_looked_at_one_by_one(agent: Agent):
    await tend(agent.database)

    for found in (
        await agent.ask(nearest_to(1, 2, 3, 4, tags=("t1",))),
        await agent.ask(nearest_to(1, 2, 3, 4, kinds=("episode",))),
        await agent.ask(nearest_to(1, 2, 3, 4), MemoryPolicy(max_age_hours=1e6)),
        await agent.ask(nearest_to(1, 2, 3, 4), version=MANY - 1),
    ):
        assert found.exact
        assert len(found.items) == 10


async def test_rows_that_have_moved_on_are_looked_at_one_by_one(agent: Agent, owner: Dedicated):
    await tend(agent.database)
    before = await agent.ask(nearest_to(1, 2, 3, 4))
    await owner.execute("update readmodel.heads set version = version + 1")
    await owner.execute(
        "update readmodel.vectors set valid_to = $1 where entry % 3 = 0", agent.version + 1
    )

    after = await agent.ask(nearest_to(1, 2, 3, 4))

    assert after.exact
    assert after.items == before.items


async def test_an_index_goes_when_less_than_half_is_left_and_not_before(
    agent: Agent, owner: Dedicated
):
    close = "update readmodel.vectors set valid_to = $1 where valid_to is null and entry <= $2"
    name = index_name(agent.partition, agent.stream, GIVEN)
    await tend(agent.database)

    await owner.execute(close, MANY, MANY // 3)
    assert await tend(agent.database) == Tended()
    await owner.execute(close, MANY, MANY // 3 * 2)
    assert await tend(agent.database) == Tended(dropped=(name,))


async def test_an_index_that_was_not_made_to_its_end_is_made_again(agent: Agent, owner: Dedicated):
    name = index_name(agent.partition, agent.stream, GIVEN)
    await tend(agent.database)
    await owner.execute(
        "update pg_index set indisvalid = false where indexrelid = $1::text::regclass",
        f"readmodel.{name}",
    )

    assert (await agent.ask(nearest_to(1, 2, 3, 4))).exact
    assert await tend(agent.database) == Tended(made=(name,), dropped=(name,))


async def test_nothing_is_made_while_a_read_model_is_rebuilt(agent: Agent, owner: Dedicated):
    await owner.execute("create schema readmodel_next")

    assert await tend(agent.database) == Tended()


async def test_one_process_tends_at_a_time(agent: Agent, owner: Dedicated):
    await owner.fetchval(ONE_AT_A_TIME)

    assert await tend(agent.database) is None


async def test_who_holds_little_gets_no_index(postgres_database: Database, owner: Dedicated):
    agent = Agent(postgres_database, owner)
    await agent.tell(*(episode(f"e{n}", embedding=(1.0, float(n))) for n in range(20)))

    assert await tend(agent.database) == Tended()
    assert (await agent.ask(nearest_to(1, 2))).exact


async def test_what_an_index_answers_is_kept_and_measured(agent: Agent, owner: Dedicated):
    await tend(agent.database)
    before = lately.kept
    await agent.ask(nearest_to(1, 2, 3, 4))

    assert lately.kept == min(KEPT, before + 1)
    assert await lately.measure(owner) == pytest.approx(1.0, abs=0.1)


async def test_the_share_of_the_nearest_that_were_found_is_measured(agent: Agent, owner: Dedicated):
    exactness = Exactness()
    assert await exactness.measure(owner) is None
    vector = unit([1, 2, 3, 4]).tolist()
    scanned = await owner.fetch(
        "select distance from readmodel.near($1, $2, 'given', $3, $4, null, 10)",
        *(agent.partition, agent.stream, vector, agent.version),
    )
    nearest = [row["distance"] for row in scanned]

    for distances in (nearest, [*nearest[:5], *np.linspace(1, 2, 5)]):
        exactness.note(
            Asked(
                partition=agent.partition,
                stream=agent.stream,
                version=agent.version,
                space=GIVEN,
                vector=np.asarray(vector, np.float32),
                distances=distances,
            )
        )

    assert len(nearest) == AMONG
    assert await exactness.measure(owner) == pytest.approx(0.75)


async def test_a_vector_of_other_dimensions_can_be_remembered_beside_an_index(
    agent: Agent, owner: Dedicated
):
    await tend(agent.database)

    await owner.execute(
        "insert into readmodel.vectors (partition, stream, space, entry, valid_from, embedding) "
        "values ($1, $2, 'given', $3, $3, '[1,0]')",
        *(agent.partition, agent.stream, MANY + 1),
    )

    assert len((await agent.ask(nearest_to(1, 2, 3, 4))).items) == 10


class Cut:
    """A database whose connections are lost before the first question."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def connect_as_owner(self, **options: Any) -> Dedicated:
        conn = await self._database.connect_as_owner(**options)
        conn.terminate()
        return conn


async def test_a_connection_that_is_lost_between_two_statements_is_told_as_such(
    postgres_database: Database,
):
    with pytest.raises(DatabaseUnavailable):
        await tend(cast(Database, Cut(postgres_database)))
