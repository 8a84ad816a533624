"""What is sent to put something into an agent's graph, and to ask about it."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from pydantic import AfterValidator, Field

from schema.errors import Invalid, PayloadTooLarge
from schema.events.graph import EntityPut, GraphPolicy, RelationshipPut
from schema.json_text import encode
from schema.messages.base import Key, Message, of_length
from schema.messages.checked import checked
from schema.messages.coordinates import AsOf
from schema.row_text import projected_json

PROPERTIES_BYTES_MAX: Final = 65_536
"""Of an entity's properties as JSON, in UTF-8."""
WEIGHT_MAX: Final = 1e15
"""Either way from 0; so a sum of weights stays a number."""
NODES_MAX: Final = 100_000
"""Entities in one answer."""
FILTERS_MAX: Final = 64


def _of_json(properties: dict[str, Any]) -> dict[str, Any]:
    try:
        size_bytes = len(encode(properties, "properties").encode())
    except TypeError:
        raise ValueError("holds what JSON has no word for") from None
    if size_bytes > PROPERTIES_BYTES_MAX:
        raise PayloadTooLarge(
            "properties", f"{size_bytes} bytes as JSON: use at most {PROPERTIES_BYTES_MAX}"
        )
    if projected_json(properties)[1]:
        raise ValueError("has a NUL or half of a surrogate pair, which no row can hold")
    return properties


EntityId: TypeAlias = Key
"""What the caller calls an entity; unique in an agent's graph."""
Label = Annotated[Key, of_length(1, 128)]
"""What kind of thing an entity is."""
Kind = Annotated[Key, of_length(1, 128)]
"""How one entity relates to another."""
Properties = Annotated[dict[str, Any], AfterValidator(_of_json)]
Weight = Annotated[float, Field(ge=-WEIGHT_MAX, le=WEIGHT_MAX)]
Direction = Literal["out", "in", "both"]
"""Along relationships, against them, or either way."""
Depth = Annotated[int, Field(ge=1, le=NODES_MAX)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class GraphSettings(Message):
    """What prompts are told of the graph; what is left out keeps its default."""

    max_entities: int = Field(default=5, ge=1, le=100)
    max_relationships: int = Field(default=10, ge=0, le=1000)
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = 500

    def as_shape(self) -> GraphPolicy:
        """The same, as the log keeps it."""
        return msgspec.convert(self.model_dump(), GraphPolicy)


class PutEntity(Message):
    """There is this entity, or it has this label and these properties from here on."""

    id: EntityId
    label: Label
    properties: Properties = Field(default_factory=dict)

    def as_event(self, session: str | None = None, call_id: str | None = None) -> EntityPut:
        """The same, as the log keeps it."""
        return EntityPut(
            id=self.id,
            label=self.label,
            properties=self.properties,
            session=session,
            call_id=call_id,
        )


class PutRelationship(Message):
    """One entity relates to another in this kind, or that has this weight from here on."""

    source: EntityId = Field(alias="from")
    target: EntityId = Field(alias="to")
    kind: Kind
    weight: Weight = 1.0

    def as_event(self, session: str | None = None, call_id: str | None = None) -> RelationshipPut:
        """The same, as the log keeps it."""
        return RelationshipPut(
            source=self.source,
            target=self.target,
            kind=self.kind,
            weight=self.weight,
            session=session,
            call_id=call_id,
        )


class Query(Message):
    """What every question about a graph may say: which part of it, and when."""

    kinds: Annotated[tuple[Kind, ...], Field(max_length=FILTERS_MAX)] = ()
    """Only relationships of these; all, if left out."""
    labels: Annotated[tuple[Label, ...], Field(max_length=FILTERS_MAX)] = ()
    """Only entities of these, and those that the question names; all, if left out."""
    as_of: AsOf | None = None
    """A version of the graph, a time, or `session@version`; now, if left out."""


class Walk(Query):
    """What is reached from an entity."""

    start: EntityId
    direction: Direction = "out"
    max_depth: Depth | None = None
    """Steps away from the start at most."""
    max_nodes: int = Field(default=10_000, ge=1, le=NODES_MAX)


class Bfs(Walk):
    """The nearest first."""

    op: Literal["bfs"]


class Dfs(Walk):
    """Each entity, then all that is new behind it."""

    op: Literal["dfs"]


class Closure(Query):
    """All that is reached from an entity, itself included, or from each, if none is named."""

    op: Literal["closure"]
    start: EntityId | None = None
    direction: Direction = "out"
    """With a start."""
    max_nodes: int = Field(default=10_000, ge=1, le=NODES_MAX)
    """With a start."""


class ShortestPath(Query):
    """The way with the fewest hops, or, weighted, with the least sum of weights."""

    op: Literal["shortest_path"]
    source: EntityId = Field(alias="from")
    target: EntityId = Field(alias="to")
    weighted: bool = False


class PathExists(Query):
    """Whether there is a way."""

    op: Literal["path_exists"]
    source: EntityId = Field(alias="from")
    target: EntityId = Field(alias="to")


class Degree(Query):
    """How many relationships each entity has, over the number of others."""

    op: Literal["degree"]
    limit: int = Field(default=10_000, ge=1, le=NODES_MAX)


class Betweenness(Query):
    """How much each entity lies between others."""

    op: Literal["betweenness"]
    samples: int | None = Field(default=None, ge=2, le=1_000_000)
    """From so many entities only, drawn by the seed; exact, if left out.

    One would say nothing of itself, since it is not between itself and others."""
    seed: Seed = 0
    limit: int = Field(default=10_000, ge=1, le=NODES_MAX)


class Communities(Query):
    """Which entities belong together."""

    op: Literal["communities"]
    method: Literal["label_propagation", "louvain"] = "louvain"
    weighted: bool = False
    seed: Seed = 0


class Cycles(Query):
    """What goes round in circles: the short ones first."""

    op: Literal["cycles"]
    limit: int = Field(default=100, ge=1, le=10_000)
    max_length: int = Field(default=10, ge=1, le=100)
    """Entities in a cycle at most."""


class HasCycle(Query):
    """Whether anything goes round in a circle."""

    op: Literal["has_cycle"]


class Subgraph(Query):
    """These entities, and all relationships between them."""

    op: Literal["subgraph"]
    ids: Annotated[tuple[EntityId, ...], Field(min_length=1, max_length=10_000)]
    """Those of other labels are left out, where labels are said."""


class Neighbours(Query):
    """What an entity relates to, and what relates to it."""

    op: Literal["neighbours"]
    start: EntityId
    direction: Direction = "both"
    limit: int = Field(default=1000, ge=1, le=NODES_MAX)


class TopologicalSort(Query):
    """All entities, none before one that relates to it."""

    op: Literal["topological_sort"]


GraphQuery: TypeAlias = Annotated[
    Bfs
    | Dfs
    | Closure
    | ShortestPath
    | PathExists
    | Degree
    | Betweenness
    | Communities
    | Cycles
    | HasCycle
    | Subgraph
    | Neighbours
    | TopologicalSort,
    Field(discriminator="op"),
]
"""Any question about a graph."""

QUERIES: Final[dict[str, type[Query]]] = {
    "bfs": Bfs,
    "dfs": Dfs,
    "closure": Closure,
    "shortest_path": ShortestPath,
    "path_exists": PathExists,
    "degree": Degree,
    "betweenness": Betweenness,
    "communities": Communities,
    "cycles": Cycles,
    "has_cycle": HasCycle,
    "subgraph": Subgraph,
    "neighbours": Neighbours,
    "topological_sort": TopologicalSort,
}
"""By `op`."""


def checked_query(values: Mapping[str, Any]) -> Query:
    """*values* as the question that their `op` names; `Invalid` names what is wrong."""
    query = QUERIES.get(str(values.get("op", "")))
    if query is None:
        raise Invalid("op", f"is none of {', '.join(QUERIES)}")
    return checked(query, values)
