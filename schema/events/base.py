"""What every event is: a frozen fact with a stored name, a shape number, and a side."""

from enum import StrEnum
from typing import ClassVar

import msgspec


class Side(StrEnum):
    """Where a fact comes from, and so what verifying may demand of it."""

    INPUT = "input"
    """The world's: what a model said, a tool returned, a caller wanted. It must be admissible."""
    DECISION = "decision"
    """Ours: it follows from what came before. It must be equal."""


# Nothing frozen can be part of a cycle, so the collector need not walk it: a fold is twice as fast.
class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A fact in the past tense, complete on its own; a field equal to its default is not stored."""

    type: ClassVar[str] = ""
    """The stored name: a literal, so that renaming the class never renames history."""
    schema_version: ClassVar[int] = 1
    """The shape of *this* type's data; raised together with an upcaster."""
    side: ClassVar[Side] = Side.INPUT


class Erased(Event, frozen=True, kw_only=True):
    """What stands where an event's data was erased: the place is known, the content is gone."""

    type: ClassVar[str] = "erased"
    erased_type: str
