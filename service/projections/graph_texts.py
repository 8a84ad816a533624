"""What a graph's events name, in texts fit for its rows; what names things must fit an index."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from schema.envelope import RecordedEvent
from schema.errors import Invalid
from schema.events.graph import EntityPut, EntityRemoved, RelationshipPut, RelationshipRemoved
from schema.row_text import projected

INDEXED_BYTES_MAX: Final = 1024
"""Of an id or a label: two such fit into an index, and it is what 256 characters may take."""

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


def indexed(text: str, field: str) -> str:
    """*text* as the rows have it; `Invalid` where it is too long to be found by."""
    fit, _ = projected(text)
    if len(fit) > INDEXED_BYTES_MAX // 4 and len(fit.encode()) > INDEXED_BYTES_MAX:
        raise Invalid(field, f"of more than {INDEXED_BYTES_MAX} bytes can't be indexed")
    return fit


def is_altered(*texts: str | None) -> bool:
    """Whether any of *texts* is another one in the rows."""
    return any(text is not None and projected(text)[1] for text in texts)


def _change(recorded: RecordedEvent) -> Change:
    event, partition, stream = recorded.event, recorded.partition, recorded.stream
    match event:
        case RelationshipPut() | RelationshipRemoved():
            source, target = indexed(event.source, "from"), indexed(event.target, "to")
            return Change(
                recorded,
                relationship=(partition, stream, source, target, projected(event.kind)[0]),
                ends=((partition, stream, source), (partition, stream, target)),
            )
        case EntityPut() | EntityRemoved():
            return Change(recorded, entity=(partition, stream, indexed(event.id, "id")))
        case _:
            return Change(recorded)
