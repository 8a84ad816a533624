"""What a graph's events name, in texts fit for its rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from schema.envelope import RecordedEvent
from schema.events.graph import EntityPut, EntityRemoved, RelationshipPut, RelationshipRemoved
from schema.row_text import projected, projected_id

EntityKey: TypeAlias = tuple[int, str, str]
"""Partition, stream, id."""
RelationshipKey: TypeAlias = tuple[int, str, str, str, str]
"""Partition, stream, source, target, kind."""


@dataclass(frozen=True, slots=True)
class Change:
    """An event, and what it names."""

    recorded: RecordedEvent
    entity: EntityKey | None = None
    """Of an event of one entity."""
    relationship: RelationshipKey | None = None
    """Of an event of two that relate."""
    ends: tuple[EntityKey, ...] = ()


def changes_in(batch: Iterable[RecordedEvent]) -> list[Change]:
    """The events of *batch*, in order."""
    return [_change(recorded) for recorded in batch]


def keys_in(changes: Sequence[Change]) -> tuple[set[EntityKey], set[RelationshipKey]]:
    """All entities and relationships that *changes* name."""
    entities = {change.entity for change in changes if change.entity is not None}
    entities.update(end for change in changes for end in change.ends)
    between = {change.relationship for change in changes if change.relationship is not None}
    return entities, between


def is_altered(ids: Iterable[str], *texts: str | None) -> bool:
    """Whether any of *ids*, by which rows are found, or of *texts* is another one in the rows."""
    return any(projected_id(id_)[1] for id_ in ids) or any(
        text is not None and projected(text)[1] for text in texts
    )


def _change(recorded: RecordedEvent) -> Change:
    event, partition, stream = recorded.event, recorded.partition, recorded.stream
    match event:
        case RelationshipPut() | RelationshipRemoved():
            source, target = projected_id(event.source)[0], projected_id(event.target)[0]
            return Change(
                recorded,
                relationship=(partition, stream, source, target, projected(event.kind)[0]),
                ends=((partition, stream, source), (partition, stream, target)),
            )
        case EntityPut() | EntityRemoved():
            return Change(recorded, entity=(partition, stream, projected_id(event.id)[0]))
        case _:
            return Change(recorded)
