"""What is put into a graph: what of it is new, and what has to be there before."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias, TypeVar

from schema import json_text
from schema.events import Event
from schema.events.graph import EntityPut, EntityRemoved, RelationshipPut, RelationshipRemoved
from service.graph.picture import Graph, absent

PUTS_MAX: Final = 1000
"""Entities and relationships in one append."""
APPEND_BYTES_MAX: Final = 8 << 20
"""Of them as JSON; the log takes twice as much."""

Put: TypeAlias = EntityPut | RelationshipPut

T = TypeVar("T")


def puts_of(facts: Iterable[Event]) -> Iterator[Put]:
    """Those of *facts* by which something is put."""
    return (fact for fact in facts if isinstance(fact, EntityPut | RelationshipPut))


def named_by(fact: Event) -> tuple[str, ...]:
    """The ids of the entities that it is about: one, or both ends of a relationship."""
    match fact:
        case EntityPut(id=id_) | EntityRemoved(id=id_):
            return (id_,)
        case RelationshipPut() | RelationshipRemoved():
            return fact.source, fact.target
        case _:
            return ()


def is_there(graph: Graph, put: Put) -> bool:
    """Whether there is such an entity or relationship, be it alike or not."""
    if isinstance(put, EntityPut):
        return put.id in graph.entities
    return put.kind in graph.out.get(put.source, {}).get(put.target, {})


def holds(graph: Graph, puts: Iterable[Put]) -> bool:
    """Whether all of *puts* are there alike; of those that name the same, the last one counts."""
    last = {_key(put): put for put in puts}
    return all(is_there(graph, put) and _is_alike(graph, put) for put in last.values())


def see_ends(graph: Graph, put: RelationshipPut, where: str = "") -> None:
    """`NotFound`, beginning with *where*, names an end that is not there."""
    for id_ in (put.source, put.target):
        if id_ not in graph.entities:
            raise absent(id_, graph.version, where)


def news_of(graph: Graph, puts: Sequence[tuple[int, Put]], *, keeps_last: bool) -> list[Put]:
    """What of *puts* (each with its place) is new to *graph*, which holds it all afterwards.

    `NotFound` names the place of a relationship that lacks an end. The last one counts as new in
    any case, if it has to be kept.
    """
    news = []
    for number, (place, put) in enumerate(puts, 1):
        if isinstance(put, RelationshipPut):
            see_ends(graph, put, f"puts.{place}: ")
        is_kept = keeps_last and number == len(puts)
        if is_kept or not _is_alike(graph, put):
            news.append(put)
            _put(graph, put)
    return news


def in_appends(saying: Iterable[T], put_of: Callable[[T], Put]) -> Iterator[list[T]]:
    """What says what to put, in its order, so much at a time as one append takes."""
    together: list[T] = []
    size_bytes = 0
    for one in saying:
        own_bytes = len(json_text.encode(put_of(one)).encode())
        if together and (len(together) == PUTS_MAX or size_bytes + own_bytes > APPEND_BYTES_MAX):
            yield together
            together, size_bytes = [], 0
        together.append(one)
        size_bytes += own_bytes
    if together:
        yield together


def _key(put: Put) -> tuple[str, ...]:
    return (put.id,) if isinstance(put, EntityPut) else (put.source, put.target, put.kind)


def _put(graph: Graph, put: Put) -> None:
    if isinstance(put, EntityPut):
        graph.put_entity(put.id, put.label, put.properties)
    else:
        graph.put_relationship(put.source, put.target, put.kind, put.weight)


def _is_alike(graph: Graph, put: Put) -> bool:
    if isinstance(put, RelationshipPut):
        return graph.out[put.source].get(put.target, {}).get(put.kind) == put.weight
    former = graph.entities.get(put.id)
    return former is not None and former.is_alike(put.label, put.properties)
