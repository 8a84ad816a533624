"""What the rows of memory say: the cases that a history of chance would not come upon."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from eventlog.block import BlockLimits
from eventlog.database import Database, Dedicated
from eventlog.rebuild import nothing_to_reapply, rebuild
from schema import events
from schema.events import Event
from schema.ids import memory_stream, new_session_id, partition_of, session_stream, uuid7
from schema.messages.base import DIMENSIONS_MAX
from service.projections import PROJECTIONS
from tests.log_writing import write
from tests.projecting import MEMORY_TABLES, level, rows_of

AT = datetime(2031, 2, 3, tzinfo=UTC)
WILD = "a\x00b\ud800"
TAME = "a\ufffdb\ufffd"
HEX = "encode(sha256('x'), 'hex') || encode(sha256('y'), 'hex') || encode(sha256('z'), 'hex')"
EVERY_ENTRY = f"""
    insert into readmodel.vectors (partition, stream, space, entry, valid_from, valid_to, embedding)
    select 0, left({HEX}, stream), left({HEX}, space), 1, 1, 2, $1::real[]::vector
    from generate_series(8, 136) stream, generate_series(1, 40) space
"""
"""The shortest stream of a memory is 8 characters long, a branch's at most 136."""
EVERY_TEXT = f"""
    insert into derived.vectors (partition, agent_id, space, digest, embedding)
    select 0, left({HEX}, agent), left({HEX}, space), sha256('x'), $1::real[]::vector
    from generate_series(1, 64) agent, generate_series(1, 40) space
"""
ERASE = """
    select version from eventlog.erase(
      $1, $2, $3, $4::bigint[], gen_random_uuid(), 1::smallint, '{}', $5, $6)
"""


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Dedicated]:
    conn = await database.connect_as_owner()
    yield conn
    await conn.close()


def episode(content: str = "heap leak", **more: Any) -> events.EpisodeRecorded:
    return events.EpisodeRecorded(content=content, **{"importance": 0.5, "timestamp": AT, **more})


async def remember(
    database: Database, owner: Dedicated, partitions: int, *facts: Event, agent: str = "a"
) -> list[UUID]:
    """*facts* in an agent's memory, and in its rows; their ids."""
    ids = [uuid7() for _ in facts]
    partition = partition_of(agent, partitions)
    await write(owner, partition, agent, memory_stream(agent), *facts, ids=ids)
    await level(database, PROJECTIONS.values())
    assert not await owner.fetch("select * from eventlog.parked")
    return ids


async def erase(
    database: Database, owner: Dedicated, partitions: int, stream: str, *versions: int
) -> None:
    data = f'{{"versions":{list(versions)},"reason":"asked"}}'
    partition = partition_of("a", partitions)
    await owner.fetchval(ERASE, partition, "a", stream, list(versions), data, bytes(16))
    await level(database, PROJECTIONS.values())


async def derive(owner: Dedicated, agent: str, partition: int, space: str, said: dict[UUID, str]):
    """Vectors of the texts *said*, by the entries' ids, as a follower leaves them."""
    digests = [agent.encode() + text.encode() for text in said.values()]
    await owner.execute(
        "insert into derived.vectors select distinct $1::int, $2, $3, d, '[3,4]'::vector"
        " from unnest($4::bytea[]) d on conflict do nothing",
        *(partition, agent, space, digests),
    )
    await owner.execute(
        "insert into derived.digests select $1, $2, * from unnest($3::uuid[], $4::bytea[])"
        " on conflict do nothing",
        *(partition, memory_stream(agent), list(said), digests),
    )


async def rebuilt(database: Database, name: str = "memory") -> None:
    await rebuild(
        *(database, PROJECTIONS[name], lambda _: None),
        limits=BlockLimits(events=3),
        reapply=nothing_to_reapply,
    )


async def test_an_episode_has_its_words_stemmed_and_its_text_whole(
    database: Database, owner: Dedicated, partitions: int
):
    text = "The leaks were leaking: {a, \"b\"} NULL \\ 'quoted'"
    (id_,) = await remember(
        database, owner, partitions, episode(text, tags=("x", 'y, "z"'), pinned=True)
    )
    row = await owner.fetchrow("select * from readmodel.episodes")
    assert row is not None
    assert (row["id"], row["content"], row["tags"]) == (id_, text, ["x", 'y, "z"'])
    assert (row["entry"], row["valid_to"], row["pinned"], row["words"]) == (1, None, True, 5)
    words = await owner.fetch("select lexeme, tf, words from readmodel.postings order by 1")
    assert [tuple(word) for word in words] == [
        ("b", 1, 5),
        ("leak", 2, 5),
        ("null", 1, 5),
        ("quot", 1, 5),
    ]


async def test_what_looks_like_a_tag_is_found_too(
    database: Database, owner: Dedicated, partitions: int
):
    await remember(database, owner, partitions, episode("if heap<leak and cat>dog"))
    words = await owner.fetch("select lexeme from readmodel.postings order by 1")
    assert [word["lexeme"] for word in words] == ["cat", "dog", "heap", "leak"]


async def test_a_fact_is_found_by_its_key_too(
    database: Database, owner: Dedicated, partitions: int
):
    await remember(database, owner, partitions, events.FactStored(key="cat", value="purrs"))
    words = await owner.fetch("select lexeme from readmodel.postings order by 1")
    assert [word["lexeme"] for word in words] == ["cat", "purr"]


@pytest.mark.parametrize(
    "event",
    [
        episode(WILD, tags=(WILD,), session=WILD, call_id=WILD),
        episode(""),
        episode("word" * 30_000),
        episode(" ".join(str(n) for n in range(40_000))),
        episode("\U00010348 " * 60_000),
        episode("x" * 2046),
        episode("1@a" * 20_000),  # The parser of words takes minutes for it, if let.
        episode("foo", timestamp=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))),
        episode("foo", expires_at=datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5)))),
        episode("foo", embedding=(1e300,) * 3),
        episode("foo", embedding=(0.0,) * 3),
        episode("foo", embedding=(1.0,) * 2001),
        events.FactStored(key=WILD, value=WILD, tags=(WILD,), session=WILD),
        events.WorkingSet(key=WILD, value=WILD),
        events.EpisodesEmbedded(space=WILD, ids=(WILD, "")),
        events.EpisodesEmbedded(space="'; drop table x --", ids=(str(uuid7()),)),
        events.EmbeddingSpaceActivated(space=WILD, model=WILD, dimensions=3),
        events.EpisodeForgotten(id=WILD, reason=WILD),
        events.EpisodePinned(id="{" + str(uuid7()) + "}", pinned=True),
        events.RecallsCounted(ids=(WILD,), at=AT),
    ],
    ids=lambda event: event.type,
)
async def test_nothing_odd_parks_a_memory(
    database: Database, owner: Dedicated, partitions: int, event: Event
):
    await remember(database, owner, partitions, event, episode("behind it"))
    assert await owner.fetchval("select count(*) from readmodel.episodes where content like 'b%'")


async def test_what_postgres_cannot_hold_is_replaced_and_flagged(
    database: Database, owner: Dedicated, partitions: int
):
    fact = events.FactStored(key=WILD, value="b")
    await remember(
        database,
        owner,
        partitions,
        episode(WILD),
        episode("b"),
        fact,
        events.WorkingSet(key="k", value=WILD),
    )
    rows = await owner.fetch("select content, content_altered from readmodel.episodes order by 1")
    assert [tuple(row) for row in rows] == [(TAME, True), ("b", False)]
    (row,) = await owner.fetch("select key, value, altered from readmodel.facts")
    assert tuple(row) == (TAME, "b", True)
    (row,) = await owner.fetch("select key, value, altered from readmodel.working_memory")
    assert tuple(row) == ("k", TAME, True)


async def test_a_key_too_long_for_an_index_parks_its_stream_and_no_other(
    database: Database, owner: Dedicated, partitions: int
):
    long = events.FactStored(key="k" * 3000, value="v")
    await write(owner, partition_of("a", partitions), "a", memory_stream("a"), long)
    await write(owner, partition_of("b", partitions), "b", memory_stream("b"), episode())
    await level(database, PROJECTIONS.values())
    parked = await owner.fetch("select stream, projection from eventlog.parked")
    assert [tuple(row) for row in parked] == [("memory-a", "memory")]
    assert await owner.fetchval("select count(*) from readmodel.episodes") == 1


async def test_vectors_that_callers_give_are_of_length_1_and_of_one_number_of_dimensions(
    database: Database, owner: Dedicated, partitions: int
):
    nothing = events.EpisodesEmbedded(space="s", ids=())
    given = [(0.0, 0.0), (3.0, 4.0), (1.0,), (0.0, -1e-30), (1e39, 0.0), (1.0, 2.0, 3.0)]
    for embedding in given:
        await remember(database, owner, partitions, episode(embedding=embedding), nothing)
    await remember(database, owner, partitions, *(episode(embedding=e) for e in given), agent="b")
    rows = await owner.fetch(
        "select stream, embedding::real[] as v from readmodel.vectors order by stream, entry"
    )
    unit = [pytest.approx([0.6, 0.8]), [0.0, -1.0]]
    assert [row["v"] for row in rows if row["stream"] == "memory-a"] == unit
    assert [row["v"] for row in rows if row["stream"] == "memory-b"] == unit


async def test_the_longest_vector_stands_beside_the_longest_of_names(
    database: Database, owner: Dedicated, partitions: int
):
    name = sha256(b"x").hexdigest()
    stream, space = f"memory-{name}~{name[::-1]}", name[:40]
    vector = [DIMENSIONS_MAX**-0.5] * DIMENSIONS_MAX
    partition, id_ = partition_of(name, partitions), uuid7()
    await owner.execute(
        "insert into derived.vectors values ($1, $2, $3, sha256('x'), $4::real[]::vector)",
        *(partition, name, space, vector),
    )
    await owner.execute(
        "insert into derived.digests values ($1, $2, $3, sha256('x'))", partition, stream, id_
    )
    facts = (
        episode(embedding=tuple(vector)),
        events.EpisodesEmbedded(space=space, ids=(str(id_),)),
    )
    await write(owner, partition, name, stream, *facts, ids=[id_, uuid7()])
    await level(database, PROJECTIONS.values())
    rows = await owner.fetch(
        "select space, valid_from, embedding::real[] as v from readmodel.vectors order by 2"
    )
    assert [row["space"] for row in rows] == ["given", space]
    assert all(row["v"] == pytest.approx(vector) for row in rows)


async def test_the_longest_vector_fits_a_page_beside_names_of_every_length(owner: Dedicated):
    """Also beside those that PostgreSQL can neither compress nor, being short, move away."""
    vector = [DIMENSIONS_MAX**-0.5] * DIMENSIONS_MAX
    assert await owner.execute(EVERY_ENTRY, vector) == f"INSERT 0 {129 * 40}"
    assert await owner.execute(EVERY_TEXT, vector) == f"INSERT 0 {64 * 40}"


async def test_what_was_derived_but_is_not_there_or_cannot_be_compared_is_passed_by(
    database: Database, owner: Dedicated, partitions: int
):
    partition = partition_of("a", partitions)
    texts = ("heap", "leak", "odd", "missing", "gone")
    ids = await remember(database, owner, partitions, *map(episode, texts))
    await derive(owner, "a", partition, "s", dict(zip(ids[:3], texts[:3], strict=True)))
    await derive(owner, "a", partition, "t", dict(zip(ids, texts, strict=True)))
    await owner.execute("update derived.vectors set embedding = '[1,2,3]' where digest = 'aodd'")
    await owner.execute("delete from derived.digests where id = $1", ids[3])
    forgotten = events.EpisodeForgotten(id=str(ids[4]))
    for space in ("s", "t", "unknown"):
        named = tuple(str(id_) for id_ in ids)
        embedded = events.EpisodesEmbedded(space=space, ids=named)
        await remember(database, owner, partitions, forgotten, embedded)
    rows = await owner.fetch("select space, entry from readmodel.vectors order by 1, 2")
    assert [tuple(row) for row in rows] == [("s", 1), ("s", 2), ("t", 1), ("t", 2)]


async def test_an_entry_that_goes_takes_its_vectors_of_every_space_along(
    database: Database, owner: Dedicated, partitions: int
):
    partition = partition_of("a", partitions)
    facts = (episode("heap", embedding=(1.0,)), episode("leak", embedding=(1.0,)))
    heap, leak = await remember(database, owner, partitions, *facts)
    for space in ("a", "s"):
        await derive(owner, "a", partition, space, {heap: "heap", leak: "leak"})
        embedded = events.EpisodesEmbedded(space=space, ids=(str(heap), str(leak)))
        await remember(database, owner, partitions, embedded)
    await remember(database, owner, partitions, events.EpisodeForgotten(id=str(heap)))
    rows = await owner.fetch("select space, entry, valid_to from readmodel.vectors order by 2, 1")
    spaces = ("a", "given", "s")
    assert [tuple(row) for row in rows] == [
        *((space, 1, 5) for space in spaces),
        *((space, 2, None) for space in spaces),
    ]


async def test_an_entry_waits_until_it_has_a_vector_in_the_active_space(
    database: Database, owner: Dedicated, partitions: int
):
    partition = partition_of("a", partitions)

    async def waiting(*facts: Event) -> list[int]:
        await remember(database, owner, partitions, *facts)
        rows = await owner.fetch("select entry from readmodel.unembedded order by 1")
        return [row["entry"] for row in rows]

    heap, leak = await remember(database, owner, partitions, episode("heap"), episode("leak"))
    for space in ("old", "new"):
        await derive(owner, "a", partition, space, {heap: "heap", leak: "leak"})
    old = events.EmbeddingSpaceActivated(space="old", model="m", dimensions=2)
    new = events.EmbeddingSpaceActivated(space="new", model="m", dimensions=2)
    assert await waiting(events.EpisodesEmbedded(space="old", ids=(str(heap),))) == [1, 2]
    assert await waiting(old) == [2]
    assert await waiting(events.EpisodesEmbedded(space="new", ids=(str(leak),))) == [2]
    assert await waiting(events.EpisodesEmbedded(space="old", ids=(str(leak),))) == []
    assert await waiting(new) == [1]
    assert await waiting(old) == []
    assert await waiting(new, events.EpisodeForgotten(id=str(heap))) == []


@pytest.mark.parametrize("events_max", [1, 100])
async def test_what_names_an_episode_too_early_or_too_late_does_nothing(
    database: Database, owner: Dedicated, partitions: int, events_max: int
):
    id_ = uuid7()
    pinned = events.EpisodePinned(id=str(id_), pinned=True)
    forgotten = events.EpisodeForgotten(id=str(id_))
    counted = events.RecallsCounted(ids=(str(id_),), at=AT)
    facts = (pinned, forgotten, counted, episode(), forgotten, pinned, forgotten, counted)
    ids = [id_ if fact.type == "episode_recorded" else uuid7() for fact in facts]
    await write(owner, partition_of("a", partitions), "a", "memory-a", *facts, ids=ids)
    await level(database, [PROJECTIONS["memory"]], BlockLimits(events=events_max))
    rows = await owner.fetch("select valid_from, valid_to, pinned from readmodel.episodes")
    assert [tuple(row) for row in rows] == [(4, 5, False)]
    assert not await owner.fetch("select * from readmodel.recall_counts")


async def test_memories_of_agents_and_sessions_keep_apart(
    database: Database, owner: Dedicated, partitions: int
):
    for agent in ("a", "b"):
        await remember(database, owner, partitions, episode(agent), agent=agent)
    await remember(
        database, owner, partitions, events.WorkingSet(key="k", value="agent's"), agent="a"
    )
    session = session_stream(new_session_id("a"))
    said = (events.WorkingSet(key="k", value="session's"), events.WorkingRead(key="k"))
    await write(owner, partition_of("a", partitions), "a", session, *said)
    await level(database, PROJECTIONS.values())
    rows = await owner.fetch("select stream, content from readmodel.episodes order by 1")
    assert [tuple(row) for row in rows] == [("memory-a", "a"), ("memory-b", "b")]
    rows = await owner.fetch(
        "select stream, value, used_version from readmodel.working_memory"
        " where valid_to is null order by 1"
    )
    assert [tuple(row) for row in rows] == [("memory-a", "agent's", 2), (session, "session's", 2)]


async def test_forgetting_what_a_session_had_at_hand_erases_it_from_the_rows(
    database: Database, owner: Dedicated, partitions: int
):
    session = session_stream(new_session_id("a"))
    said = (
        events.WorkingSet(key="k", value="first"),
        events.WorkingSet(key="k", value="secret"),
        events.WorkingRead(key="k"),
    )
    await write(owner, partition_of("a", partitions), "a", session, *said)
    await level(database, PROJECTIONS.values())
    await erase(database, owner, partitions, session, 2)
    rows = await owner.fetch(
        "select value, valid_from, valid_to, used_version from readmodel.working_memory"
    )
    assert [tuple(row) for row in rows] == [("first", 1, None, 3)]


@pytest.mark.parametrize("events_max", [1, 100])
async def test_a_use_of_working_memory_is_noted_where_it_stands(
    database: Database, owner: Dedicated, partitions: int, events_max: int
):
    used = (
        *(events.WorkingSet(key="k", value="v"), events.WorkingRead(key="k")),
        *(events.WorkingRead(key="k"), events.WorkingSet(key="k", value="w")),
        *(events.WorkingRead(key="nothing"), events.WorkingRead(key="k")),
    )
    await write(owner, partition_of("a", partitions), "a", "memory-a", *used)
    await level(database, [PROJECTIONS["memory"]], BlockLimits(events=events_max))
    rows = await owner.fetch(
        "select value, valid_from, valid_to, used_version from readmodel.working_memory order by 2"
    )
    assert [tuple(row) for row in rows] == [("v", 1, 4, 3), ("w", 4, None, 6)]
    await erase(database, owner, partitions, "memory-a", 6)
    used_version = "select max(used_version) from readmodel.working_memory"
    assert await owner.fetchval(used_version) == 4


async def test_what_was_derived_of_an_erased_text_goes_unless_another_entry_says_the_same(
    database: Database, owner: Dedicated, partitions: int
):
    partition = partition_of("a", partitions)
    texts = ("secret", "heap", "closed", "heap", "closed", "leak")
    for agent in ("a", "b"):
        facts = map(episode, texts)
        ids = await remember(database, owner, partitions, *facts, agent=agent)
        forgotten = events.EpisodeForgotten(id=str(ids[4]))
        await remember(database, owner, partitions, forgotten, agent=agent)
        for space in ("s", "t"):
            place = partition_of(agent, partitions)
            await derive(owner, agent, place, space, dict(zip(ids, texts, strict=True)))
    asked = "insert into derived.vectors values ($1, 'a', 's', 'a question', '[1,2]')"
    await owner.execute(asked, partition)
    await erase(database, owner, partitions, "memory-a", 1, 2, 3)
    rows = await owner.fetch("select agent_id, space, digest from derived.vectors order by 1, 2, 3")
    left = {
        "a": (b"aclosed", b"aheap", b"aleak"),
        "b": (b"bclosed", b"bheap", b"bleak", b"bsecret"),
    }
    assert [tuple(row) for row in rows] == [
        (agent, space, digest)
        for agent, digests in left.items()
        for space in ("s", "t")
        for digest in digests
    ]
    assert await owner.fetchval("select count(*) from derived.digests") == 3 + 6


async def test_what_was_asked_goes_with_the_erasure_of_the_recall(
    database: Database, owner: Dedicated, partitions: int
):
    session, partition = session_stream(new_session_id("a")), partition_of("a", partitions)
    (heap,) = await remember(database, owner, partitions, episode("heap"))
    await derive(owner, "a", partition, "s", {heap: "heap", uuid7(): "branch"})
    await owner.execute("update derived.digests set stream = 'memory-a~b' where digest = 'abranch'")
    asked = "insert into derived.vectors values ($1, 'a', 's', 'a question', '[1,2]')"
    await owner.execute(asked, partition)
    await write(owner, partition, "a", session, events.WorkingSet(key="k", value="v"))
    await erase(database, owner, partitions, session, 1)
    rows = await owner.fetch("select digest from derived.vectors order by 1")
    assert [row["digest"] for row in rows] == [b"abranch", b"aheap"]


async def test_a_rebuild_sweeps_what_was_derived_again(
    database: Database, owner: Dedicated, partitions: int
):
    partition = partition_of("a", partitions)
    secret, heap = await remember(database, owner, partitions, episode("secret"), episode("heap"))
    await erase(database, owner, partitions, "memory-a", 1)
    await derive(owner, "a", partition, "s", {secret: "secret", heap: "heap"})
    await rebuilt(database, "erasures")
    rows = await owner.fetch("select digest from derived.vectors")
    assert [row["digest"] for row in rows] == [b"aheap"]


async def test_a_long_memory_is_made_anew_block_by_block(
    database: Database, owner: Dedicated, partitions: int
):
    facts = [episode(f"heap {n}", session=f"s{n % 3}") for n in range(900)]
    for _ in range(2):
        await remember(database, owner, partitions, *facts)
    await erase(database, owner, partitions, "memory-a", 7)
    live = await rows_of(owner, MEMORY_TABLES)
    assert len(live["episodes"]) == 1799
    await rebuilt(database)
    assert await rows_of(owner, MEMORY_TABLES) == live
