"""What rows say of a part of a graph is what the whole graph, made of its events, says of it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from eventlog.database import Conn, Dedicated
from eventlog.runner import LIVE
from schema.envelope import Metadata, RecordedEvent
from schema.errors import NotFound
from schema.events import Event
from schema.events.graph import EntityPut
from schema.ids import graph_stream, uuid7
from schema.messages.graph import Neighbours, PathExists, Query, ShortestPath
from schema.row_text import projected
from service.graph import looking, rows
from service.graph.algorithms.answering import answer
from service.graph.picture import Graph
from service.graph.rows import View
from service.projections import PROJECTIONS
from tests.graph_model import IDS, filters, graph_of, histories
from tests.log_writing import write

AT = datetime(2031, 2, 3, tzinfo=UTC)
STREAM = graph_stream("a")
FIT_IDS = [id_ for id_ in IDS if projected(id_) == (id_, False)]

AskFn = Callable[[Conn, View, Graph], Coroutine[Any, Any, None]]

some = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
ids = st.sampled_from([*FIT_IDS, "nobody"])
directions = st.sampled_from(["out", "in", "both"])
fit_histories = histories(-2).map(lambda history: list(filter(is_fit, history)))


def is_fit(event: Event) -> bool:
    """Whether rows can hold all of it."""
    texts = [text for text in asdict(event).values() if isinstance(text, str)]
    if isinstance(event, EntityPut):
        texts += [text for text in event.properties.values() if isinstance(text, str)]
    return not any(projected(text)[1] for text in texts)


@dataclass(frozen=True)
class Place:
    """A connection to a database, and a way to use it from a test that is no coroutine."""

    conn: Dedicated
    run: Callable[[Coroutine[Any, Any, None]], None]

    async def at_some_version(self, history: Sequence[Event], past: int, ask: AskFn) -> None:
        """*ask* about the graph of *history* as it was *past* events ago, all being projected."""
        transaction = self.conn.transaction()
        await transaction.start()
        try:
            await PROJECTIONS["graph"].apply(
                self.conn, [recorded(version, event) for version, event in enumerate(history, 1)]
            )
            version = max(0, len(history) - past)
            await ask(self.conn, View(0, STREAM, version), graph_of(history[:version]))
        finally:
            await transaction.rollback()


@contextmanager
def place(postgres: Any) -> Iterator[Place]:
    with asyncio.Runner() as runner:
        lifetime = AsyncExitStack()
        database = runner.run(lifetime.enter_async_context(postgres.database(1)))
        conn = runner.run(database.connect(settings=LIVE))
        try:
            yield Place(conn, runner.run)
        finally:
            runner.run(conn.close())
            runner.run(lifetime.aclose())


def recorded(version: int, event: Event) -> RecordedEvent:
    return RecordedEvent(
        *(0, version, "a", STREAM, version, uuid7()), *(event.type, 1, event, Metadata(), AT)
    )


def held(graph: Graph) -> tuple[Any, Any]:
    return graph.entities, sorted(graph.all_relationships())


def with_weight(graph: Graph, id_: str) -> list[Any]:
    """The relationships of an entity, the heaviest first."""
    touching = [one for one in graph.all_relationships() if id_ in {one.source, one.target}]
    return sorted(touching, key=lambda one: (-one.weight, one.kind, one.source, one.target))


async def same_answer(conn: Conn, view: View, graph: Graph, query: Query) -> None:
    """Rows say the same as the algorithms; None where a path is longer than three hops."""
    try:
        expected = answer(graph, query)
    except NotFound as error:
        expected = str(error)
    ask: Any = rows.neighbours if isinstance(query, Neighbours) else rows.short_path
    try:
        said = await ask(conn, view, query)
    except NotFound as error:
        said = str(error)
    if isinstance(query, PathExists) and expected is True:
        led = ShortestPath.model_validate(
            {**query.model_dump(by_alias=True), "op": "shortest_path"}
        )
        expected = True if answer(graph, led)["hops"] <= rows.HOPS_MAX else None
    elif isinstance(expected, dict) and expected.get("hops", 0) > rows.HOPS_MAX:
        expected = None
    assert said == (expected if expected is not False else None)


def test_neighbours_and_short_paths_are_those_of_the_algorithms(postgres: Any):
    queries = st.one_of(
        st.builds(
            lambda one, way, limit, said: Neighbours(
                op="neighbours", start=one, direction=way, limit=limit, **said
            ),
            *(ids, directions, st.integers(1, 8), filters),
        ),
        st.builds(
            lambda op, one, other, said: op[1].model_validate(
                {"op": op[0], "from": one, "to": other, **said}
            ),
            st.sampled_from([("shortest_path", ShortestPath), ("path_exists", PathExists)]),
            *(ids, ids, filters),
        ),
    )
    with place(postgres) as there:

        @some
        @given(fit_histories, st.integers(0, 10), st.lists(queries, min_size=4, max_size=12))
        def check(history: list[Event], past: int, questions: list[Query]) -> None:
            async def ask(conn: Conn, view: View, graph: Graph) -> None:
                for query in questions:
                    await same_answer(conn, view, graph, query)

            there.run(there.at_some_version(history, past, ask))

        check()


def test_a_part_is_that_part_of_the_whole(postgres: Any):
    with place(postgres) as there:

        @some
        @given(fit_histories, st.integers(0, 10), st.lists(ids, max_size=4), st.integers(0, 5))
        def check(history: list[Event], past: int, wanted: list[str], limit: int) -> None:
            async def ask(conn: Conn, view: View, graph: Graph) -> None:
                near = await rows.near(conn, view, wanted)
                there_are = graph.entities.keys() & wanted
                assert near.version == view.version
                assert held(near) == (
                    {id_: graph.entities[id_] for id_ in there_are},
                    sorted(one for one in graph.all_relationships() if {*one[:2]} <= there_are),
                )
                around = await rows.surroundings(conn, view, wanted, limit)
                heaviest = {one for id_ in there_are for one in with_weight(graph, id_)[:limit]}
                ends = there_are | {end for one in heaviest for end in one[:2]}
                assert held(around) == (
                    {id_: graph.entities[id_] for id_ in ends},
                    sorted(heaviest),
                )

            there.run(there.at_some_version(history, past, ask))

        check()


def test_pages_of_it_make_up_the_whole(postgres: Any):
    with place(postgres) as there:

        @some
        @given(fit_histories, st.integers(0, 10), st.integers(1, 7), filters)
        def check(history: list[Event], past: int, limit: int, said: dict[str, Any]) -> None:
            async def ask(conn: Conn, view: View, graph: Graph) -> None:
                labels, kinds = said["labels"], said["kinds"]
                entities: list[Any] = []
                while page := await rows.entities(
                    conn, view, limit, after=entities[-1].id if entities else "", labels=labels
                ):
                    assert len(page) <= limit
                    entities += page
                assert entities == [
                    entity
                    for _, entity in sorted(graph.entities.items())
                    if not labels or entity.label in labels
                ]
                between: list[Any] = []
                while found := await rows.relationships(
                    conn, view, limit, after=between[-1][:3] if between else None, kinds=kinds
                ):
                    assert len(found) <= limit
                    between += found
                assert between == sorted(
                    one for one in graph.all_relationships() if not kinds or one.kind in kinds
                )
                for id_ in FIT_IDS:
                    assert await rows.entity(conn, view, id_) == graph.entities.get(id_)
                assert held(await rows.load(conn, view)) == held(graph)

            there.run(there.at_some_version(history, past, ask))

        check()


def test_the_difference_of_two_versions_is_that_of_what_they_hold(postgres: Any):
    with place(postgres) as there:

        @some
        @given(fit_histories, st.integers(0, 10), st.integers(0, 30))
        def check(history: list[Event], past: int, back: int) -> None:
            async def ask(conn: Conn, view: View, graph: Graph) -> None:
                if history:
                    await write(conn, 0, "a", STREAM, *history)
                since = max(0, view.version - back)
                former = graph_of(history[:since])
                found = await looking.diff(conn, view, since, 1000)
                assert {(one.kind, one.name): one.what for one in found} == {
                    **_differences("entity", former.entities, graph.entities),
                    **_differences("relationship", _weights(former), _weights(graph)),
                }
                assert await looking.diff(conn, view, since, 3) == found[:3]

            there.run(there.at_some_version(history, past, ask))

        check()


def _weights(graph: Graph) -> dict[str, float]:
    return {f"{one.source} {one.kind} {one.target}": one[3] for one in graph.all_relationships()}


def _differences(
    kind: str, before: dict[str, Any], after: dict[str, Any]
) -> dict[tuple[str, str], str]:
    return {
        (kind, name): "gone" if name not in after else "changed" if name in before else "added"
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }
