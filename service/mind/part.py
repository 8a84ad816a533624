"""The parts of a mind: each is a stream of its agent's, and the rows that a projection makes."""

from collections.abc import Callable

from msgspec import Struct

from schema.events import Event
from service.mind.place import Coordinate


class Part(Struct, frozen=True, kw_only=True):
    """Memory or graph, as what is alike in both of them sees it."""

    name: str
    """Also of its projection."""
    stream_of: Callable[[str], str]
    """By the agent's id."""
    read_at: Callable[[Event], Coordinate | None]
    """Where a session's event says that this part was read; None where it says nothing of it."""
