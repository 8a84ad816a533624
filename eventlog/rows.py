"""A row of the log as the event that it records."""

from functools import lru_cache
from typing import Any, Final

import msgspec
from asyncpg import Record

from schema import events
from schema.envelope import Metadata, RecordedEvent
from schema.errors import UnknownEvent

METADATA_KEPT: Final = 256
"""Metadata recur: every event of an append has the same."""

_decode_metadata = msgspec.json.Decoder(Metadata).decode


def recorded(partition: int, row: Record | tuple[Any, ...]) -> RecordedEvent:
    """The event in *row*, whose columns are those of `read_partition.sql`, in that order.

    Raises `UnknownEvent` as `events.decode` does.
    """
    position, agent, stream, version, event_id, kind, schema_version, data, metadata, at = row
    return RecordedEvent(
        partition,
        position,
        agent,
        stream,
        version,
        event_id,
        kind,
        schema_version,
        events.decode(kind, schema_version, data),
        _metadata(metadata),
        at,
    )


@lru_cache(METADATA_KEPT)
def _metadata(text: str) -> Metadata:
    try:
        return _decode_metadata(text)
    except msgspec.DecodeError as error:
        raise UnknownEvent(f"metadata: {error}") from error
