"""What happens to an agent's knowledge graph: entities, and the relationships between them."""

from typing import Any, ClassVar

import msgspec

from schema.events.base import Event


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
