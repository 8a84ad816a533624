"""Texts get their vectors beside the log: each once, by one process, whatever goes down."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from eventlog.database import Database
from schema import events
from schema.errors import NotReady, ProviderRefused, ProviderUnavailable
from schema.messages.memory import SearchMemory
from service.memory import following
from service.memory.embedder import Purpose, Space, Vector
from service.projections import PROJECTIONS
from service.providers.embedders.hashing import vector_of
from tests.memories import ANA, Process, process
from tests.memory_erasing import erase
from tests.projecting import level

FIRST = Space(name="first", model="m-1", dimensions=384)
SECOND = Space(name="second", model="m-2", dimensions=384)


@dataclass
class Model:
    """An embedder that remembers what it was given, and fails as it is told."""

    space: Space = FIRST
    down: list[Exception] = field(default_factory=list)
    refuses: str = ""
    given: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> list[Vector]:
        if self.down:
            raise self.down.pop(0)
        if self.refuses and any(self.refuses in text for text in texts):
            raise ProviderRefused("not this one", 400)
        (self.given if purpose == "passage" else self.asked).update(texts)
        return [vector_of(f"{self.space.name} {text}") for text in texts]


def embedded_ids(facts: Sequence[events.Event]) -> list[str]:
    return [id_ for fact in facts if isinstance(fact, events.EpisodesEmbedded) for id_ in fact.ids]


async def search(one: Process, query: str, as_of: int | None = None):
    return await one.memory.search("a-1", SearchMemory(query=query, as_of=as_of))


async def test_every_text_is_embedded_once_and_the_first_activates_the_space(database: Database):
    model = Model()
    async with process(database, embedder=model) as one:
        await one.memory.keep_up()
        ids = await asyncio.gather(*(one.remember("a-1", f"episode {n}") for n in range(300)))
        fact = await one.store("a-1", "colour", "red")
        await one.embedded("a-1")
        facts = await one.facts("a-1")

    assert model.given == Counter({f"episode {n}": 1 for n in range(300)} | {"colour: red": 1})
    assert sorted(embedded_ids(facts)) == sorted([*ids, fact])
    activated = [f for f in facts if isinstance(f, events.EmbeddingSpaceActivated)]
    assert activated == [events.EmbeddingSpaceActivated(space="first", model="m-1", dimensions=384)]


async def test_of_two_processes_that_follow_one_embeds_and_the_other_goes_on(database: Database):
    model, other_model = Model(), Model()
    async with process(database, embedder=other_model) as other:
        await other.memory.keep_up()
        async with process(database, embedder=model) as one:
            await one.memory.keep_up()
            await asyncio.gather(*(one.remember("a-1", f"episode {n}") for n in range(40)))
            await one.embedded("a-1")
        await other.remember("a-1", "after the first had gone")
        await other.embedded("a-1")
        facts = await other.facts("a-1")

    assert max((model.given + other_model.given).values()) == 1
    assert len(embedded_ids(facts)) == len(set(embedded_ids(facts))) == 41


async def test_it_goes_on_after_the_embedder_was_down(database: Database):
    model = Model(down=[ProviderUnavailable("busy", 0.01), ProviderUnavailable("busy")])
    async with process(database, embedder=model) as one:
        await one.remember("a-1", "patience")
        await one.embedded("a-1")

    assert (model.down, model.given) == ([], Counter(["patience"]))


async def test_a_text_that_is_refused_holds_up_no_other(database: Database):
    model = Model(refuses="secret")
    async with process(database, embedder=model) as one:
        for content in ("before", "a secret", "after"):
            await one.remember("a-1", content)
        await one.memory.keep_up()
        runner = await one.memory.level.runner()
        while not {"before", "after"} <= model.given.keys():
            await asyncio.wait_for(runner.moved.next().wait(), 20)
        found = await search(one, "secret")

    assert "a secret" not in model.given
    assert found.items[0].content == "a secret"


async def test_nobody_waits_for_a_text_that_was_refused(database: Database):
    async with process(database, embedder=Model(refuses="secret")) as one:
        for content in ("before", "a secret"):
            await one.remember("a-1", content)
        await one.store("a-1", "a secret", "of facts")
        await one.embedded("a-1")
        assert len(embedded_ids(await one.facts("a-1"))) == 1
    async with process(database, embedder=Model(down=[NotReady("later")] * 3)) as other:
        assert await other.memory.settled("a-1", timeout_s=0.5)
        await other.remember("a-1", "harmless")
        assert not await other.memory.settled("a-1", timeout_s=0.5)


async def test_memories_that_wait_for_ever_hold_up_no_other(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(following, "STREAMS_MAX", 2)
    model = Model(refuses="secret")
    async with process(database, embedder=model) as one:
        for agent_id in ("a-1", "a-2", "a-3", "a-4"):
            await one.remember(agent_id, f"a secret of {agent_id}")
        await one.remember("a-5", "harmless")
        await one.embedded("a-5")

    assert model.given == Counter(["harmless"])


async def test_what_is_remembered_twice_in_the_same_words_is_embedded_once(database: Database):
    model = Model()
    async with process(database, embedder=model) as one:
        await one.remember("a-1", "the same")
        await one.embedded("a-1")
        await one.remember("a-1", "the same")
        await one.embedded("a-1")
        assert len(embedded_ids(await one.facts("a-1"))) == 2

    assert model.given["the same"] == 1


async def test_a_query_is_embedded_once_and_then_needs_no_embedder(database: Database):
    model = Model()
    async with process(database, embedder=model) as one:
        await one.remember("a-1", "The door is red.")
        await one.embedded("a-1")
        first = [await search(one, "door") for _ in range(2)]
    async with process(database) as unplugged:
        again = await search(unplugged, "door")
        fresh = await search(unplugged, "red")

    assert model.asked == Counter(["door"])
    assert [answer.space for answer in (*first, again)] == ["first"] * 3
    assert again.items == first[0].items
    assert (fresh.space, "no embedder" in fresh.without_vectors) == (None, True)
    assert fresh.items


@pytest.mark.parametrize("fault", [NotReady("install it"), ProviderRefused("no key", 401)])
async def test_where_a_query_cannot_be_embedded_words_alone_count(
    database: Database, fault: Exception
):
    model = Model()
    async with process(database, embedder=model) as one:
        await one.remember("a-1", "The door is red.")
        await one.embedded("a-1")
        model.down.append(fault)
        answer = await search(one, "door")

    assert answer.space is None
    assert str(fault) in answer.without_vectors
    assert [item.content for item in answer.items] == ["The door is red."]


async def test_a_memory_in_another_space_is_left_alone_until_it_is_moved(database: Database):
    async with process(database, embedder=Model()) as one:
        for content in ("The door is red.", "The car was sold."):
            await one.remember("a-1", content)
        await one.embedded("a-1")
        await search(one, "door")
    before = len(await facts_of(database))
    model = Model(SECOND)
    progress: list[tuple[int, int]] = []
    async with process(database, embedder=model) as one:
        await one.memory.keep_up()
        answer = await search(one, "red door")
        assert (answer.space, "reembed" in answer.without_vectors) == (None, True)
        assert not model.given

        await one.store("a-1", "colour", "blue")
        moved = await one.memory.reembed("a-1", lambda done, total: progress.append((done, total)))
        now, then = await search(one, "door"), await search(one, "door", as_of=before)
        assert (moved.before, moved.after, moved.embedded) == ("first", "second", 3)
        assert (now.space, then.space) == ("second", "first")

        again = await one.memory.reembed("a-1", lambda _done, _total: None)
        assert (again.before, again.after, again.embedded) == ("second", "second", 0)
        await one.remember("a-1", "from here on in the new one")
        await one.embedded("a-1")

    assert progress[-1] == (3, 3)
    assert set(model.given.values()) == {1}
    assert len(model.given) == 4


async def test_a_memory_that_holds_nothing_is_not_moved(database: Database):
    async with process(database, embedder=Model()) as one:
        moved = await one.memory.reembed("a-1", lambda _done, _total: None)
        assert (moved.before, moved.after, moved.version) == (None, None, 0)
        assert await one.facts("a-1") == []
        assert await database.pool.fetchval("select count(*) from derived.salts") == 0


async def test_a_memory_that_was_emptied_can_still_leave_its_space(database: Database):
    async with process(database, embedder=Model()) as one:
        gone = await one.remember("a-1", "x")
        await one.embedded("a-1")
        await one.memory.forget("a-1", gone, ANA)
    async with process(database, embedder=Model(SECOND)) as one:
        moved = await one.memory.reembed("a-1", lambda _done, _total: None)
    assert (moved.before, moved.after, moved.embedded) == ("first", "second", 0)


async def test_a_move_without_an_embedder_names_the_setting(database: Database):
    async with process(database) as one:
        await one.remember("a-1", "x")
        with pytest.raises(NotReady, match="AGENT_RUNTIME_EMBEDDER"):
            await one.memory.reembed("a-1", lambda _done, _total: None)


async def test_two_agents_share_no_vector_though_they_remember_the_same(database: Database):
    model = Model()
    async with process(database, embedder=model) as one:
        for agent_id in ("a-1", "a-2"):
            await one.remember(agent_id, "the same")
            await one.embedded(agent_id)
        digests = await database.pool.fetch("select agent_id, digest from derived.vectors")

    assert model.given["the same"] == 2
    assert len({row["digest"] for row in digests}) == len(digests) == 2


async def test_what_was_derived_of_an_erased_text_goes_with_it(database: Database):
    async with process(database, embedder=Model()) as one:
        for content in ("erase me", "keep me", "shared", "shared"):
            await one.remember("a-1", content)
        await one.embedded("a-1")
        await search(one, "erase")
        count = "select count(*) from derived.vectors"
        assert await database.pool.fetchval(count) == 4

        await erase(database, "a-1", 1, 3)
        await level(database, PROJECTIONS.values())
        left = await one.memory.holdings("a-1")
        assert len(left.episodes) == 2
        assert await database.pool.fetchval(count) == 2
        assert await database.pool.fetchval("select count(*) from derived.digests") == 2


async def facts_of(database: Database) -> list[events.Event]:
    async with process(database) as one:
        return await one.facts("a-1")
