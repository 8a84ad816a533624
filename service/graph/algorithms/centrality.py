"""How much hangs on each entity."""

from typing import Any, Final

import networkx as nx

from schema.errors import Invalid
from service.graph.algorithms.scope import Scope
from service.graph.limits import SOURCES_TIMES_SIZE_MAX

__all__ = ["betweenness", "degree"]

DIGITS: Final = 12
"""Beyond them scores that should be equal differ by how their sums were rounded."""


def degree(scope: Scope, *, limit: int | None = None) -> dict[str, Any]:
    """The relationships from and to each entity, over the number of others; the most first."""
    ids = scope.ids()
    others = len(ids) - 1
    scores = {id_: _relationships(scope, id_) / others if others > 0 else 0.0 for id_ in ids}
    return _ranked(scores, limit)


def betweenness(
    scope: Scope, *, samples: int | None = None, seed: int = 0, limit: int | None = None
) -> dict[str, Any]:
    """The share of shortest ways between two others that each entity lies on; the most first.

    Exact from all entities, or estimated from *samples* of them, 2 or more, drawn by *seed*.
    `Invalid` says how many are too many.
    """
    graph, ids = scope.numbered()
    exact = samples is None or samples >= len(ids)
    sources = len(ids) if samples is None else min(samples, len(ids))
    size = len(ids) + graph.number_of_edges()
    if sources * size > SOURCES_TIMES_SIZE_MAX:
        fitting = SOURCES_TIMES_SIZE_MAX // size
        less = f"use at most {fitting}" if fitting > 1 else "ask about less, by kinds or labels"
        detail = f"{sources} sources in a graph of size {size} take too long: {less}"
        raise Invalid("samples", detail)
    found = nx.betweenness_centrality(graph, k=None if exact else sources, seed=seed)
    ranked = _ranked({ids[number]: score for number, score in found.items()}, limit)
    return {**ranked, "exact": exact, "samples": sources, "seed": seed}


def _relationships(scope: Scope, id_: str) -> int:
    tables = (scope.graph.out, scope.graph.into)
    return sum(len(kinds) for table in tables for _, kinds in scope.links(table, id_))


def _ranked(scores: dict[str, float], limit: int | None) -> dict[str, Any]:
    rounded = {id_: round(score, DIGITS) for id_, score in scores.items()}
    ids = sorted(rounded, key=lambda id_: (-rounded[id_], id_))[:limit]
    return {
        "scores": [{"id": id_, "score": rounded[id_]} for id_ in ids],
        "complete": len(ids) == len(scores),
    }
