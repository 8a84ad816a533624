"""An agent's memory over a real log: what is written, by whom, and what is refused."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from eventlog.database import Database
from schema import events
from schema.errors import Invalid, NotFinite, NotFound, Refused
from schema.events import Eviction, MemoryPolicy
from schema.ids import memory_stream, uuid7
from schema.messages.checked import checked
from schema.messages.memory import (
    MemorySettings,
    NoteWorking,
    RememberEpisode,
    SearchMemory,
    StoreFact,
)
from service.mind.writing import Author
from tests.memories import ANA, Clock, Policies, Process, process

SMALL = MemoryPolicy(capacity=3)
COUNT = "select count(*) from eventlog.events"


async def held(one: Process, agent_id: str) -> set[str]:
    return set((await one.memory.holdings(agent_id)).episodes)


def recorded(facts: list[events.Event]) -> list[str]:
    return [fact.content for fact in facts if isinstance(fact, events.EpisodeRecorded)]


async def test_an_episode_is_an_event_of_its_agents_memory(database: Database):
    async with process(database) as one:
        await one.remember("a-1", "The door is red.", importance=7, tags=["door", "door"])
        (fact,) = await one.facts("a-1")

    assert fact == events.EpisodeRecorded(
        content="The door is red.", importance=1.0, timestamp=Clock().at, tags=("door",)
    )


async def test_two_processes_that_write_at_once_lose_nothing(database: Database):
    async with process(database, SMALL) as one, process(database, SMALL) as other:
        writers = [(one, n) for n in range(20)] + [(other, n) for n in range(20, 40)]
        ids = await asyncio.gather(*(p.remember("a-1", f"episode {n}") for p, n in writers))
        facts = await one.facts("a-1")
        left = await held(one, "a-1")
        assert left == await held(other, "a-1")

    assert sorted(recorded(facts)) == sorted(f"episode {n}" for n in range(40))
    evicted = [fact.id for fact in facts if isinstance(fact, events.EpisodeEvicted)]
    assert len(evicted) == len(set(evicted)) == 37
    assert left == set(ids) - set(evicted)


async def test_at_no_version_does_an_agent_hold_more_than_its_capacity(database: Database):
    async with process(database, SMALL) as one, process(database, SMALL) as other:
        await asyncio.gather(
            *(
                p.remember("a-1", f"episode {n}", importance=n / 20)
                for n in range(10)
                for p in (one, other)
            )
        )
        live = 0
        for fact in await one.facts("a-1"):
            live += isinstance(fact, events.EpisodeRecorded)
            live -= isinstance(fact, events.EpisodeEvicted)
            assert live <= 3


async def test_the_least_important_one_goes_by_its_importance_at_that_time(database: Database):
    clock = Clock()
    policy = MemoryPolicy(capacity=2, half_life_hours=24)
    async with process(database, policy, clock) as one:
        faded = await one.remember("a-1", "long ago", importance=0.9)
        clock.pass_by(days=3)
        await one.remember("a-1", "lately", importance=0.5)
        await one.remember("a-1", "now", importance=0.4)
        facts = await one.facts("a-1")

    evicted = facts[2]
    assert isinstance(evicted, events.EpisodeEvicted)
    assert (evicted.id, evicted.at) == (faded, clock.at)
    assert evicted.importance == pytest.approx(0.9 / 8)
    assert isinstance(facts[3], events.EpisodeRecorded)


async def test_pinned_episodes_stay_and_where_all_are_nothing_new_comes_in(database: Database):
    policy = MemoryPolicy(capacity=2, eviction=Eviction.OLDEST)
    async with process(database, policy) as one:
        first = await one.remember("a-1", "first", pinned=True)
        second = await one.remember("a-1", "second")
        third = await one.remember("a-1", "third")
        assert await held(one, "a-1") == {first, third}

        await one.memory.pin("a-1", third, ANA, pinned=True)
        before = len(await one.facts("a-1"))
        with pytest.raises(Invalid, match="unpin"):
            await one.remember("a-1", "fourth")
        assert len(await one.facts("a-1")) == before

        await one.memory.pin("a-1", first, ANA, pinned=False)
        await one.remember("a-1", "fourth")
        assert first not in await held(one, "a-1")
        with pytest.raises(NotFound):
            await one.memory.pin("a-1", second, ANA, pinned=True)


async def test_a_capacity_that_was_lowered_is_come_down_to(database: Database):
    policies = Policies()
    async with process(database, policies) as one:
        for n in range(6):
            await one.remember("a-1", f"episode {n}")
        policies.policy = SMALL
        await one.remember("a-1", "one more")
        assert len(await held(one, "a-1")) == 3


@pytest.mark.parametrize("policy", [MemoryPolicy(), SMALL])
async def test_the_same_write_asked_again_is_answered_as_a_repeat(
    database: Database, policy: MemoryPolicy
):
    author = Author(actor="test", id=uuid7())
    said = checked(RememberEpisode, {"content": "once"})
    async with process(database, policy) as one, process(database, policy) as other:
        written = await one.memory.remember("a-1", said, author)
        for n in range(4):
            await one.remember("a-1", f"later {n}")
        again = [await p.memory.remember("a-1", said, author) for p in (one, other)]
        assert sum(content == "once" for content in recorded(await one.facts("a-1"))) == 1

        with pytest.raises(Invalid, match="another"):
            await one.memory.remember("a-1", checked(RememberEpisode, {"content": "else"}), author)

    for answer in again:
        assert answer.replayed
        assert (answer.id, answer.version) == (written.id, written.version)
        assert answer.position == written.position
    assert not written.replayed


async def test_a_repeat_that_comes_while_the_first_is_under_way_is_one_write(database: Database):
    author = Author(actor="test", id=uuid7())
    said = checked(RememberEpisode, {"content": "once"})
    async with process(database) as one, process(database) as other:
        answers = await asyncio.gather(
            *(p.memory.remember("a-1", said, author) for p in (one, other, one, other))
        )
        assert recorded(await one.facts("a-1")) == ["once"]

    assert len({answer.version for answer in answers}) == 1


async def test_what_one_agent_remembers_no_other_holds(database: Database):
    async with process(database, SMALL) as one:
        mine = await one.remember("a-1", "mine")
        await asyncio.gather(*(one.remember("a-2", f"theirs {n}") for n in range(5)))
        assert await held(one, "a-1") == {mine}
        assert len(await held(one, "a-2")) == 3
        with pytest.raises(NotFound):
            await one.memory.forget("a-2", mine, ANA)


@pytest.mark.parametrize(
    "said",
    [
        {"query": "secret"},
        {"embedding": [1.0, 0.0]},
        {"query": "secret", "embedding": [1.0, 0.0], "tags": ["house"]},
        {"policy": {"policy": "importance"}},
    ],
)
async def test_no_search_finds_what_another_agent_remembers(
    database: Database, said: dict[str, Any]
):
    async with process(database) as one:
        for agent_id, other in (("a-1", "a-2"), ("a-2", "a-1")):
            given = {"tags": ["house"], "embedding": [1.0, 0.0]}
            await one.remember(agent_id, f"a secret of {agent_id}", **given)
            await one.store(agent_id, f"secret from {other}", agent_id, **given)
        for agent_id in ("a-1", "a-2"):
            answer = await one.memory.search(agent_id, checked(SearchMemory, said))
            assert {item.content[-3:] for item in answer.items} == {agent_id}
        nobody = await one.memory.search("a-3", checked(SearchMemory, said))
        assert nobody.items == ()


async def test_a_question_of_another_dimension_is_refused_by_its_name(database: Database):
    async with process(database) as one:
        await one.remember("a-1", "has a vector", embedding=[1.0, 2.0, 3.0])
        with pytest.raises(Invalid, match="3") as refused:
            await one.memory.search("a-1", SearchMemory(embedding=(1.0, 2.0)))
        assert refused.value.field == "embedding"
        assert not (await one.memory.search("a-2", SearchMemory(embedding=(1.0, 2.0)))).items


async def test_a_fact_takes_the_place_of_the_one_before_and_can_be_removed(database: Database):
    async with process(database) as one:
        await one.store("a-1", "colour", "red")
        blue = await one.store("a-1", "colour", "blue")
        assert (await one.memory.holdings("a-1")).facts == {"colour": blue}

        await one.memory.remove_fact("a-1", "colour", ANA, reason="wrong")
        with pytest.raises(NotFound):
            await one.memory.remove_fact("a-1", "colour", ANA)
        assert (await one.facts("a-1"))[-1] == events.FactRemoved(key="colour", reason="wrong")


async def test_what_is_forgotten_is_forgotten_once(database: Database):
    async with process(database) as one, process(database) as other:
        wrong = await one.remember("a-1", "wrong")
        await other.memory.forget("a-1", wrong, ANA)
        for p in (one, other):
            with pytest.raises(NotFound):
                await p.memory.forget("a-1", wrong, ANA)


BAD: list[tuple[type[Any], dict[str, Any], str]] = [
    (RememberEpisode, {"content": "x", "importance": float("nan")}, "importance"),
    (RememberEpisode, {"content": "x", "importance": float("inf")}, "importance"),
    (RememberEpisode, {"content": "x", "embedding": [float("nan"), 1.0]}, "embedding.0"),
    (RememberEpisode, {"content": "x", "embedding": [0.0, 0.0, 0.0]}, "embedding"),
    (RememberEpisode, {"content": "x", "embedding": [1.0, 2.0]}, "embedding"),
    (RememberEpisode, {"content": "x", "tags": ["x" * 10_240]}, "tags.0"),
    (RememberEpisode, {"content": ""}, "content"),
    (StoreFact, {"key": "", "value": "x"}, "key"),
    (StoreFact, {"key": " ", "value": "x"}, "key"),
    (StoreFact, {"key": "a\x00b", "value": "x"}, "key"),
    (NoteWorking, {"key": "a\ud800b", "value": "x"}, "key"),
    (StoreFact, {"key": "k", "value": "x", "embedding": [1.0] * 4}, "embedding"),
    (MemorySettings, {"capacity": 0}, "capacity"),
]


async def send(one: Process, kind: type[Any], said: dict[str, Any]) -> None:
    message = checked(kind, said)
    if isinstance(message, RememberEpisode):
        await one.memory.remember("a-1", message, ANA)
    elif isinstance(message, NoteWorking):
        await one.memory.note("a-1", message, ANA)
    else:
        await one.memory.store_fact("a-1", message, ANA)


@pytest.mark.parametrize(("kind", "said", "field"), BAD)
async def test_bad_input_is_refused_by_its_name_and_nothing_is_appended(
    postgres: Any, kind: type[Any], said: dict[str, Any], field: str
):
    async with postgres.database(1) as database, process(database) as one:
        await one.remember("a-1", "has a vector", embedding=[1.0, 2.0, 3.0])
        before = await database.pool.fetchval(COUNT)
        with pytest.raises(Invalid) as refused:
            await send(one, kind, said)
        assert await database.pool.fetchval(COUNT) == before

    assert refused.value.field == field
    finite = "nan" not in str(said) and "inf" not in str(said)
    assert finite or isinstance(refused.value, NotFinite)


async def test_of_two_first_vectors_of_different_dimensions_one_is_refused(database: Database):
    async with process(database) as one, process(database) as other:
        outcomes = await asyncio.gather(
            one.remember("a-1", "two", embedding=[1.0, 2.0]),
            other.remember("a-1", "three", embedding=[1.0, 2.0, 3.0]),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, Invalid) for outcome in outcomes) == 1
        assert len(await one.facts("a-1")) == 1


async def test_vectors_that_fit_are_taken_in_side_by_side(database: Database):
    async with process(database) as one:
        await asyncio.gather(
            *(one.store("a-1", f"key {n}", "v", embedding=[1.0, n]) for n in range(20))
        )
        assert len((await one.memory.holdings("a-1")).facts) == 20


async def test_an_agents_name_is_checked_before_anything_else(database: Database):
    async with process(database) as one:
        for name in ("", "A", "../x"):
            with pytest.raises(Invalid, match="agent"):
                await one.remember(name, "x")


async def test_shared_working_memory_keeps_what_was_used_last(database: Database):
    policy = MemoryPolicy(working_shared=True, working_capacity=2)
    async with process(database, policy) as one, process(database, policy) as other:
        for p, key in ((one, "a"), (other, "b"), (one, "c")):
            await p.memory.note("a-1", NoteWorking(key=key, value=key.upper()), ANA)
        entries = (await other.memory.holdings("a-1")).working.entries
        assert [(entry.key, entry.value) for entry in entries] == [("b", "B"), ("c", "C")]

        await one.memory.remove_note("a-1", "b", ANA)
        with pytest.raises(NotFound):
            await one.memory.remove_note("a-1", "b", ANA)


async def test_working_memory_that_is_each_sessions_own_is_not_written_from_outside(
    database: Database,
):
    async with process(database) as one:
        with pytest.raises(Refused, match="working_shared"):
            await one.memory.note("a-1", NoteWorking(key="a", value="A"), ANA)
        with pytest.raises(NotFound):
            await one.memory.forget("a-1", str(uuid4()), ANA)
        assert await one.facts("a-1") == []
        assert (
            await one.log.database.pool.fetchval(
                "select count(*) from eventlog.streams where stream = $1", memory_stream("a-1")
            )
            == 0
        )
