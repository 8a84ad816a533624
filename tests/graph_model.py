"""What a graph must be after a history: a few lines without tables, to hold it against."""

import operator
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
from hypothesis import strategies as st

from schema.events import Event
from schema.events.graph import EntityPut, EntityRemoved, RelationshipPut, RelationshipRemoved
from service.graph.algorithms.scope import Scope
from service.graph.picture import Graph

IDS = ("a", "B", "c", "é", "a b", "\x00", "\ud800", "zz")
KINDS = ("knows", "likes", "in")
LABELS = ("person", "city")
CHANGES = 16 * len(IDS) * len(IDS) * len(KINDS) * 8

_EVERYBODY: list[Event] = [EntityPut(id=id_, label=LABELS[len(id_) % 2]) for id_ in IDS]


@dataclass
class Model:
    """Entities by id, with label and properties; the weights of relationships (from, to, kind)."""

    entities: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    relationships: dict[tuple[str, str, str], float] = field(default_factory=dict)

    def fold(self, event: Event) -> None:
        match event:
            case EntityPut():
                self.entities[event.id] = (event.label, event.properties)
            case EntityRemoved():
                self.entities.pop(event.id, None)
                self.relationships = {
                    key: weight
                    for key, weight in self.relationships.items()
                    if event.id not in key[:2]
                }
            case RelationshipPut():
                if {event.source, event.target} <= self.entities.keys():
                    self.relationships[event.source, event.target, event.kind] = event.weight
            case RelationshipRemoved():
                self.relationships.pop((event.source, event.target, event.kind), None)

    def seen(
        self,
        kinds: Collection[str] = (),
        labels: Collection[str] = (),
        named: Collection[str] = (),
    ) -> "Model":
        """What of it a question is about."""
        entities = {
            id_: said
            for id_, said in self.entities.items()
            if not labels or said[0] in labels or id_ in named
        }
        relationships = {
            key: weight
            for key, weight in self.relationships.items()
            if {*key[:2]} <= entities.keys() and (not kinds or key[2] in kinds)
        }
        return Model(entities, relationships)

    def library(self) -> "nx.DiGraph[str]":
        """A fresh graph of the library's: the lightest of parallel relationships, in order."""
        fresh: nx.DiGraph[str] = nx.DiGraph()
        fresh.add_nodes_from(sorted(self.entities))
        for (source, target, _), weight in sorted(self.relationships.items()):
            known = fresh.get_edge_data(source, target, {"weight": weight})["weight"]
            fresh.add_edge(source, target, weight=min(weight, known))
        return fresh

    def parallel(self) -> "nx.MultiDiGraph[str]":
        """A fresh graph of the library's, each kind for itself."""
        fresh: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        fresh.add_nodes_from(sorted(self.entities))
        for (source, target, kind), weight in sorted(self.relationships.items()):
            fresh.add_edge(source, target, kind, weight=weight)
        return fresh


def histories(least_weight: int = 0) -> st.SearchStrategy[list[Event]]:
    """Random histories, some of whose events name what is not there."""
    # One number says an event: a draw for each of its fields takes ten times as long.
    changes = st.integers(0, CHANGES - 1).map(lambda said: _change(said, least_weight))
    some = st.lists(changes) | st.lists(changes, min_size=20, max_size=40)
    first = [[], _EVERYBODY, *(_crowd(number, least_weight) for number in range(40))]
    return st.builds(operator.add, st.sampled_from(first), some)


def _crowd(number: int, least_weight: int) -> list[Event]:
    """Everybody, and up to 30 relationships: what is drawn alone leads nowhere far."""
    said = (place * place * 7919 + number * 104_729 for place in range(number % 31))
    return [*_EVERYBODY, *(_change(one % CHANGES // 16 * 16 + 15, least_weight) for one in said)]


def _change(said: int, least_weight: int) -> Event:
    said, what = divmod(said, 16)
    said, one = divmod(said, len(IDS))
    said, other = divmod(said, len(IDS))
    size, kind = divmod(said, len(KINDS))
    source, target = IDS[one], IDS[other]
    match what:
        case 0:
            return EntityRemoved(id=source)
        case 1:
            return RelationshipRemoved(source=source, target=target, kind=KINDS[kind])
        case 2 | 3:
            properties = {"size": size, "of": target} if size else {}
            return EntityPut(id=source, label=LABELS[kind % 2], properties=properties)
        case _:
            weight = float(max(least_weight, size - 2))
            return RelationshipPut(source=source, target=target, kind=KINDS[kind], weight=weight)


filters = st.fixed_dictionaries(
    {
        "kinds": st.lists(st.sampled_from([*KINDS, "nothing"]), max_size=2),
        "labels": st.lists(st.sampled_from([*LABELS, "nobody"]), max_size=1),
    }
)
"""What `Scope` and `Model.seen` take."""


def model_of(history: Iterable[Event]) -> Model:
    """What must be."""
    model = Model()
    for event in history:
        model.fold(event)
    return model


def graph_of(history: Iterable[Event]) -> Graph:
    """What is."""
    graph = Graph()
    for version, event in enumerate(history, 1):
        graph.fold(version, event)
    return graph


def linked(*pairs: str, kind: str = "knows", weight: float = 1.0) -> list[Event]:
    """The history of a graph with a relationship for each of *pairs*, such as `ab`."""
    puts: list[Event] = [EntityPut(id=id_, label="letter") for id_ in sorted({*"".join(pairs)})]
    return puts + [
        RelationshipPut(source=pair[0], target=pair[1], kind=kind, weight=weight) for pair in pairs
    ]


def scope_of(*pairs: str) -> Scope:
    """The same, to be asked."""
    return Scope(graph_of(linked(*pairs)))
