"""Which events name each other across streams."""

from schema import events
from schema.events import Event


def wrote(event: Event, call_id: str | None) -> bool:
    """Whether *event* is the call of that name, or where there is none, the answer."""
    match event:
        case events.ToolCalled(call_id=own):
            return own == call_id
        case events.SessionCompleted():
            return call_id is None
        case _:
            return False


def names(known: events.GraphRecalled, event: Event) -> bool:
    """Whether *known* tells of the entity or the relationship that *event* put."""
    match event:
        case events.EntityPut(id=id_):
            return any(one.id == id_ and one.told for one in known.entities)
        case events.RelationshipPut(source=source, target=target, kind=kind):
            key = (source, target, kind)
            return any(_key(one) == key and one.told for one in known.relationships)
        case _:
            return False


def _key(one: events.KnownRelationship) -> tuple[str, str, str]:
    return one.source, one.target, one.kind
