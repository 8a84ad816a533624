"""A place in a session where an input is about to come, and what speaks against one."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from service.agent.moves import Move
from service.agent.session import SessionState


class Place(Struct, frozen=True):
    """Where an input is about to come."""

    state: SessionState
    under_way: Move
    """What the loop is doing there; a control event does not end it."""
    digest: str | None
    """Of the prompt of the step that is due; None where it can't be built again."""
    half: str | None = None
    """The call whose change of the mind has begun just before: its return is in the same append.
    Or what comes behind memory in one append; see `on_mind`."""
    asked_at: datetime | None = None
    """When that was recorded which asked the mind; None where nothing did."""


class Objection(Struct, frozen=True):
    """Why an input can't have come there."""

    kind: Literal["input", "prompt"]
    expected: str
    found: str


def refused(expected: str, found: str) -> Objection:
    """No such input can have come there."""
    return Objection("input", expected, found)
