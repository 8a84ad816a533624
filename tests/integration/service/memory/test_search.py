"""What a memory holds for a question, through the rows: filters, presets, odd words, two agents."""

import math
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from eventlog.database import Database
from schema import events
from schema.events import MemoryPolicy, RecallPolicy
from service.memory.embedder import GIVEN, unit
from service.memory.search import Question
from tests.recalling import AT, IMPORTANCE, Agent, episode, hours, hybrid, meant

DOOR = Question(query="door")


@pytest.fixture
async def agent(database: Database, partitions: int) -> AsyncIterator[Agent]:
    owner = await database.connect_as_owner()
    yield Agent(database, owner, partitions)
    await owner.close()


async def test_what_has_the_questions_words_is_found_whatever_their_form(agent: Agent):
    await agent.tell(episode("The doors were closed."), episode("A cat sleeps."))

    assert await agent.found(DOOR) == ["The doors were closed."]


async def test_a_fact_is_found_by_its_key_and_by_its_value(agent: Agent):
    await agent.tell(events.FactStored(key="door", value="red"))

    (item,) = (await agent.ask(DOOR)).items
    assert (item.kind, item.content, item.importance) == ("fact", "door: red", 0.5)
    assert await agent.found(Question(query="what is red")) == ["door: red"]


async def test_an_empty_memory_holds_nothing(agent: Agent):
    for question in (DOOR, Question(), Question(vector=meant("x"), space=GIVEN)):
        assert await agent.found(question) == []


async def test_without_a_question_what_is_held_is_told_by_its_factors(agent: Agent):
    await agent.tell(episode("little", importance=0.1), episode("much", importance=0.9))

    (first, second) = (await agent.ask(Question())).items

    assert (first.content, second.content) == ("much", "little")
    assert first.score == pytest.approx(math.prod(first.parts.values()), abs=2e-6)


@pytest.mark.parametrize(
    ("tags", "match", "expected"),
    [
        (("a", "b"), "all", {"door ab"}),
        (("a", "b"), "any", {"door ab", "door a", "door: b"}),
        (("a",), "all", {"door ab", "door a"}),
        (("c",), "any", set()),
        ((), "any", {"door ab", "door a", "door: b", "door"}),
    ],
)
async def test_tags_are_asked_for_together_or_one_of_them(
    agent: Agent, tags: tuple[str, ...], match: str, expected: set[str]
):
    await agent.tell(
        episode("door ab", tags=("a", "b")),
        episode("door a", tags=("a",)),
        events.FactStored(key="door", value="b", tags=("b",)),
        episode("door"),
    )

    for query in ("door", None):
        found = await agent.found(Question(query=query, tags=tags, tags_match=match))  # type: ignore[arg-type]
        assert set(found) == expected


async def test_since_and_until_are_of_when_it_happened_both_ends_included(agent: Agent):
    await agent.tell(*(episode(f"door {n}", timestamp=hours(n)) for n in range(5)))

    found = await agent.found(Question(query="door", since=hours(1), until=hours(3)), at=hours(9))

    assert set(found) == {"door 1", "door 2", "door 3"}


async def test_the_least_importance_is_of_the_decayed_one(agent: Agent):
    await agent.tell(
        episode("door old", importance=0.8, timestamp=hours(-10)),
        episode("door new", importance=0.4),
    )
    policy = MemoryPolicy(half_life_hours=10)

    half = await agent.found(Question(query="door", min_importance=0.4), policy)
    assert set(half) == {"door new", "door old"}
    assert await agent.found(Question(query="door", min_importance=0.41), policy) == []
    assert await agent.found(Question(query="door", min_importance=0.41)) == ["door old"]


@pytest.mark.parametrize("half_life", [1e-300, 1e-6, 0.01, 1e300])
async def test_no_half_life_is_too_short_or_too_long(agent: Agent, half_life: float):
    await agent.tell(
        episode("door", timestamp=hours(-1e6)), events.FactStored(key="door", value="x")
    )

    for kind in ("relevance", "importance", "hybrid"):
        recall = RecallPolicy(
            policy=kind, recency_weight=1, frequency_weight=1, tau_hours=half_life
        )
        policy = MemoryPolicy(half_life_hours=half_life, recall=recall)
        for question in (DOOR, Question(), Question(min_importance=0.0)):
            assert "door" in await agent.found(question, policy)


@pytest.mark.parametrize("little", [5e-324, 1e-300, 1e-99, 1e-30])
async def test_no_importance_and_no_weight_is_too_small(agent: Agent, little: float):
    ids = await agent.tell(
        episode("door", importance=little, timestamp=hours(-3)),
        episode("door long ago", importance=little, timestamp=hours(-1e6)),
    )
    await agent.tell(events.RecallsCounted(ids=tuple(ids), at=hours(-1e6)))
    weights = {"recency_weight": little, "frequency_weight": little, "tau_hours": 0.01}
    gains = {"frequency_gain": little, "importance_gain": little, "recency_floor": little}

    for kind in ("relevance", "importance", "hybrid"):
        recall = RecallPolicy(policy=kind, **weights, **gains)
        policy = MemoryPolicy(half_life_hours=3, recall=recall)
        for question in (DOOR, Question(), Question(min_importance=0.0)):
            assert len(await agent.found(question, policy)) == 2


async def test_what_is_too_old_for_the_question_or_the_policy_is_not_found(agent: Agent):
    await agent.tell(episode("door old", timestamp=hours(-5)), episode("door new"))

    assert await agent.found(Question(query="door", max_age_hours=4)) == ["door new"]
    assert await agent.found(DOOR, MemoryPolicy(max_age_hours=4)) == ["door new"]
    assert len(await agent.found(DOOR, MemoryPolicy(max_age_hours=1e300))) == 2


async def test_only_the_kinds_that_are_wanted_are_found(agent: Agent):
    await agent.tell(episode("door"), events.FactStored(key="door", value="red"))

    assert await agent.found(Question(query="door", kinds=("fact",))) == ["door: red"]
    assert await agent.found(Question(query="door", kinds=("episode",))) == ["door"]
    assert await agent.found(Question(kinds=("fact",)), IMPORTANCE) == []


async def test_what_has_expired_or_was_superseded_removed_evicted_or_forgotten_is_not_found(
    agent: Agent,
):
    ids = await agent.tell(
        episode("door evicted"),
        episode("door forgotten"),
        episode("door expires", expires_at=hours(1)),
        events.FactStored(key="door", value="old"),
        events.FactStored(key="other door", value="x"),
        events.FactStored(key="late door", value="x", expires_at=hours(1)),
    )
    await agent.tell(
        events.EpisodeEvicted(id=ids[0], importance=0.5, at=AT),
        events.EpisodeForgotten(id=ids[1]),
        events.FactStored(key="door", value="new"),
        events.FactRemoved(key="other door"),
    )

    for question in (DOOR, Question()):
        before = await agent.found(question, at=hours(0.5))
        assert set(before) == {"door expires", "door: new", "late door: x"}
        assert await agent.found(question, at=hours(1)) == ["door: new"]
        assert "door: old" in await agent.found(question, version=6)


async def test_a_crowd_of_expired_memories_hides_no_living_one(agent: Agent):
    crowd = [episode(f"door door {n}", expires_at=hours(1)) for n in range(250)]
    await agent.tell(*crowd, episode("a door among many other words that were said there"))

    assert len(await agent.found(DOOR, at=hours(2))) == 1


async def test_identical_contents_give_one_hit_and_hide_no_other(agent: Agent):
    await agent.tell(
        *(episode("The door is red.", importance=n / 300) for n in range(250)),
        episode("Once upon a time there was a door that led into the garden."),
    )

    (first, second) = (await agent.ask(DOOR)).items

    assert (first.content, first.importance) == ("The door is red.", 249 / 300)
    assert second.content.startswith("Once")


async def test_a_limit_is_kept(agent: Agent):
    await agent.tell(*(episode(f"door {n}") for n in range(20)))

    assert await agent.found(Question(query="door", limit=3)) == ["door 0", "door 1", "door 2"]


async def test_the_importance_preset_gives_the_seeds_numbers(agent: Agent):
    await agent.tell(
        episode("new", importance=0.5, timestamp=hours(0)),
        episode("old", importance=0.9, timestamp=hours(-24)),
        events.FactStored(key="k", value="v"),
    )

    items = (await agent.ask(Question(query="old"), _importance(half_life=24))).items

    assert [(item.content, item.score) for item in items] == [("new", 0.5), ("old", 0.45)]


async def test_the_hybrid_preset_gives_the_seeds_numbers(agent: Agent):
    ids = await agent.tell(
        episode("often", importance=0.2, timestamp=hours(-48)),
        episode("new", importance=0.3, timestamp=hours(-6)),
        episode("gone", importance=0.1),
        events.FactStored(key="k", value="v"),
    )
    await agent.tell(*(events.RecallsCounted(ids=(ids[0],), at=AT) for _ in range(3)))
    await agent.tell(*(events.RecallsCounted(ids=(ids[2], ids[3]), at=AT) for _ in range(9)))
    await agent.tell(events.EpisodeForgotten(id=ids[2]))

    items = (await agent.ask(Question(), hybrid(0.5, 0.2))).items

    expected = {
        "often": 0.2 + 0.5 * math.exp(-48 / 24) + 0.2 * 3 / (3 + 1),
        "new": 0.3 + 0.5 * math.exp(-6 / 24),
    }
    assert {item.content: item.score for item in items} == pytest.approx(expected, abs=1e-6)
    assert items[0].content == "new"


async def test_more_than_a_pool_of_memories_is_weighed(agent: Agent):
    await agent.tell(*(episode(f"n{n}", importance=n / 500) for n in range(400)))

    items = (await agent.ask(Question(limit=200), IMPORTANCE)).items

    assert [item.content for item in items] == [f"n{n}" for n in range(399, 199, -1)]


async def test_a_vector_alone_gives_its_cosines(agent: Agent):
    await agent.tell(
        episode("same", embedding=(2.0, 0.0, 0.0, 0.0)),
        episode("half", embedding=(1.0, 1.0, 0.0, 0.0)),
        episode("against", embedding=(-1.0, 0.0, 0.0, 0.0)),
        episode("without"),
    )

    items = (await agent.ask(Question(vector=unit([1, 0, 0, 0]), space=GIVEN))).items

    scores = [(item.content, item.score) for item in items]
    assert scores == [("same", 1.0), ("half", 0.707107), ("against", -1.0)]


async def test_a_vector_of_another_dimension_is_compared_with_nothing(agent: Agent):
    await agent.tell(episode("door", embedding=(1.0, 0.0)))

    question = Question(query="door", vector=unit([1, 0, 0]), space=GIVEN)

    assert await agent.found(question) == ["door"]


async def test_words_and_meaning_together_find_what_either_finds(agent: Agent):
    await agent.tell(
        episode("door", embedding=(0.0, 1.0, 0.0, 0.0)),
        episode("gate", embedding=(1.0, 0.1, 0.0, 0.0)),
        episode("cat", embedding=(-1.0, 0.0, 0.0, 0.0)),
    )

    items = (await agent.ask(Question(query="door", vector=unit([1, 0, 0, 0]), space=GIVEN))).items

    assert {"door", "gate"} == {item.content for item in items[:2]}
    assert {"words", "meaning"} <= items[0].parts.keys()


async def test_a_neighbour_of_what_is_found_is_lent_some_of_it(agent: Agent):
    await agent.tell(
        episode("Which door did you paint?", session="s"),
        episode("The blue one.", session="s"),
        episode("Good.", session="t"),
    )

    assert await agent.found(Question(query="door")) == [
        "Which door did you paint?",
        "The blue one.",
    ]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "   ",
        "\0",
        "do\0or door",
        "\ud800 door",
        "the of and",
        "!!! & | ( ' :* <-> \\ door",
        "door" * 2000,
        "door " * 1600,
        " ".join(f"word{n}" for n in range(1000)) + " door",
        "<a href='door'>door</a>",
        "🚪 door ﷽",
        "%s $1 {0} door",
    ],
    ids=range(13),
)
async def test_any_question_is_answered(agent: Agent, query: str):
    await agent.tell(episode("The door."), episode("A cat with a \0 and \ud800 in it."))

    found = await agent.found(Question(query=query))

    assert "The door." in found or "door" not in query.split()


async def test_what_a_row_cannot_hold_is_told_as_the_log_has_it(agent: Agent):
    await agent.tell(episode("A cat with \0 and \ud800."), events.FactStored(key="cat", value="\0"))

    assert set(await agent.found(Question(query="cat"))) == {"A cat with \0 and \ud800.", "cat: \0"}


async def test_a_tag_is_found_as_it_was_given(agent: Agent):
    await agent.tell(episode("door", tags=("a\0b",)))

    assert await agent.found(Question(query="door", tags=("a\0b",))) == ["door"]


async def test_no_question_of_one_agent_brings_up_anothers_memory(agent: Agent):
    other = Agent(agent.database, agent.owner, agent.partitions, "a-2")
    await agent.tell(episode("door mine", embedding=(1.0, 0.0)))
    await other.tell(
        episode("door theirs", embedding=(1.0, 0.0), session="s"),
        events.FactStored(key="door", value="theirs"),
    )

    vector = unit([1, 0])
    for question in (DOOR, Question(), Question(query="door", vector=vector, space=GIVEN)):
        assert await agent.found(question) == ["door mine"]
        assert "door mine" not in await other.found(question)


async def test_another_spaces_vectors_are_not_compared(agent: Agent):
    await agent.tell(episode("door", embedding=(1.0, 0.0)))

    assert await agent.found(Question(vector=unit([1, 0]), space="model_2")) == []


async def test_counts_are_told_and_raise_nothing_but_frequency(agent: Agent):
    ids = await agent.tell(episode("door one"), episode("door two"))
    await agent.tell(events.RecallsCounted(ids=(ids[1],), at=AT + timedelta(hours=1)))

    (first, second) = (await agent.ask(DOOR)).items

    assert (first.content, first.recall_count, second.recall_count) == ("door two", 1, 0)
    assert first.parts["frequency"] > second.parts["frequency"] == 1.0


def _importance(half_life: float) -> MemoryPolicy:
    return MemoryPolicy(half_life_hours=half_life, recall=RecallPolicy(policy="importance"))
