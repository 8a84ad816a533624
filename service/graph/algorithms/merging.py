"""What must happen to a graph so that it also holds what another one holds."""

from collections.abc import Iterator

from schema.events.graph import EntityPut, RelationshipPut
from service.graph.picture import Graph

__all__ = ["merge"]


def merge(own: Graph, other: Graph) -> Iterator[EntityPut | RelationshipPut]:
    """The events that bring *own* there, entities first, each in order; none for what is the same.

    Where both hold an entity or relationship, the other's label, properties and weight win.
    """
    for id_, entity in sorted(other.entities.items()):
        former = own.entities.get(id_)
        if former is None or not former.is_alike(entity.label, entity.properties):
            yield EntityPut(id=id_, label=entity.label, properties=entity.properties)
    for source, target, kind, weight in sorted(other.all_relationships()):
        if own.out.get(source, {}).get(target, {}).get(kind) != weight:
            yield RelationshipPut(source=source, target=target, kind=kind, weight=weight)
