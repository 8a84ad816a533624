"""What a session was told of its agent's mind before its first step, in words."""

from typing import Final

from schema import json_text
from schema.events import (
    GraphRecalled,
    KnownEntity,
    KnownRelationship,
    MemoryRecalled,
    RecalledItem,
)

ID_CHARACTERS: Final = 8
"""The end of a memory's id tells it from others: ids of one time begin alike."""


def memory_text(event: MemoryRecalled) -> str:
    """How many memories were told, and each with the end of its id and its score."""
    told = [item for item in event.items if item.told]
    if not told:
        return ""
    head = _head(
        _many(len(told), "memory", "memories"), event.version, len(event.items) - len(told)
    )
    return "\n".join([head, *map(_memory, told)])


def graph_text(event: GraphRecalled) -> str:
    """How much of the graph was told, and each entity and relationship."""
    entities = [one for one in event.entities if one.told]
    relationships = [one for one in event.relationships if one.told]
    shown = len(entities) + len(relationships)
    if not shown:
        return ""
    many = [
        _many(len(entities), "entity", "entities"),
        _many(len(relationships), "relationship", "relationships"),
    ]
    left_out = len(event.entities) + len(event.relationships) - shown
    head = _head(", ".join(many), event.version, left_out)
    return "\n".join([head, *map(_entity, entities), *map(_relationship, relationships)])


def _head(what: str, version: int, left_out: int) -> str:
    rest = f"; {left_out} more did not fit" if left_out else ""
    return f"{what} at version {version}{rest}"


def _many(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _memory(item: RecalledItem) -> str:
    return f"…{item.id[-ID_CHARACTERS:]}  {item.score:.3f}  {_one_line(item.content)}"


def _entity(one: KnownEntity) -> str:
    properties = f" {json_text.encode(one.properties)}" if one.properties else ""
    return _one_line(f"{one.id} ({one.label}){properties}")


def _relationship(one: KnownRelationship) -> str:
    weight = "" if one.weight == 1 else f" ({one.weight:g})"
    return _one_line(f"{one.source} — {one.kind} → {one.target}{weight}")


def _one_line(text: str) -> str:
    return " ".join(text.split())
