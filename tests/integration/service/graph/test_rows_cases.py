"""What rows say of a graph: the cases that a history of chance would not come upon."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from eventlog.database import Database, Dedicated
from schema.errors import Invalid, NotFound
from schema.events import Event
from schema.events.graph import EntityPut, EntityRemoved, RelationshipPut, RelationshipRemoved
from schema.ids import graph_stream, partition_of
from schema.messages.graph import Neighbours, PathExists, ShortestPath
from service.graph import looking, rows
from service.graph.looking import Difference
from service.graph.picture import Entity, Relationship
from service.graph.rows import Sizes, View
from service.projections import PROJECTIONS
from tests.graph_model import linked
from tests.log_writing import write
from tests.projecting import level

UNFIT = ("a\x00", "\ud800")


@pytest.fixture
async def conn(database: Database) -> AsyncIterator[Dedicated]:
    conn = await database.connect_as_owner()
    yield conn
    await conn.close()


class Written:
    """A graph in the log and in its rows."""

    def __init__(self, database: Database, conn: Dedicated, partitions: int) -> None:
        self._database, self._conn = database, conn
        self._partition = partition_of("a", partitions)

    async def put(self, *facts: Event) -> View:
        """The graph behind *facts*."""
        await write(self._conn, self._partition, "a", graph_stream("a"), *facts)
        await level(self._database, [PROJECTIONS["graph"]])
        head = await self._conn.fetchval("select version from eventlog.streams")
        return View(self._partition, graph_stream("a"), head)


@pytest.fixture
def graph(database: Database, conn: Dedicated, partitions: int) -> Written:
    return Written(database, conn, partitions)


def person(id_: str, **properties: Any) -> EntityPut:
    return EntityPut(id=id_, label="person", properties=properties)


def knows(source: str, target: str, **more: Any) -> RelationshipPut:
    return RelationshipPut(**{"source": source, "target": target, "kind": "knows", **more})


def way(source: str, target: str) -> ShortestPath:
    return ShortestPath.model_validate({"op": "shortest_path", "from": source, "to": target})


async def test_a_graph_that_nobody_wrote_to_is_empty(conn: Dedicated, partitions: int):
    view = View(partition_of("nobody", partitions), graph_stream("nobody"), 0)
    assert await rows.sizes(conn, view) == Sizes(entities=0, relationships=0, erased=0)
    assert (await rows.load(conn, view)).entities == {}
    assert await rows.entities(conn, view, 10) == []
    assert await rows.relationships(conn, view, 10) == []
    assert await rows.named(conn, view, "ann", 10) == []
    assert (await rows.near(conn, view, ["ann"])).entities == {}
    assert (await rows.surroundings(conn, view, ["ann"], 10)).entities == {}


async def test_an_id_that_no_row_can_hold_is_not_there(conn: Dedicated, graph: Written):
    view = await graph.put(*map(person, UNFIT), person("\ufffd"))
    for id_ in UNFIT:
        assert await rows.entity(conn, view, id_) is None
        assert (await rows.near(conn, view, [id_])).entities == {}
        assert (await rows.surroundings(conn, view, [id_], 1)).entities == {}
        query = Neighbours.model_construct(op="neighbours", start=id_)
        with pytest.raises(NotFound, match="no entity"):
            await rows.neighbours(conn, view, query)
        assert await rows.named(conn, view, id_, 5) is not None
        assert await rows.entities(conn, view, 5, labels=[id_]) == []
        assert await rows.relationships(conn, view, 5, kinds=[id_]) == []
    assert await rows.entity(conn, view, "\ufffd") == Entity("\ufffd", "person", {})


async def test_properties_come_back_as_the_log_has_them(conn: Dedicated, graph: Written):
    said = {"z": 1.0, "a": [10**30, -1], "é": {"deep": [None, True, "\u2028"]}}
    view = await graph.put(person("ann", **said))
    entity = await rows.entity(conn, view, "ann")
    assert entity is not None
    assert repr(entity.properties) == repr(said)
    assert repr((await rows.load(conn, view)).entities["ann"].properties) == repr(said)


@pytest.mark.parametrize("limit", [0, 1, 2, 9])
async def test_the_surroundings_are_the_heaviest_of_the_kinds_wanted(
    conn: Dedicated, graph: Written, limit: int
):
    view = await graph.put(
        *(person(id_) for id_ in "abcde"),
        *(knows("a", "b", weight=1.0), knows("a", "c", weight=3.0), knows("d", "a", weight=2.0)),
        *(knows("a", "e", kind="likes", weight=9.0), knows("b", "c", weight=8.0)),
    )
    around = await rows.surroundings(conn, view, ["a"], limit, kinds=["knows"])
    heaviest = [("a", "c", "knows", 3.0), ("d", "a", "knows", 2.0), ("a", "b", "knows", 1.0)]
    assert set(around.all_relationships()) == {Relationship(*one) for one in heaviest[:limit]}
    assert set(around.entities) == {"a", *(end for one in heaviest[:limit] for end in one[:2])}


@pytest.mark.parametrize("count", [rows.FEW, rows.FEW + 1])
async def test_what_is_near_is_the_same_for_few_and_for_many(
    conn: Dedicated, graph: Written, count: int
):
    ids = [f"p{n:03}" for n in range(100)]
    view = await graph.put(
        *map(person, ids),
        *(knows(id_, ids[n * n % 100]) for n, id_ in enumerate(ids)),
        *(knows(ids[0], id_, kind="likes") for id_ in ids),
    )
    near = await rows.near(conn, view, [*ids[:count], "nobody", ids[0]])
    whole = await rows.load(conn, view)
    assert set(near.entities) == {*ids[:count]}
    assert set(near.all_relationships()) == {
        one for one in whole.all_relationships() if {*one[:2]} <= {*ids[:count]}
    }


async def test_a_text_names_entities_in_the_order_of_first_mention(conn: Dedicated, graph: Written):
    view = await graph.put(
        *(person("ann", name="Ann Lee", aliases=["Annie"]), person("new-york", name="New York")),
        *(person("nyc", name="New York City"), person("bob", name="Robert")),
        *(person(f"smith-{n}", name="Smith") for n in range(9)),
        *(EntityRemoved(id="bob"), person("eve", name="Mallory"), person("eve", name="Eve")),
    )

    async def named(text: str, limit: int = 9, at: View = view) -> list[str]:
        return [entity.id for entity in await rows.named(conn, at, text, limit)]

    assert await named("Is ANNIE's flat in New-York City, or in new york? Ask Ann Lee.") == [
        *("ann", "nyc", "new-york"),
    ]
    assert await named("robert, Mallory & eve") == ["eve"]
    assert await named("ann new_york nyc", limit=2) == ["ann", "new-york"]
    assert await named("smith") == [f"smith-{n}" for n in range(rows.BEARERS_MAX)]
    assert await named("robert", at=View(view.partition, view.stream, 4)) == ["bob"]
    assert await named("mallory", at=View(view.partition, view.stream, view.version - 1)) == ["eve"]
    assert await named("\ud800 ann \x00") == ["ann"]
    assert await named("word " * 100_000 + "ann") == []


@pytest.mark.parametrize("hops", [0, 1, 2, 3, 4])
async def test_rows_know_of_ways_of_three_hops(conn: Dedicated, graph: Written, hops: int):
    view = await graph.put(*linked("ab", "bc", "cd", "de"))
    found = await rows.short_path(conn, view, way("a", "abcde"[hops]))
    exists = PathExists.model_validate({"op": "path_exists", "from": "a", "to": "abcde"[hops]})
    assert await rows.short_path(conn, view, exists) is (None if hops > rows.HOPS_MAX else True)
    assert (found and found["path"]) == (None if hops > rows.HOPS_MAX else [*"abcde"[: hops + 1]])


@pytest.mark.parametrize("ends", [("a", "nobody"), ("nobody", "a"), ("nobody", "nobody")])
async def test_a_way_from_or_to_nobody_is_refused_by_name(
    conn: Dedicated, graph: Written, ends: Sequence[str]
):
    view = await graph.put(person("a"))
    with pytest.raises(NotFound, match="'nobody' at version 1"):
        await rows.short_path(conn, view, way(*ends))


async def test_a_way_through_too_many_is_left_to_others(
    conn: Dedicated, graph: Written, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rows, "STEPS_MAX", 10)
    ids = [f"p{n}" for n in range(10)]
    view = await graph.put(person("hub"), *map(person, ids), *(knows("hub", id_) for id_ in ids))
    assert await rows.short_path(conn, view, way("hub", "p9")) is not None
    view = await graph.put(knows("hub", "hub"))
    assert await rows.short_path(conn, view, way("hub", "p9")) is None


async def test_a_difference_tells_what_was_there_what_is_and_why_it_went(
    conn: Dedicated, graph: Written, monkeypatch: pytest.MonkeyPatch
):
    since = await graph.put(
        *(person("a"), person("b", size=1), person("c"), person("same")),
        *(knows("a", "b", weight=0.5), knows("b", "c"), knows("c", "c")),
    )
    view = await graph.put(
        *(person("b", size=2), person("new"), person("same"), person("brief")),
        *(knows("a", "b", weight=2.0), knows("new", "new")),
        RelationshipRemoved(source="c", target="c", kind="knows", reason="enough"),
        *(EntityRemoved(id="c", reason="moved away"), EntityRemoved(id="brief")),
    )
    found = await looking.diff(conn, view, since.version, 100)
    assert found == [
        Difference(
            kind="entity",
            name="b",
            what="changed",
            before='person {"size":1}',
            after='person {"size":2}',
        ),
        Difference(
            kind="entity",
            name="c",
            what="gone",
            before="person",
            why="entity removed: moved away",
        ),
        Difference(kind="entity", name="new", what="added", after="person"),
        Difference(
            kind="relationship",
            name="a knows b",
            what="changed",
            before="weight 0.5",
            after="weight 2",
        ),
        Difference(
            kind="relationship",
            name="b knows c",
            what="gone",
            before="weight 1",
            why="entity removed: moved away",
        ),
        Difference(
            kind="relationship",
            name="c knows c",
            what="gone",
            before="weight 1",
            why="relationship removed: enough",
        ),
        Difference(kind="relationship", name="new knows new", what="added", after="weight 1"),
    ]
    assert await looking.diff(conn, view, view.version, 100) == []
    monkeypatch.setattr(looking, "DIFF_EVENTS_MAX", view.version - 1)
    with pytest.raises(Invalid, match=f"goes over {view.version} versions"):
        await looking.diff(conn, view, 0, 100)


async def test_a_graph_is_loaded_whole_whatever_the_blocks(
    conn: Dedicated, graph: Written, monkeypatch: pytest.MonkeyPatch
):
    view = await graph.put(*linked("ab", "bc", "ca", "ac", "aa"), knows("a", "b", kind="likes"))
    for size in (1, 2, 3, 100):
        monkeypatch.setattr(rows, "BLOCK_ROWS", size)
        monkeypatch.setattr(rows, "ENTITY_BLOCK_ROWS", size)
        loaded = await rows.load(conn, view)
        assert set(loaded.entities) == {*"abc"}
        assert loaded.relationships == 6
