"""Holding a graph: folding one more event into it, loading it of rows, and making those rows."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from statistics import median
from time import perf_counter
from typing import Any, Final

from eventlog.bell import BellSettings
from eventlog.database import Database
from eventlog.log import EventLog, open_log
from eventlog.statements import statement
from schema.events.graph import RelationshipPut, RelationshipRemoved
from service.bench.bench import Bench, Budget, Contest, RoundFn, Sample
from service.bench.graph import raw
from service.bench.graph.ground import (
    SIZES,
    SOME,
    events_of,
    fill,
    id_of,
    project,
    view_of,
    write,
)
from service.graph import rows
from service.graph.picture import Graph

FORGET: Final = statement("service.bench", "forget_graphs")

FOLDED: Final = 1000
"""Relationships that are new at a time, and gone before the next are."""
PROJECTED: Final = (5_000, 25_000)
"""Entities and relationships."""


def graph_fold_bench(*budgets: Budget) -> Bench:
    """Microseconds that one new relationship takes in a graph that is held."""

    @asynccontextmanager
    async def prepare(_database: Database) -> AsyncIterator[Contest]:
        entities, relationships = SIZES[SOME]
        graph = Graph()
        for version, event in enumerate(events_of(entities, relationships, 0), 1):
            graph.fold(version, event)

        async def ours(round_s: float) -> Sample:
            return _folded(graph, round_s)

        yield Contest(ours)

    return Bench(
        name="graph_fold",
        params={"entities": SIZES[SOME][0], "relationships": SIZES[SOME][1]},
        unit="us",
        prepare=prepare,
        budgets=budgets,
    )


def graph_load_bench(*budgets: Budget) -> Bench:
    """Milliseconds from rows to a graph, against the library's own from the same rows."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with database.acquire() as conn:
            view = await view_of(conn, SOME)
            yield Contest(
                _loads(lambda: rows.load(conn, view)),
                _loads(lambda: raw.load(conn, view.stream)),
            )

    return Bench(
        name="graph_load",
        params={"entities": SIZES[SOME][0], "relationships": SIZES[SOME][1]},
        unit="ms",
        prepare=prepare,
        budgets=budgets,
        ground=fill,
    )


def graph_project_bench(*budgets: Budget) -> Bench:
    """Events per second that become rows; five of six are relationships."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with open_log(database, BellSettings()) as log:
            await write(log, "bench", events_of(*PROJECTED, 0))

            async def ours(round_s: float) -> Sample:
                return await _projected(log, round_s)

            yield Contest(ours)

    return Bench(
        name="graph_project",
        params={"entities": PROJECTED[0], "relationships": PROJECTED[1]},
        unit="events/s",
        prepare=prepare,
        budgets=budgets,
    )


def _folded(graph: Graph, round_s: float) -> Sample:
    """The median over blocks of new relationships; each block is taken out again, unmeasured."""
    chance = Random(1)  # noqa: S311 - draws relationships, the same each time.
    entities = len(graph.entities)
    took_us: list[float] = []
    until = perf_counter() + round_s
    while not took_us or perf_counter() < until:
        drawn = (id_of(chance.randrange(entities)) for _ in range(2 * FOLDED))
        ends = list(zip(drawn, drawn, strict=True))
        new = [RelationshipPut(source=one, target=other, kind="new") for one, other in ends]
        began = perf_counter()
        for event in new:
            graph.fold(graph.version + 1, event)
        took_us.append((perf_counter() - began) * 1e6 / FOLDED)
        for one, other in ends:
            gone = RelationshipRemoved(source=one, target=other, kind="new")
            graph.fold(graph.version + 1, gone)
    return Sample(median(took_us))


def _loads(load: Callable[[], Awaitable[Any]]) -> RoundFn:
    """Loads, again and again; nobody looks for garbage meanwhile, as in a worker."""

    async def measure(round_s: float) -> Sample:
        took_ms: list[float] = []
        until = perf_counter() + round_s
        while not took_ms or perf_counter() < until:
            gc.collect()
            gc.disable()
            try:
                began = perf_counter()
                graph = await load()
                took_ms.append((perf_counter() - began) * 1000)
            finally:
                gc.enable()
            del graph
        return Sample(median(took_ms), took_ms)

    return measure


async def _projected(log: EventLog, round_s: float) -> Sample:
    spent_s, times = 0.0, 0
    owner = await log.database.connect_as_owner()
    try:
        while spent_s < round_s:
            await owner.execute(FORGET)
            began = perf_counter()
            await project(log)
            spent_s += perf_counter() - began
            times += 1
    finally:
        await owner.close()
    return Sample(times * sum(PROJECTED) / spent_s)
