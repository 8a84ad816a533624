"""An agent's graph over a real log: what is written, by whom, what is refused, what is read."""

import asyncio
import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from eventlog.database import Database
from schema import events
from schema.errors import AlreadyThere, Invalid, NotFound, Refused, Unavailable
from schema.events.graph import EntityPut, EntityRemoved, RelationshipPut
from schema.ids import uuid7
from schema.messages.graph import PutEntity, PutRelationship
from service.graph import grounds, reading
from service.graph.graphs import How
from service.graph.picture import Entity, Relationship
from service.mind.writing import Author
from tests.graphs import ANA, entity, erase, pairs, process, relationship


async def test_what_is_put_is_an_event_of_its_agents_graph(database: Database):
    async with process(database) as one:
        written = await one.graphs.put_entity("a-1", entity("ada", "person", born=1815), ANA)
        await one.put("a-1", entity("engine"), relationship("ada", "engine", "programs", 2.5))
        facts = await one.facts("a-1")

    assert written.version == 1
    assert facts == [
        EntityPut(id="ada", label="person", properties={"born": 1815}),
        EntityPut(id="engine", label="thing"),
        RelationshipPut(source="ada", target="engine", kind="programs", weight=2.5),
    ]


async def test_a_relationship_needs_both_of_its_ends_and_the_error_names_the_one_that_lacks(
    database: Database,
):
    async with process(database) as one:
        await one.put("a-1", entity("a"))
        with pytest.raises(NotFound, match="'b'"):
            await one.graphs.put_relationship("a-1", relationship("a", "b"), ANA)
        with pytest.raises(NotFound, match=r"^puts\.2: no entity 'c'"):
            await one.put("a-1", relationship("a", "b"), entity("b"), relationship("b", "c"))
        await one.graphs.remove_entity("a-1", "a", ANA)
        with pytest.raises(NotFound, match="'a'"):
            await one.graphs.put_relationship("a-1", relationship("a", "a"), ANA)
        assert len(await one.facts("a-1")) == 2


async def test_ends_may_come_in_the_same_call_and_behind_what_needs_them(database: Database):
    async with process(database) as one:
        written = await one.put("a-1", relationship("a", "b"), entity("b"), entity("a"))
        graph = await one.folded("a-1")

    assert written.version == 3
    assert list(graph.all_relationships()) == [Relationship("a", "b", "knows", 1.0)]


async def test_to_add_what_is_there_and_to_update_what_is_not_are_refused(database: Database):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab"))
        add: dict[str, Any] = {"author": ANA, "how": How.ADD}
        update: dict[str, Any] = {"author": ANA, "how": How.UPDATE}
        with pytest.raises(AlreadyThere, match="'a'"):
            await one.graphs.put_entity("a-1", entity("a"), **add)
        with pytest.raises(AlreadyThere, match="'a' knows 'b'"):
            await one.graphs.put_relationship("a-1", relationship("a", "b"), **add)
        with pytest.raises(NotFound, match="'c'"):
            await one.graphs.put_entity("a-1", entity("c"), **update)
        with pytest.raises(NotFound, match="'b' knows 'a'"):
            await one.graphs.put_relationship("a-1", relationship("b", "a"), **update)
        assert len(await one.facts("a-1")) == 3

        await one.graphs.put_entity("a-1", entity("c"), **add)
        await one.graphs.put_relationship("a-1", relationship("a", "b", "likes"), **add)
        await one.graphs.put_entity("a-1", entity("a", "vowel"), **update)
        await one.graphs.put_relationship("a-1", relationship("a", "b", weight=3), **update)
        graph = await one.folded("a-1")

    assert graph.entities["a"].label == "vowel"
    assert graph.out["a"]["b"] == {"knows": 3.0, "likes": 1.0}


async def test_what_is_not_there_cannot_be_removed(database: Database):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab"))
        with pytest.raises(NotFound, match="'z'"):
            await one.graphs.remove_entity("a-1", "z", ANA)
        with pytest.raises(NotFound, match="'b' knows 'a'"):
            await one.graphs.remove_relationship("a-1", "b", "a", "knows", ANA)
        await one.graphs.remove_relationship("a-1", "a", "b", "knows", ANA, reason="a quarrel")
        with pytest.raises(NotFound):
            await one.graphs.remove_relationship("a-1", "a", "b", "knows", ANA)
        await one.graphs.remove_entity("a-1", "b", ANA, reason="moved")
        assert (await one.facts("a-1"))[-1] == EntityRemoved(id="b", reason="moved")


async def test_what_is_there_alike_is_no_event_so_an_import_can_begin_again(database: Database):
    said = [entity("a", "letter", on=True), *pairs("bc")]
    async with process(database) as one:
        first = await one.put("a-1", *said)
        again = await one.put("a-1", *said)
        other = await one.put("a-1", entity("a", "letter", on=1), *pairs("bc"))

    assert (first.version, first.replayed) == (4, False)
    assert (again.version, again.replayed, again.position) == (4, True, 0)
    assert (other.version, other.replayed) == (5, False)


async def test_the_same_write_asked_again_is_answered_as_a_repeat(database: Database):
    async with process(database) as one, process(database) as other:
        author = Author(actor="test", id=uuid7())
        written = await one.graphs.put_entity("a-1", entity("a"), author)
        await one.put("a-1", entity("b"))
        again = await other.graphs.put_entity("a-1", entity("a"), author)
        assert (again.id, again.version, again.replayed) == (written.id, 1, True)
        with pytest.raises(Invalid, match="another change of graph"):
            await other.graphs.put_entity("a-1", entity("c"), author)

        batch = Author(actor="test", id=uuid7())
        there_already = [entity("b")]
        first = await one.graphs.put_all("a-1", there_already, batch)
        second = await other.graphs.put_all("a-1", there_already, batch)
        assert (second.version, second.replayed) == (first.version, True)


async def test_a_repeat_of_several_is_one_of_all_of_them(database: Database):
    author = Author(actor="test", id=uuid7())
    said: list[PutEntity | PutRelationship] = [
        entity("a"),
        entity("b", "old"),
        entity("b", "new"),
        relationship("a", "b"),
    ]
    async with process(database) as one, process(database) as other:
        first = await one.graphs.put_all("a-1", said, author)
        await one.graphs.put_entity("a-1", entity("a", "changed since"), ANA)
        again = await other.graphs.put_all("a-1", said, author)
        assert (again.id, again.version, again.replayed) == (first.id, first.version, True)
        with pytest.raises(Invalid, match="another change of graph"):
            await other.graphs.put_all("a-1", [entity("c"), *said], author)
        with pytest.raises(Invalid, match="another change of graph"):
            await other.graphs.put_all("a-1", [entity("a", "other"), *said[1:]], author)
        await erase(database, "a-1", 1)
        assert (await other.graphs.put_all("a-1", said, author)).replayed


async def test_several_that_are_asked_for_twice_at_once_are_put_once(database: Database):
    author = Author(actor="test", id=uuid7())
    said = pairs("ab", "bc")
    async with process(database) as one, process(database) as other:
        both = await asyncio.gather(
            *(each.graphs.put_all("a-1", said, author) for each in (one, other))
        )
        assert len(await one.facts("a-1")) == 5
    assert sorted(written.replayed for written in both) == [False, True]
    assert {written.version for written in both} == {5}


@pytest.mark.parametrize("count", [0, 1001])
async def test_nothing_and_too_much_at_once_are_refused(database: Database, count: int):
    async with process(database) as one:
        with pytest.raises(Invalid, match="1 to 1000"):
            await one.put("a-1", *(entity(f"e-{n}") for n in range(count)))


async def test_a_graph_that_is_full_takes_no_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(grounds, "ENTITIES_MAX", 1002)
    async with process(database) as one:
        await one.put("a-1", *pairs("ab"))
        await one.put("a-1", *(entity(f"e-{n}") for n in range(1000)))
        with pytest.raises(Refused, match="full"):
            await one.put("a-1", entity("c"))
        with pytest.raises(Refused, match="full"):
            await one.graphs.mind("a-1").see_room([EntityPut(id="c", label="x")], 1003)
        await one.put("a-1", entity("a", "vowel"))
        await one.graphs.remove_entity("a-1", "e-0", ANA)
        await one.put("a-1", entity("c"))


async def test_two_processes_that_write_at_once_lose_nothing_and_leave_no_loose_end(
    database: Database,
):
    ids = [f"e-{n}" for n in range(6)]
    async with process(database) as one, process(database) as other:
        await one.put("a-1", *(entity(id_) for id_ in ids))
        processes = itertools.cycle((one, other))

        async def change(n: int, a: str, b: str) -> str:
            graphs = next(processes).graphs
            try:
                if n % 5 == 0:
                    await graphs.remove_entity("a-1", a, ANA)
                elif n % 5 == 1:
                    await graphs.put_entity("a-1", entity(a), ANA)
                else:
                    await graphs.put_relationship("a-1", relationship(a, b, f"k-{n}"), ANA)
            except NotFound:
                return "refused"
            return "done"

        ends = itertools.islice(itertools.product(ids, ids), 36)
        outcomes = await asyncio.gather(*(change(n, a, b) for n, (a, b) in enumerate(ends)))
        facts = await one.facts("a-1")

    assert len(facts) == len(ids) + outcomes.count("done")
    there: set[str] = set()
    for fact in facts:
        if isinstance(fact, EntityPut):
            there.add(fact.id)
        elif isinstance(fact, EntityRemoved):
            assert fact.id in there
            there.discard(fact.id)
        elif isinstance(fact, RelationshipPut):
            assert {fact.source, fact.target} <= there


async def test_a_decision_sees_what_the_rows_do_not_tell_yet(database: Database):
    async with process(database) as one:
        await one.append("a-1", [EntityPut(id="a", label="x"), EntityPut(id="b", label="x")])
        near = await one.graphs.mind("a-1").near(["a", "b", "c"])
        assert (near.version, sorted(near.entities)) == (2, ["a", "b"])
        await one.append("a-1", [EntityPut(id=f"e-{n}", label="x") for n in range(1500)])
        far = await one.graphs.mind("a-1").near(["e-1499"])
        assert (far.version, list(far.entities)) == (1502, ["e-1499"])


async def test_after_an_erasure_nothing_rests_on_what_is_gone(database: Database):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab"))
        await one.ask("a-1", "degree")
        assert (await one.ask("a-1", "path_exists", **{"from": "a", "to": "b"})) is True
        before = (await one.answered("a-1", "degree", as_of=3)).result
        await erase(database, "a-1", 2)

        with pytest.raises(NotFound, match="'b'"):
            await one.graphs.put_relationship("a-1", relationship("a", "b", "likes"), ANA)
        scores = (await one.ask("a-1", "degree"))["scores"]
        assert [score["id"] for score in scores] == ["a"]
        then = (await one.answered("a-1", "degree", as_of=3)).result
        assert len(before["scores"]) == 2
        assert [score["id"] for score in then["scores"]] == ["a"]


async def test_an_entity_is_known_with_what_it_relates_to(database: Database):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab", "ca", "aa"), entity("a", "vowel", first=True))
        await one.graphs.remove_entity("a-1", "c", ANA)
        now = await one.graphs.entity("a-1", "a")
        then = await one.graphs.entity("a-1", "a", as_of=6)
        with pytest.raises(NotFound, match="'c'"):
            await one.graphs.entity("a-1", "c")

    assert now.entity == Entity("a", "vowel", {"first": True})
    assert now.relationships == [Relationship("a", "a", "knows"), Relationship("a", "b", "knows")]
    assert now.complete
    assert Relationship("c", "a", "knows") in then.relationships
    assert then.version == 6


async def test_a_look_is_a_page_of_what_there_was(database: Database):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab", "bc"))
        await one.put("a-1", entity("d", "city"))
        seen = await one.graphs.look("a-1", limit=2)
        rest = await one.graphs.look(
            "a-1", limit=9, after_entity="b", after_relationship=("a", "b", "knows")
        )
        cities = await one.graphs.look("a-1", limit=9, labels=["city"], kinds=["likes"])
        past = await one.graphs.look("a-1", limit=9, as_of=2)
        with pytest.raises(Invalid, match="limit"):
            await one.graphs.look("a-1", limit=0)

    assert (seen.version, seen.head, seen.sizes.entities, seen.sizes.relationships) == (6, 6, 4, 2)
    assert [one.id for one in seen.entities] == ["a", "b"]
    assert [one.id for one in rest.entities] == ["c", "d"]
    assert rest.relationships == [Relationship("b", "c", "knows")]
    assert ([one.id for one in cities.entities], cities.relationships) == (["d"], [])
    assert (past.version, past.head, len(past.entities), past.relationships) == (2, 6, 2, [])


async def test_a_diff_tells_what_lies_between_two_versions(database: Database):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab"))
        await one.graphs.put_entity("a-1", entity("a", "vowel"), ANA)
        changes = await one.graphs.diff("a-1", 2, None, 10)
        with pytest.raises(Invalid, match="turn it around"):
            await one.graphs.diff("a-1", 3, 1, 10)

    assert (changes.since, changes.version, len(changes.differences)) == (2, 4, 2)


async def test_a_picture_shows_what_is_near_or_what_has_the_most_relationships(
    database: Database,
):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab", "ac", "ad", "ba", "xy"))
        around = await one.graphs.around("a-1", "x", limit=10)
        most = await one.graphs.picture("a-1", limit=2)
        with pytest.raises(NotFound, match="'z'"):
            await one.graphs.around("a-1", "z", limit=10)

    assert sorted(around.entities) == ["x", "y"]
    assert (sorted(most.graph.entities), most.complete) == (["a", "b"], False)
    assert most.graph.relationships == 2


async def test_what_stands_around_goes_as_deep_as_asked_and_ends_where_it_is_much(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab", "ac", "bd", "ce", "df"))
        depths = [await one.graphs.around("a-1", "a", limit=9, depth=n) for n in (1, 2, 3, 9)]
        assert ["".join(sorted(graph.entities)) for graph in depths] == [
            *("abc", "abcde", "abcdef", "abcdef")
        ]
        assert depths[-1].relationships == 5
        monkeypatch.setattr(reading, "UNFOLDED_MAX", 4)
        cut = await one.graphs.around("a-1", "a", limit=9, depth=9)
        assert "".join(sorted(cut.entities)) == "abcd"


async def test_a_graph_takes_in_another(database: Database):
    ticks: list[tuple[int, int]] = []
    async with process(database) as one:
        await one.put("a-1", *pairs("ab"), entity("z", "kept"))
        await one.put("a-2", entity("a", "vowel"), *pairs("bc"))
        await one.put("a-2", *(entity(f"e-{n:04}") for n in range(900)))
        await one.put("a-2", *(entity(f"e-{n:04}") for n in range(900, 1500)))

        def tick(*said: int) -> None:
            ticks.append((said[0], said[1]))

        merged = await one.graphs.merge("a-1", "a-2", ANA, tick)
        own, other = await one.folded("a-1"), await one.folded("a-2")
        assert {**own.entities, **other.entities} == own.entities
        assert set(other.all_relationships()) < set(own.all_relationships())
        assert own.entities["z"].label == "kept"
        assert (merged.version, merged.events) == (own.version, own.version - 4)
        assert ticks[-1] == (merged.events, merged.events)

        again = await one.graphs.merge("a-1", "a-2", ANA, tick)
        assert (again.events, again.version) == (0, merged.version)
        with pytest.raises(Invalid, match="itself"):
            await one.graphs.merge("a-1", "a-1", ANA, tick)


async def test_a_merge_that_somebody_undoes_all_the_time_ends(database: Database):
    async with process(database) as one:
        await one.put("a-1", entity("z"))
        await one.put("a-2", entity("a"))

        def undo(*_: int) -> None:
            undoing.append(
                asyncio.ensure_future(one.graphs.remove_entity("a-1", "a", Author(actor="other")))
            )

        undoing: list[asyncio.Future[Any]] = []
        place = one.graphs._merger._reader.place

        async def undone(agent_id: str, as_of: Any = None) -> Any:
            await asyncio.gather(*undoing)
            undoing.clear()
            return await place(agent_id, as_of)

        one.graphs._merger._reader.place = undone  # type: ignore[method-assign]
        with pytest.raises(Unavailable, match="others take out"):
            await one.graphs.merge("a-1", "a-2", ANA, undo)
        await asyncio.gather(*undoing)


async def test_a_recall_tells_what_stands_around_what_the_task_names(database: Database):
    policy = events.GraphPolicy(max_entities=1, max_relationships=1)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    async with process(database) as one:
        await one.put("a-1", entity("ada", "person", name="Ada Lovelace"), entity("engine"))
        await one.put("a-1", entity("byron"), relationship("byron", "ada", "father of", 2))
        await one.put("a-1", relationship("ada", "engine", "programs"))
        mind = one.graphs.mind("a-1")
        recalled = await mind.recall("What did Ada Lovelace do with the engine?", policy, at)
        nothing = await mind.recall("What is up?", policy, at)
        assert await mind.nearest("enigne") == ["engine"]
        around = await mind.surroundings(["ada"], 5, kinds=["programs"])
        assert sorted(around.entities) == ["ada", "engine"]

    assert [one.id for one in recalled.entities] == ["ada", "byron"]
    assert [one.kind for one in recalled.relationships] == ["father of"]
    assert (recalled.version, recalled.policy) == (5, policy)
    assert (nothing.entities, nothing.relationships, nothing.version) == ((), (), 5)
