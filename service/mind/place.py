"""A place of a mind."""

from datetime import datetime

from msgspec import Struct


class Coordinate(Struct, frozen=True, kw_only=True):
    """A version of a part of an agent's mind, and the moment from which ages are counted."""

    version: int
    """Of the part's stream; 0 before its first event."""
    at: datetime
