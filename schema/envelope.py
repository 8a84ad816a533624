"""An event on its way into the log, and as the log holds it."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from schema.events import Event

AT_HEAD: Final = -1
"""Expected version of a fact that rests on nothing that came before."""


class Metadata(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Whence an event came; small, and never personal data."""

    actor: str | None = None
    """Who asked for it: a key's name, `cli`, `loop`."""
    correlation_id: str | None = None
    """The request that all of this belongs to."""
    causation_id: str | None = None
    """The event that led to this one."""
    traceparent: str | None = None


class RecordedEvent(msgspec.Struct, frozen=True, gc=False):
    """An event with its place in the log."""

    partition: int
    position: int
    """Place in its partition of the log, from 1, dense."""
    agent_id: str
    stream: str
    version: int
    """Place in its stream, from 1, dense."""
    event_id: UUID
    type: str
    schema_version: int
    """As it was stored; `event` has today's shape."""
    event: Event
    metadata: Metadata
    recorded_at: datetime
