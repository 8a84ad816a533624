"""Whatever happened to a graph, in whatever blocks it was projected: rows are what that is."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from eventlog.block import BlockLimits
from eventlog.database import Conn, Database, Dedicated
from eventlog.rebuild import nothing_to_reapply, rebuild
from eventlog.runner import LIVE
from schema.envelope import Metadata, RecordedEvent
from schema.events import Event
from schema.events.graph import EntityPut
from schema.ids import graph_stream, uuid7
from schema.row_text import projected
from service.graph import rows
from service.graph.naming import names_of
from service.graph.rows import Sizes, View
from service.projections import PROJECTIONS
from tests.graph_model import Model, histories
from tests.log_writing import write
from tests.projecting import GRAPH_TABLES, level, rows_of

AT = datetime(2031, 2, 3, tzinfo=UTC)
GRAPH = PROJECTIONS["graph"]
ERASE = """
    select version from eventlog.erase(
      0, $1, $2, $3::bigint[], gen_random_uuid(), 1::smallint, '{}', $4, $5)
"""
NAMES = """
    select name, id from readmodel.entity_names
    where stream = $1 and valid_from <= $2 and (valid_to is null or valid_to > $2)
"""
numbers = count()

sizes = st.integers(1, 20) | st.just(1000)
some = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
few = settings(some, max_examples=15)


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
        owner = runner.run(database.connect_as_owner())
        try:
            yield Place(database, owner, runner.run)
        finally:
            runner.run(owner.close())
            runner.run(lifetime.aclose())


def fit(event: Event) -> Event:
    """*event* as the rows know it."""
    texts: dict[str, Any] = {
        name: projected(text)[0]
        for name, text in structs.asdict(event).items()
        if isinstance(text, str)
    }
    if isinstance(event, EntityPut):
        said = event.properties.items()
        texts["properties"] = {
            key: projected(value)[0] if isinstance(value, str) else value for key, value in said
        }
    return structs.replace(event, **texts)


def recorded(stream: str, version: int, event: Event) -> RecordedEvent:
    return RecordedEvent(
        *(0, version, "a", stream, version, uuid7()), *(event.type, 1, event, Metadata(), AT)
    )


async def check_every_version(
    conn: Conn, stream: str, story: Sequence[Event | None], erasures: Sequence[int] = ()
) -> None:
    """The rows at every version are what *story* adds up to there; None says nothing."""
    model = Model()
    for version, event in enumerate([None, *story]):
        if event is not None:
            model.fold(fit(event))
        view = View(0, stream, version)
        graph = await rows.load(conn, view)
        assert graph.version == version
        assert {e.id: (e.label, e.properties) for e in graph.entities.values()} == model.entities
        assert {(*one[:3],): one.weight for one in graph.all_relationships()} == model.relationships
        assert await rows.sizes(conn, view) == Sizes(
            entities=len(model.entities),
            relationships=len(model.relationships),
            erased=max((erased for erased in erasures if erased <= version), default=0),
        )
        names = {(row["name"], row["id"]) for row in await conn.fetch(NAMES, stream, version)}
        assert names == {
            (name, id_) for id_, (_, said) in model.entities.items() for name in names_of(id_, said)
        }


def test_rows_are_what_the_events_say_at_every_version_wherever_blocks_end(postgres: Any):
    with place(postgres) as there:

        @some
        @given(histories(-2), sizes)
        def check(history: list[Event], size: int) -> None:
            there.run(project(there, history, size))

        check()


async def project(there: Place, history: Sequence[Event], size: int) -> None:
    stream = graph_stream("a")
    conn = await there.database.connect(settings=LIVE)
    batch = [recorded(stream, version, event) for version, event in enumerate(history, 1)]
    transaction = conn.transaction()
    await transaction.start()
    try:
        for first in range(0, len(batch), size):
            await GRAPH.apply(conn, batch[first : first + size])
        await check_every_version(conn, stream, history)
    finally:
        await transaction.rollback()
        await conn.close()


def test_after_erasures_they_are_those_of_a_log_that_never_held_it_live_and_rebuilt(postgres: Any):
    with place(postgres) as there:

        @few
        @given(
            st.lists(
                st.tuples(histories(), st.sets(st.integers(1, 60), min_size=1, max_size=4)),
                min_size=1,
                max_size=3,
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
    stream = graph_stream(agent)
    story: list[Event | None] = []
    erasures: list[int] = []
    for chapter, chosen in chapters:
        if chapter:
            await write(owner, 0, agent, stream, *chapter)
        story += chapter
        await level(database, [GRAPH], BlockLimits(events=size))
        gone = sorted(v for v in chosen if v <= len(story) and story[v - 1] is not None)
        if gone:
            data = f'{{"versions":{gone},"reason":""}}'
            await owner.fetchval(ERASE, agent, stream, gone, data, bytes(16))
            story = [None if v in gone else event for v, event in enumerate(story, 1)] + [None]
            erasures.append(len(story))
    await level(database, [GRAPH], BlockLimits(events=size))
    await check_every_version(owner, stream, story, erasures)
    live = await rows_of(owner, GRAPH_TABLES)
    await rebuild(
        *(database, GRAPH, lambda _: None),
        limits=BlockLimits(events=1000),
        reapply=nothing_to_reapply,
    )
    assert await rows_of(owner, GRAPH_TABLES) == live
