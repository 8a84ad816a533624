"""An event of each type that is about an agent's graph, with every field set."""

from typing import Final

from schema import events
from schema.events import Event
from tests.corpus.memory_examples import NOON, SESSION

AROUND: Final = events.GraphPolicy(max_entities=3, max_relationships=4, max_tokens=None)

GRAPH_EXAMPLES: Final[tuple[Event, ...]] = (
    events.EntityPut(
        id="ana \u0000 \ud800",
        label="person",
        properties={"name": "Ana", "born": {"year": 1986}},
        session=SESSION,
        call_id="1.0",
    ),
    events.EntityRemoved(id="ana", reason="twice there"),
    events.RelationshipPut(
        source="ana", target="acme", kind="works_at", weight=-0.5, session=SESSION, call_id="1.1"
    ),
    events.RelationshipRemoved(source="ana", target="acme", kind="works_at", reason="left"),
    events.GraphRecalled(
        version=7,
        at=NOON,
        policy=AROUND,
        entities=(
            events.KnownEntity(id="ana", label="person", properties={"name": "Ana"}, told=False),
        ),
        relationships=(
            events.KnownRelationship(
                source="ana", target="acme", kind="works_at", weight=2.0, told=False
            ),
        ),
        call_id="1.2",
    ),
)
