"""What an agent's own recall leaves behind: what was told, within bounds, and a count of it."""

from typing import Final

from msgspec.structs import replace

from schema import json_text
from schema.events import Event, MemoryRecalled, RecalledItem, RecallsCounted

BYTES_MAX: Final = 512 << 10
"""Of the items as they are stored: an event holds 1 MiB, and working memory stands there, too."""


def fitting(recalled: MemoryRecalled) -> MemoryRecalled:
    """*recalled* without the items that the event has no room for, the best ones taken first."""
    kept: list[RecalledItem] = []
    room_bytes = BYTES_MAX
    for item in recalled.items:
        size_bytes = len(json_text.encode(item).encode())
        if size_bytes <= room_bytes:
            room_bytes -= size_bytes
            kept.append(item)
    return recalled if len(kept) == len(recalled.items) else replace(recalled, items=tuple(kept))


def counted(recalled: MemoryRecalled) -> tuple[Event, ...]:
    """The count of what the model is told of *recalled*, for memory's stream; none of nothing."""
    ids = tuple(item.id for item in recalled.items if item.told)
    return (RecallsCounted(ids=ids, at=recalled.at),) if ids else ()
