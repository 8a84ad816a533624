"""Whatever happened to a memory, in whatever blocks it was projected: the rows are the model's."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from eventlog.block import BlockLimits
from eventlog.database import Database, Dedicated
from eventlog.rebuild import nothing_to_reapply, rebuild
from eventlog.runner import LIVE
from schema import events
from schema.envelope import Metadata, RecordedEvent
from schema.events import Event
from schema.ids import memory_stream, uuid7
from service.projections import PROJECTIONS
from tests.log_writing import write
from tests.memory_model import Model, memory_rows
from tests.projecting import MEMORY_TABLES, level

AT = datetime(2031, 2, 3, tzinfo=UTC)
MEMORY = PROJECTIONS["memory"]
ERASURES = PROJECTIONS["erasures"]
IDS = [uuid7() for _ in range(20)]
"""Of the events of a history, in order: so one can name another that is yet to come."""
WORDS = ["leak", "heap", "heap leak", "leak heap leak", "malloc"]
KEYS = ["cat", "dog"]
DERIVED = frozenset([*WORDS[:4], *(f"{key}: {text}" for key in KEYS for text in WORDS[:3])])
"""The texts that a model has seen; the others have no vector, whatever an event says."""
ERASE = """
    select version from eventlog.erase(
      0, $1, $2, $3::bigint[], gen_random_uuid(), 1::smallint, '{}', $4, $5)
"""
numbers = count()

texts, keys = st.sampled_from(WORDS), st.sampled_from(KEYS)
spaces = st.sampled_from(["a", "a", "a", "b", "nowhere"])
some_id = st.integers(0, 9).map(lambda n: str(IDS[n % 6]) if n < 9 else "nobody")
some_ids = st.lists(some_id, min_size=1, max_size=5).map(tuple)
vectors = st.sampled_from([(), (), (1.0, 0.5), (0.0, 1e30), (1.0,) * 3, (0.0, 0.0), (1e300, 0.0)])
recordings = st.one_of(
    st.builds(
        events.EpisodeRecorded,
        content=texts,
        importance=st.just(0.5),
        timestamp=st.just(AT),
        session=st.sampled_from([None, "s", "t"]),
        embedding=vectors,
    ),
    st.builds(events.FactStored, key=keys, value=texts, embedding=vectors),
)
changes = st.one_of(
    st.builds(events.FactRemoved, key=keys),
    st.builds(events.EpisodeEvicted, id=some_id, importance=st.just(0.1), at=st.just(AT)),
    st.builds(events.EpisodeForgotten, id=some_id),
    st.builds(events.EpisodePinned, id=some_id, pinned=st.booleans()),
)
notes = st.one_of(
    st.builds(events.RecallsCounted, ids=some_ids, at=st.just(AT)),
    st.builds(
        events.EmbeddingSpaceActivated, space=spaces, model=st.just("m"), dimensions=st.just(2)
    ),
    st.builds(events.EpisodesEmbedded, space=spaces, ids=some_ids),
)
uses = st.one_of(
    st.builds(events.WorkingSet, key=keys, value=texts),
    st.builds(events.WorkingRead, key=keys),
    st.builds(events.WorkingRemoved, key=keys),
    st.builds(events.WorkingEvicted, key=keys),
)
histories = st.tuples(
    st.lists(recordings, min_size=1, max_size=4),
    st.lists(st.one_of(recordings, changes, notes, notes, uses), max_size=14),
    st.lists(st.one_of(recordings, changes), max_size=2),
).map(lambda parts: [*parts[0], *parts[1], *parts[2]])
sizes = st.integers(1, 20)


@dataclass(frozen=True)
class Place:
    """A database, and a way to work in it from a test that is no coroutine."""

    database: Database
    owner: Dedicated
    run: Callable[[Coroutine[Any, Any, None]], None]


@contextmanager
def place(postgres: Any) -> Iterator[Place]:
    with asyncio.Runner() as runner:
        lifetime = AsyncExitStack()
        database = runner.run(lifetime.enter_async_context(postgres.database(1)))
        owner = runner.run(database.connect_as_owner(settings={"search_path": "readmodel, public"}))
        try:
            yield Place(database, owner, runner.run)
        finally:
            runner.run(owner.close())
            runner.run(lifetime.aclose())


some = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
few = settings(some, max_examples=20)


async def derive(owner: Dedicated, agent_id: str, history: Sequence[Event], ids: Sequence[UUID]):
    """Vectors of all the texts that models have seen, as a follower leaves them."""
    stream = memory_stream(agent_id)
    texts = {id_: said(event) for id_, event in zip(ids, history, strict=False) if said(event)}
    await owner.execute(
        "insert into derived.digests select 0, $1, u.id, sha256($2::bytea || convert_to(t, 'UTF8'))"
        " from unnest($3::uuid[], $4::text[]) u(id, t) on conflict do nothing",
        *(stream, agent_id.encode(), list(texts), list(texts.values())),
    )
    await owner.execute(
        "insert into derived.vectors select 0, $1, s, sha256($2::bytea || convert_to(t, 'UTF8')),"
        " '[1,2]' from unnest($3::text[]) t, unnest('{a,b}'::text[]) s on conflict do nothing",
        *(agent_id, agent_id.encode(), list(DERIVED)),
    )


def recorded(stream: str, version: int, event: Event) -> RecordedEvent:
    return RecordedEvent(
        *(0, version, "a", stream, version, IDS[version - 1]),
        *(event.type, 1, event, Metadata(), AT),
    )


def modelled(story: Sequence[Event | None], ids: Sequence[UUID]) -> Model:
    """What the model makes of *story*, where None stands for what says nothing of memory."""
    model = Model(DERIVED)
    for version, event in enumerate(story, 1):
        if event is not None and not _names_no_space(event):
            model.take(version, ids[version - 1], _fit(event))
    return model


def _names_no_space(event: Event) -> bool:
    """A space that was never opened has no vectors."""
    return isinstance(event, events.EpisodesEmbedded) and event.space == "nowhere"


def _fit(event: Event) -> Event:
    """A vector without a direction is none."""
    if isinstance(event, events.EpisodeRecorded | events.FactStored):
        fit = any(event.embedding) and max(event.embedding) < 1e38
        return structs.replace(event, embedding=event.embedding if fit else ())
    return event


def test_rows_are_those_of_the_model_wherever_blocks_end(postgres: Any):
    with place(postgres) as there:

        @some
        @given(histories, sizes)
        def check(history: list[Event], size: int) -> None:
            there.run(project(there, history, size))

        check()


async def project(there: Place, history: Sequence[Event], size: int) -> None:
    stream = memory_stream("a")
    conn = await there.database.connect(settings=LIVE)
    batch = [recorded(stream, version, event) for version, event in enumerate(history, 1)]
    transaction = conn.transaction()
    await transaction.start()
    try:
        await derive(conn, "a", history, IDS)
        for first in range(0, len(batch), size):
            await MEMORY.apply(conn, batch[first : first + size])
        assert await memory_rows(conn, stream) == modelled(history, IDS).rows()
    finally:
        await transaction.rollback()
        await conn.close()


def test_rows_after_erasures_are_those_of_a_log_that_never_held_it_live_and_rebuilt(postgres: Any):
    with place(postgres) as there:

        @few
        @given(
            st.lists(
                st.tuples(histories, st.sets(st.integers(1, 24), min_size=1, max_size=4)),
                min_size=1,
                max_size=2,
            ),
            sizes,
        )
        def check(chapters: list[tuple[list[Event], set[int]]], size: int) -> None:
            there.run(erase_in(there, chapters, size))

        check()


async def erase_in(there: Place, chapters: list[tuple[list[Event], set[int]]], size: int) -> None:
    """Each chapter is written and projected; then some of all that was said is erased."""
    database, owner = there.database, there.owner
    agent = f"a-{next(numbers)}"
    stream = memory_stream(agent)
    await owner.execute(
        "truncate " + ", ".join(f"readmodel.{table}" for table in (*MEMORY_TABLES, "heads"))
    )
    ids = [uuid7() for _ in range(50)]
    renamed = {str(old): str(new) for old, new in zip(IDS, ids[: len(IDS)], strict=True)}
    story: list[Event | None] = []
    left: list[Event | None] = []
    gone: set[int] = set()
    for facts_, erased in chapters:
        chapter = [with_ids(event, renamed) for event in facts_]
        first = len(story)
        await derive(owner, agent, chapter, ids[first:])
        await write(owner, 0, agent, stream, *chapter, ids=ids[first : first + len(chapter)])
        story += chapter
        await level(database, [MEMORY], BlockLimits(events=size))
        now = {v for v in erased - gone if v <= len(story) and story[v - 1] is not None}
        gone |= now
        data = f'{{"versions":{sorted(now)},"reason":""}}'
        await owner.fetchval(ERASE, agent, stream, sorted(now), data, bytes(16))
        story.append(None)
        await level(database, [MEMORY, ERASURES], BlockLimits(events=size))
        left = [None if version in gone else e for version, e in enumerate(story, 1)]
        await check_derived(owner, agent, texts_of(left))
    model = modelled(left, ids)
    assert await memory_rows(owner, stream) == model.rows()
    await rebuild(
        *(database, MEMORY, lambda _: None),
        limits=BlockLimits(events=1000),
        reapply=nothing_to_reapply,
    )
    assert await memory_rows(owner, stream) == model.rows()


def with_ids(event: Event, renamed: dict[str, str]) -> Event:
    """*event*, naming others by the ids that they have this time."""
    match event:
        case events.RecallsCounted(ids=ids) | events.EpisodesEmbedded(ids=ids):
            return structs.replace(event, ids=tuple(renamed.get(id_, id_) for id_ in ids))
        case (
            events.EpisodeEvicted(id=id_)
            | events.EpisodeForgotten(id=id_)
            | events.EpisodePinned(id=id_)
        ):
            return structs.replace(event, id=renamed.get(id_, id_))
        case _:
            return event


def said(event: Event | None) -> str | None:
    """What the entry says that *event* records."""
    match event:
        case events.EpisodeRecorded(content=text):
            return text
        case events.FactStored(key=key, value=value):
            return f"{key}: {value}"
        case _:
            return None


def texts_of(story: Sequence[Event | None]) -> set[str]:
    return {text for text in map(said, story) if text is not None}


async def check_derived(owner: Dedicated, agent_id: str, left: set[str]) -> None:
    """There are vectors of what somebody still says, live or not, and of nothing else."""
    for space in ("a", "b"):
        rows = await owner.fetch(
            "select t from derived.vectors left join unnest($1::text[]) t"
            " on digest = sha256($2::bytea || convert_to(t, 'UTF8'))"
            " where agent_id = $3 and space = $4",
            *(list(DERIVED), agent_id.encode(), agent_id, space),
        )
        assert {row["t"] for row in rows} == left & DERIVED
