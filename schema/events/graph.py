"""What happens to an agent's knowledge graph: entities, and the relationships between them."""

from typing import Any, ClassVar

import msgspec

from schema.events.base import Event
from schema.events.memory import Moment
from schema.events.shape import Shape


class GraphPolicy(Shape, frozen=True, kw_only=True):
    """What a session's prompt is told of the graph: what stands around the entities it names."""

    max_entities: int = 5
    """Named ones, at least 1; those that are named first count."""
    max_relationships: int = 10
    """Of each of them; the heaviest come first."""
    max_tokens: int | None = 500
    """What all of it may take, at about 4 characters a token; what does not fit is skipped."""


class KnownEntity(Shape, frozen=True, kw_only=True):
    """An entity as the graph had it."""

    id: str
    label: str
    properties: dict[str, Any] = msgspec.field(default_factory=dict)
    told: bool = True
    """Whether the model was told; a token budget may have left it out."""


class KnownRelationship(Shape, frozen=True, kw_only=True):
    """A relationship as the graph had it."""

    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")
    kind: str
    weight: float = 1.0
    told: bool = True


class GraphRecalled(Event, frozen=True, kw_only=True):
    """What the graph held for a session, at a version of its stream."""

    type: ClassVar[str] = "graph_recalled"

    version: int
    """Of the agent's graph stream; 0 before its first event."""
    at: Moment
    """When that was asked."""
    policy: GraphPolicy | None = None
    """By which the task's own entities were looked up; None where a tool asked."""
    entities: tuple[KnownEntity, ...] = ()
    """As the task names them, then what they lead to; or as the tool told them."""
    relationships: tuple[KnownRelationship, ...] = ()
    call_id: str | None = None
    """The tool call that asked; None before the first step."""


class EntityPut(Event, frozen=True, kw_only=True):
    """There is an entity of this id from here on, or its label and properties are new."""

    type: ClassVar[str] = "entity_put"

    id: str
    label: str
    """What kind of thing it is."""
    properties: dict[str, Any] = msgspec.field(default_factory=dict)
    session: str | None = None
    """The session that put it."""
    call_id: str | None = None


class EntityRemoved(Event, frozen=True, kw_only=True):
    """An entity is gone, and every relationship from it or to it."""

    type: ClassVar[str] = "entity_removed"

    id: str
    reason: str = ""


class RelationshipPut(Event, frozen=True, kw_only=True):
    """One entity relates to another in this kind from here on, or the weight of that is new."""

    type: ClassVar[str] = "relationship_put"

    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")
    kind: str
    weight: float = 1.0
    session: str | None = None
    call_id: str | None = None


class RelationshipRemoved(Event, frozen=True, kw_only=True):
    """One entity relates to another no more in this kind."""

    type: ClassVar[str] = "relationship_removed"

    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")
    kind: str
    reason: str = ""
