"""Which algorithm answers which question."""

from typing import Any

from schema.errors import Broken
from schema.messages import graph as asked
from service.graph.algorithms import centrality, communities, cycles, parts, paths, walks
from service.graph.algorithms.scope import Scope
from service.graph.picture import Graph

__all__ = ["answer"]


def answer(graph: Graph, query: asked.Query) -> Any:
    """What *graph* has to say, as JSON knows it; when it is asked of is the caller's affair.

    `NotFound` names an entity that is not there, `Invalid` what asks for too much,
    `NegativeWeight` and `CycleFound` what stands in the way.
    """
    match query:
        case asked.Walk() | asked.Closure():
            return _walked(graph, query)
        case asked.ShortestPath() | asked.PathExists():
            return _led(graph, query)
        case asked.Neighbours(start=start, direction=direction, limit=limit):
            return parts.neighbours(
                _scope(graph, query, start), start, direction=direction, limit=limit
            )
        case asked.Subgraph(ids=ids):
            return parts.subgraph(_scope(graph, query), ids)
        case _:
            return _of_the_whole(_scope(graph, query), query)


def _scope(graph: Graph, query: asked.Query, *named: str) -> Scope:
    return Scope(graph, kinds=query.kinds, labels=query.labels, named=named)


def _walked(graph: Graph, query: asked.Walk | asked.Closure) -> Any:
    if query.start is None:
        return walks.closures(_scope(graph, query))
    scope = _scope(graph, query, query.start)
    if isinstance(query, asked.Closure):
        return walks.closure(
            scope, query.start, direction=query.direction, max_nodes=query.max_nodes
        )
    walk = walks.bfs if isinstance(query, asked.Bfs) else walks.dfs
    return walk(
        scope,
        query.start,
        direction=query.direction,
        max_depth=query.max_depth,
        max_nodes=query.max_nodes,
    )


def _led(graph: Graph, query: asked.ShortestPath | asked.PathExists) -> Any:
    scope = _scope(graph, query, query.source, query.target)
    if isinstance(query, asked.PathExists):
        return paths.path_exists(scope, query.source, query.target)
    return paths.shortest_path(scope, query.source, query.target, weighted=query.weighted)


def _of_the_whole(scope: Scope, query: asked.Query) -> Any:
    match query:
        case asked.Degree(limit=limit):
            return centrality.degree(scope, limit=limit)
        case asked.Betweenness(samples=samples, seed=seed, limit=limit):
            return centrality.betweenness(scope, samples=samples, seed=seed, limit=limit)
        case asked.Communities(method=method, seed=seed, weighted=weighted):
            return communities.communities(scope, method=method, seed=seed, weighted=weighted)
        case asked.Cycles(limit=limit, max_length=max_length):
            return cycles.cycles(scope, limit=limit, max_length=max_length)
        case asked.HasCycle():
            return cycles.has_cycle(scope)
        case asked.TopologicalSort():
            return cycles.topological_sort(scope)
        case _:
            raise Broken(f"no algorithm answers {type(query).__name__}")
