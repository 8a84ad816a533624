"""Whatever happened since, and in whatever order vectors came: a place gives what it gave then."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from eventlog.block import BlockLimits
from eventlog.database import Database, Dedicated
from eventlog.rebuild import nothing_to_reapply, rebuild
from schema import events
from schema.events import Event, MemoryPolicy, RecallPolicy
from schema.ids import uuid7
from service.memory.embedder import GIVEN
from service.memory.search import Found, Question
from tests.recalling import AT, MEMORY, Agent, episode, hours, hybrid, meant

WORDS = ["the red door", "a blue door", "red red red", "the cat slept", "door to door cat"]
KEYS = ["door", "cat"]
SPACES = ["a_4", "b_4"]
IDS = [uuid7() for _ in range(20)]
"""Stand for those of a history's events, in order."""
numbers = count()

texts, times = st.sampled_from(WORDS), st.integers(-50, 50).map(hours)
vectors = st.sampled_from([(), (), tuple(meant("x").tolist()), tuple(meant("y").tolist())])
expiries = st.sampled_from([None, None, None, hours(5), hours(500)])
some_id = st.integers(0, 7).map(lambda n: str(IDS[n]))
some_ids = st.lists(some_id, min_size=1, max_size=5).map(tuple)
recordings = st.one_of(
    st.builds(
        episode,
        texts,
        importance=st.floats(0, 1),
        timestamp=times,
        tags=st.sampled_from([(), ("a",), ("a", "b")]),
        session=st.sampled_from([None, "s", "t"]),
        expires_at=expiries,
        embedding=vectors,
    ),
    st.builds(
        events.FactStored,
        key=st.sampled_from(KEYS),
        value=texts,
        expires_at=expiries,
        embedding=vectors,
    ),
)
changes = st.one_of(
    st.builds(events.FactRemoved, key=st.sampled_from(KEYS)),
    st.builds(events.EpisodeEvicted, id=some_id, importance=st.just(0.1), at=st.just(AT)),
    st.builds(events.EpisodeForgotten, id=some_id),
    st.builds(events.EpisodePinned, id=some_id, pinned=st.booleans()),
    st.builds(events.RecallsCounted, ids=some_ids, at=times),
)
embeddings = st.one_of(
    st.builds(
        events.EmbeddingSpaceActivated,
        space=st.sampled_from(SPACES),
        model=st.just("m"),
        dimensions=st.just(4),
    ),
    st.builds(events.EpisodesEmbedded, space=st.sampled_from(SPACES), ids=some_ids),
)
histories = st.tuples(
    st.lists(recordings, min_size=2, max_size=5),
    st.lists(st.one_of(recordings, changes, embeddings), min_size=3, max_size=12),
).map(lambda parts: [*parts[0], *parts[1]])
policies = st.sampled_from(
    [
        MemoryPolicy(half_life_hours=24),
        MemoryPolicy(recall=RecallPolicy(lexical_weight=0.3, frequency_gain=2)),
        MemoryPolicy(half_life_hours=3, recall=RecallPolicy(policy="importance")),
        hybrid(0.5, 0.7),
    ]
)
queries = st.sampled_from([None, "door", "red cat", "the", "a red door of a cat"])
asked_vectors = st.sampled_from([None, meant("q"), meant("r")])
asked_spaces = st.sampled_from([GIVEN, *SPACES])
filters: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "tags": st.sampled_from([(), (), ("a",)]),
        "min_importance": st.sampled_from([None, None, 0.3]),
        "limit": st.sampled_from([1, 3, 10]),
    }
)
questions = st.tuples(queries, asked_vectors, asked_spaces, filters).map(
    lambda q: Question(query=q[0], vector=q[1], space=q[2], **q[3])
)


def test_a_place_gives_for_ever_what_it_gave_when_it_was_the_head(postgres: Any):
    with asyncio.Runner() as runner:
        lifetime = AsyncExitStack()
        database: Database = runner.run(lifetime.enter_async_context(postgres.database(1)))
        owner = runner.run(database.connect_as_owner())

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(histories, st.lists(questions, min_size=2, max_size=4), policies, times)
        def check(
            history: list[Event], asked: list[Question], policy: MemoryPolicy, at: datetime
        ) -> None:
            runner.run(live_and_later(database, owner, history, asked, policy, at))

        try:
            check()
        finally:
            runner.run(owner.close())
            runner.run(lifetime.aclose())


async def live_and_later(
    database: Database,
    owner: Dedicated,
    history: Sequence[Event],
    asked: Sequence[Question],
    policy: MemoryPolicy,
    at: datetime,
) -> None:
    agent = Agent(database, owner, name=f"a-{next(numbers)}")
    ids = [uuid7() for _ in history]
    told: dict[UUID, str] = {}
    live: list[list[Found]] = []
    for id_, event in zip(ids, history, strict=True):
        if text := said_by(event):
            told[id_] = text
        if isinstance(event, events.EpisodesEmbedded):
            await agent.derive(event.space, told)
        await agent.tell(renamed(event, ids), ids=[id_])
        live.append([await agent.ask(question, policy, at=at) for question in asked])
    await compare(agent, live, asked, policy, at)
    if len(history) > 12:  # A rebuild takes its time, so not for each.
        await rebuild(
            *(database, MEMORY, lambda _: None),
            limits=BlockLimits(events=1000),
            reapply=nothing_to_reapply,
        )
        await compare(agent, live, asked, policy, at)


async def compare(
    agent: Agent,
    live: Sequence[Sequence[Found]],
    asked: Sequence[Question],
    policy: MemoryPolicy,
    at: datetime,
) -> None:
    """Each place is asked again, and all that it answers is what it answered then."""
    for version, answers in enumerate(live, 1):
        for question, answer in zip(asked, answers, strict=True):
            assert await agent.ask(question, policy, at=at, version=version) == answer


def said_by(event: Event) -> str | None:
    match event:
        case events.EpisodeRecorded(content=text):
            return text
        case events.FactStored(key=key, value=value):
            return f"{key}: {value}"
        case _:
            return None


def renamed(event: Event, ids: Sequence[UUID]) -> Event:
    """*event*, naming those of its history by the ids that they have this time."""
    names = {str(old): str(new) for old, new in zip(IDS, ids, strict=False)}
    match event:
        case events.RecallsCounted(ids=named) | events.EpisodesEmbedded(ids=named):
            return structs.replace(event, ids=tuple(names.get(id_, id_) for id_ in named))
        case (
            events.EpisodeEvicted(id=id_)
            | events.EpisodeForgotten(id=id_)
            | events.EpisodePinned(id=id_)
        ):
            return structs.replace(event, id=names.get(id_, id_))
        case _:
            return event
