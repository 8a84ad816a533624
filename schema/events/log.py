"""What is done to the log itself."""

from typing import ClassVar

from schema.events.base import Event


class EventsErased(Event, frozen=True, kw_only=True):
    """Data of earlier events of this stream was erased; their digests stay."""

    type: ClassVar[str] = "events_erased"

    versions: tuple[int, ...]
    reason: str
