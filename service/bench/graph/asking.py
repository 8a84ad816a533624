"""Asking about a graph: what the way to a worker costs, and what it spares everybody else."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from random import Random
from statistics import median
from time import perf_counter
from typing import Final, TypeAlias

import networkx as nx
from aiohttp import ClientSession, web

from eventlog.database import Database
from schema.ids import graph_stream
from schema.messages.graph import Betweenness, ShortestPath
from service.bench.bench import Bench, Budget, Contest, Sample
from service.bench.figures import percentile
from service.bench.graph import raw
from service.bench.graph.ground import MANY, SIZES, SOME, fill, opened
from service.graph.graphs import Graphs

PAIRS: Final = 20_000
"""That a way leads between; none is asked for twice, for answers are kept."""
SAMPLES: Final = 250
"""Sources of a betweenness that takes ten seconds or more."""
TIMEOUT_S: Final = 120.0
BEGUN_S: Final = 0.5
"""So long after it was asked a long question is surely being answered."""

Pair: TypeAlias = tuple[str, str]


def graph_path_bench(*budgets: Budget) -> Bench:
    """Milliseconds from a question to its answer, against the library's call alone."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with opened(database) as graphs, database.acquire() as conn:
            bare = await raw.load(conn, graph_stream(MANY))
            pairs = _pairs(bare)
            await graphs.query(MANY, _way(*pairs[-1]), timeout_s=TIMEOUT_S)  # Loads the graph.
            yield Contest(_Ours(graphs, pairs).measure, _Bare(bare, pairs).measure)

    return Bench(
        name="graph_path",
        params={"entities": SIZES[MANY][0], "relationships": SIZES[MANY][1]},
        unit="ms",
        prepare=prepare,
        budgets=budgets,
        ground=fill,
    )


def graph_idle_bench(*budgets: Budget) -> Bench:
    """The p99 of a trivial request while a worker is busy for long, against an idle one's."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with opened(database) as graphs, _trivial() as url, ClientSession() as client:
            first = Betweenness(op="betweenness", samples=2)
            await graphs.query(SOME, first, timeout_s=TIMEOUT_S)  # Loads the graph.
            visitor = _Visitor(graphs, client, url)
            yield Contest(visitor.while_busy, visitor.while_idle)

    return Bench(
        name="graph_idle",
        params={"entities": SIZES[SOME][0], "relationships": SIZES[SOME][1]},
        unit="ms",
        prepare=prepare,
        budgets=budgets,
        ground=fill,
    )


def _pairs(bare: "nx.DiGraph[str]") -> list[Pair]:
    """Pairs of which a way leads from the one to the other."""
    parts: list[set[str]] = list(nx.strongly_connected_components(bare))
    largest = max(parts, key=len)
    together = sorted(largest)
    chance = Random(1)  # noqa: S311 - draws pairs, the same each time.
    drawn = ((chance.choice(together), chance.choice(together)) for _ in range(PAIRS))
    return list(dict.fromkeys((one, other) for one, other in drawn if one != other))


def _way(source: str, target: str) -> ShortestPath:
    said = {"op": "shortest_path", "from": source, "to": target, "weighted": True}
    return ShortestPath.model_validate(said)


class _Ours:
    def __init__(self, graphs: Graphs, pairs: list[Pair]) -> None:
        self._graphs = graphs
        self._left = iter(pairs)

    async def measure(self, round_s: float) -> Sample:
        """Through the facade, as everybody asks."""
        took_ms: list[float] = []
        until = perf_counter() + round_s
        while perf_counter() < until:
            query = _way(*next(self._left))
            began = perf_counter()
            await self._graphs.query(MANY, query)
            took_ms.append((perf_counter() - began) * 1000)
        return Sample(median(took_ms), took_ms)


class _Bare:
    def __init__(self, graph: "nx.DiGraph[str]", pairs: list[Pair]) -> None:
        self._graph = graph
        self._left: Iterator[Pair] = iter(pairs)

    async def measure(self, round_s: float) -> Sample:
        """The library's quickest way to the same answer, on a graph that is at hand."""
        took_ms: list[float] = []
        until = perf_counter() + round_s
        while perf_counter() < until:
            source, target = next(self._left)
            began = perf_counter()
            nx.bidirectional_dijkstra(self._graph, source, target)
            took_ms.append((perf_counter() - began) * 1000)
        return Sample(median(took_ms), took_ms)


class _Visitor:
    """Sends one trivial request after another."""

    def __init__(self, graphs: Graphs, client: ClientSession, url: str) -> None:
        self._graphs = graphs
        self._client = client
        self._url = url
        self._seeds = count()

    async def while_idle(self, round_s: float) -> Sample:
        """Nothing else goes on."""
        return await self._visit(round_s)

    async def while_busy(self, round_s: float) -> Sample:
        """A long question is being answered."""
        long = Betweenness(op="betweenness", samples=SAMPLES, seed=next(self._seeds))
        asking = asyncio.ensure_future(self._graphs.query(SOME, long, timeout_s=TIMEOUT_S))
        await asyncio.wait({asking}, timeout=BEGUN_S)
        try:
            sample = await self._visit(round_s)
            if asking.done():
                raise AssertionError("the question was answered before the round was over")
            return sample
        finally:
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking

    async def _visit(self, round_s: float) -> Sample:
        took_ms: list[float] = []
        until = perf_counter() + round_s
        while perf_counter() < until:
            began = perf_counter()
            async with self._client.get(self._url) as response:
                await response.read()
            took_ms.append((perf_counter() - began) * 1000)
        return Sample(percentile(took_ms, 99), took_ms)


@asynccontextmanager
async def _trivial() -> AsyncIterator[str]:
    """The address of a server, on this event loop, that says that it is well."""

    async def well(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    app = web.Application()
    app.add_routes([web.get("/healthz", well)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/healthz"
    finally:
        await runner.cleanup()
