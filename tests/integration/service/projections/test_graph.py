"""What the rows of the graph say: the cases that a history of chance would not come upon."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from eventlog.block import BlockLimits
from eventlog.database import Database, Dedicated
from schema import events
from schema.events import Event
from schema.events.graph import EntityPut, EntityRemoved, RelationshipPut, RelationshipRemoved
from schema.ids import graph_stream, memory_stream, partition_of
from schema.row_text import ID_BYTES_MAX
from service.projections import PROJECTIONS
from tests.log_writing import write
from tests.projecting import GRAPH_TABLES, level, rows_of

WILD = "a\x00b\ud800"
TAME = "a\ufffdb\ufffd"
LONGEST = "\U00010348" * 256
ERASE = """
    select version from eventlog.erase(
      $1, 'a', $2, $3::bigint[], gen_random_uuid(), 1::smallint, '{}', $4, $5)
"""
SPANS = "select valid_from, valid_to from readmodel.relationships order by valid_from"


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Dedicated]:
    conn = await database.connect_as_owner()
    yield conn
    await conn.close()


def person(id_: str, **properties: Any) -> EntityPut:
    return EntityPut(id=id_, label="person", properties=properties)


def knows(source: str, target: str, **more: Any) -> RelationshipPut:
    return RelationshipPut(**{"source": source, "target": target, "kind": "knows", **more})


async def put(
    database: Database,
    owner: Dedicated,
    partitions: int,
    *facts: Event,
    agent: str = "a",
    events_max: int = 100,
) -> None:
    """*facts* in an agent's graph, and in its rows."""
    await write(owner, partition_of(agent, partitions), agent, graph_stream(agent), *facts)
    await level(database, PROJECTIONS.values(), BlockLimits(events=events_max))


async def test_an_entity_keeps_its_properties_in_their_order_with_their_numbers(
    database: Database, owner: Dedicated, partitions: int
):
    entity = EntityPut(
        id="ann",
        label="person",
        properties={"z": 1.0, "a": [1, 12345678901234567890], "m": {"b": "é", "a": None}},
        session="s",
        call_id="1.0",
    )
    await put(database, owner, partitions, entity)
    row = await owner.fetchrow("select * from readmodel.entities")
    assert row is not None
    assert dict(row) == {
        "partition": partition_of("a", partitions),
        "stream": "graph-a",
        "id": "ann",
        "valid_from": 1,
        "valid_to": None,
        "altered": False,
        "session": "s",
        "call_id": "1.0",
        "label": "person",
        "properties": '{"z":1.0,"a":[1,12345678901234567890],"m":{"b":"é","a":null}}',
    }


async def test_a_relationship_has_its_weight_and_says_who_put_it(
    database: Database, owner: Dedicated, partitions: int
):
    related = knows("ann", "ann", weight=-0.1, session="s", call_id="1.0")
    await put(database, owner, partitions, person("ann"), related)
    row = await owner.fetchrow("select * from readmodel.relationships")
    assert row is not None
    assert dict(row) == {
        "partition": partition_of("a", partitions),
        "stream": "graph-a",
        "valid_from": 2,
        "valid_to": None,
        "weight": -0.1,
        "altered": False,
        "source": "ann",
        "target": "ann",
        "kind": "knows",
        "session": "s",
        "call_id": "1.0",
    }


@pytest.mark.parametrize(
    "event",
    [
        EntityPut(
            id=WILD, label=WILD, properties={WILD: [WILD], "name": WILD}, session=WILD, call_id=WILD
        ),
        EntityPut(id="", label="", properties={}),
        EntityPut(id="odd", label="x", properties={"name": "y" * 60_000, "aliases": ["z"] * 9_000}),
        EntityPut(id="odd", label="x", properties={"big": 10**40, "deep": [[[[1]]]]}),
        EntityPut(id=LONGEST, label=LONGEST[:128], properties={"name": "\U00010348" * 128}),
        EntityRemoved(id=WILD, reason=WILD),
        knows(WILD, "b", session=WILD, call_id=WILD),
        knows("b", "b", kind=WILD, weight=1e308),
        knows("b", "b", kind="k" * 100_000),
        RelationshipRemoved(source=WILD, target=WILD, kind=WILD, reason=WILD),
        RelationshipRemoved(source="b", target="b", kind="never"),
    ],
    ids=lambda event: event.type,
)
async def test_nothing_odd_parks_a_graph(
    database: Database, owner: Dedicated, partitions: int, event: Event
):
    await put(database, owner, partitions, person("b"), event, person("behind it"))
    assert not await owner.fetch("select * from eventlog.parked")
    assert await owner.fetchval("select count(*) from readmodel.entities where id = 'behind it'")


@pytest.mark.parametrize("agent", ["a", "a" * 64])
async def test_the_longest_of_names_fit_the_indexes(
    database: Database, owner: Dedicated, partitions: int, agent: str
):
    """Also those that PostgreSQL cannot compress."""
    ids = [
        "".join(chr(0x20000 + (n * n * 7919 + first) % 42_000) for n in range(256))
        for first in (1, 2)
    ]
    facts = [
        *(EntityPut(id=id_, label=id_[:128], properties={"name": id_[:128]}) for id_ in ids),
        knows(*ids, kind=ids[0][:128]),
    ]
    await put(database, owner, partitions, *facts, agent=agent)
    assert not await owner.fetch("select * from eventlog.parked")
    assert await owner.fetchval("select count(*) from readmodel.relationships") == 1


async def test_ids_too_long_for_an_index_are_cut_and_still_told_apart(
    database: Database, owner: Dedicated, partitions: int
):
    one, other = ("\U00010348" * 5000 + end for end in "xy")
    facts = (EntityPut(id=one, label=one), person(other), person("b"), knows(one, other))
    await put(database, owner, partitions, *facts, EntityRemoved(id=other))
    assert not await owner.fetch("select * from eventlog.parked")
    rows = await owner.fetch("select * from readmodel.entities order by valid_from")
    assert len({row["id"] for row in rows}) == 3
    assert [row["altered"] for row in rows] == [True, True, False]
    assert [row["valid_to"] for row in rows] == [None, 5, None]
    assert {len(row["id"].encode()) for row in rows[:2]} <= set(range(1000, ID_BYTES_MAX + 1))
    assert [tuple(row) for row in await owner.fetch(SPANS)] == [(4, 5)]


async def test_what_postgres_cannot_hold_is_replaced_and_flagged(
    database: Database, owner: Dedicated, partitions: int
):
    facts = (person(WILD), person("b", note=WILD), person("c"), knows(WILD, "b"), knows("b", "c"))
    await put(database, owner, partitions, *facts)
    rows = await owner.fetch("select id, properties, altered from readmodel.entities order by 1")
    assert [tuple(row) for row in rows] == [
        *((TAME, "{}", True), ("b", f'{{"note":"{TAME}"}}', True), ("c", "{}", False)),
    ]
    rows = await owner.fetch("select source, altered from readmodel.relationships order by 1")
    assert [tuple(row) for row in rows] == [(TAME, True), ("b", False)]


async def test_names_come_and_go_with_what_bears_them(
    database: Database, owner: Dedicated, partitions: int
):
    facts = (
        person("ann", name="Ann Lee"),
        person("ann", aliases=["Annie"]),
        EntityRemoved(id="ann"),
    )
    for fact in facts:
        await put(database, owner, partitions, fact)
    rows = await owner.fetch(
        "select name, valid_from, valid_to from readmodel.entity_names order by 2, 1"
    )
    assert [tuple(row) for row in rows] == [
        *(("ann", 1, 2), ("ann lee", 1, 2), ("ann", 2, 3), ("annie", 2, 3)),
    ]


@pytest.mark.parametrize("events_max", [1, 2, 3, 100])
async def test_a_removal_ends_what_related_before_and_nothing_that_comes_after(
    database: Database, owner: Dedicated, partitions: int, events_max: int
):
    facts = (
        *(person("a"), person("b"), person("c")),
        *(knows("a", "b"), knows("c", "a"), knows("b", "c"), knows("a", "a")),
        *(EntityRemoved(id="a"), knows("a", "b"), person("a"), knows("a", "b")),
        *(EntityRemoved(id="b"), EntityRemoved(id="a"), EntityRemoved(id="a")),
    )
    await put(database, owner, partitions, *facts, events_max=events_max)
    assert [tuple(row) for row in await owner.fetch(SPANS)] == [
        *((4, 8), (5, 8), (6, 12), (7, 8), (11, 12)),
    ]
    rows = await owner.fetch("select * from readmodel.graph_sizes order by version desc limit 4")
    assert [tuple(row)[2:] for row in rows] == [
        *((13, 1, 0, 0), (12, 2, 0, 0), (11, 3, 2, 0), (10, 3, 1, 0)),
    ]


async def test_graphs_of_agents_keep_apart_and_other_streams_are_no_graphs(
    database: Database, owner: Dedicated, partitions: int
):
    for agent in ("a", "b"):
        await put(database, owner, partitions, person("ann", of=agent), agent=agent)
    await put(database, owner, partitions, EntityRemoved(id="ann"), agent="b")
    await write(owner, partition_of("a", partitions), "a", memory_stream("a"), person("bob"))
    await level(database, PROJECTIONS.values())
    rows = await owner.fetch("select stream, valid_to from readmodel.entities order by 1")
    assert [tuple(row) for row in rows] == [("graph-a", None), ("graph-b", 2)]
    heads = await owner.fetch("select stream from readmodel.heads where projection = 'graph'")
    assert {row["stream"] for row in heads} == {"graph-a", "graph-b"}


async def erase(
    database: Database, owner: Dedicated, partitions: int, stream: str, *versions: int
) -> None:
    data = f'{{"versions":{list(versions)},"reason":"asked"}}'
    await owner.fetchval(
        ERASE, partition_of("a", partitions), stream, list(versions), data, bytes(16)
    )
    await level(database, PROJECTIONS.values())


async def test_an_erased_removal_leaves_what_it_had_taken(
    database: Database, owner: Dedicated, partitions: int
):
    facts = (person("a"), person("b"), knows("a", "b"), EntityRemoved(id="a"))
    await put(database, owner, partitions, *facts)
    await erase(database, owner, partitions, "graph-a", 4)
    assert [tuple(row) for row in await owner.fetch(SPANS)] == [(3, None)]
    sizes = await owner.fetchrow(
        "select * from readmodel.graph_sizes order by version desc limit 1"
    )
    assert sizes is not None
    assert tuple(sizes)[2:] == (5, 2, 1, 5)


async def test_nothing_of_an_erased_text_stays_in_any_row(
    database: Database, owner: Dedicated, partitions: int
):
    facts = (person("a", name="Secret"), person("secret"), knows("a", "secret"), person("a"))
    await put(database, owner, partitions, *facts)
    await erase(database, owner, partitions, "graph-a", 1, 2)
    assert "ecret" not in str(await rows_of(owner, GRAPH_TABLES))


async def test_an_erasure_of_what_left_no_rows_touches_none(
    database: Database, owner: Dedicated, partitions: int
):
    await put(database, owner, partitions, person("a"), knows("a", "nobody"))
    at = "select xmin::text from readmodel.entities"
    before = await owner.fetchval(at)
    await erase(database, owner, partitions, "graph-a", 2)
    assert await owner.fetchval(at) == before
    assert await owner.fetchval("select max(erased) from readmodel.graph_sizes") == 3


async def test_an_erasure_in_another_kind_of_stream_is_none_of_a_graph(
    database: Database, owner: Dedicated, partitions: int
):
    fact = events.FactStored(key="cat", value="purrs")
    await write(owner, partition_of("a", partitions), "a", memory_stream("a"), fact)
    await erase(database, owner, partitions, memory_stream("a"), 1)
    assert not await owner.fetch("select * from readmodel.graph_sizes")


async def test_a_long_graph_is_made_anew_block_by_block(
    database: Database, owner: Dedicated, partitions: int
):
    people = [person(f"p{n}") for n in range(900)]
    await put(database, owner, partitions, *people)
    await put(database, owner, partitions, *(knows(f"p{n}", f"p{n // 2}") for n in range(900)))
    await erase(database, owner, partitions, "graph-a", 7)
    assert await owner.fetchval("select count(*) from readmodel.entities") == 899
    assert await owner.fetchval("select count(*) from readmodel.relationships") == 897
