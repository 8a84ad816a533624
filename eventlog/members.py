"""What callers hand to the log, checked and encoded before it meets anybody else's."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from msgspec import Struct

from schema import json_text
from schema.envelope import AT_HEAD, Metadata, RecordedEvent
from schema.errors import Invalid, PayloadTooLarge
from schema.events import Event
from schema.ids import checked_agent_id, is_stream_of, uuid7

EVENT_BYTES_MAX: Final = 1 << 20
"""UTF-8 bytes of one event's data."""
METADATA_BYTES_MAX: Final = 4096
"""UTF-8 bytes of one append's metadata."""
METADATA_KEPT: Final = 256
"""Metadata recur; so many of them are kept as text."""
EVENTS_MAX: Final = 1000
"""Events that one append may hold."""
APPEND_BYTES_MAX: Final = 16 << 20
"""UTF-8 bytes of data that one append may hold."""


class StreamAppend(Struct, frozen=True):
    """The events that one stream is to get."""

    stream: str
    expected: int
    """The version that they rest on (0: a new stream), or `AT_HEAD` if they rest on none."""
    events: Sequence[Event]
    ids: Sequence[UUID] = ()
    """One per event; the same ids again are answered as a repeat. Made here when left out."""
    epoch: int | None = None
    """The lease's, where the writer holds one."""


class Appended(Struct, frozen=True):
    """Where a stream's events went."""

    stream: str
    version: int
    """Of the last of them."""
    position: int
    """Of the last of them, in its partition."""
    recorded_at: datetime
    replayed: bool
    """They had been there before: an answer was lost, or a request was repeated."""


def as_recorded(
    appended: Appended,
    facts: Sequence[Event],
    ids: Sequence[UUID],
    partition: int,
    agent_id: str,
    metadata: Metadata,
) -> list[RecordedEvent]:
    """*facts* with their places, which an append leaves side by side."""
    before = len(facts) - 1
    return [
        RecordedEvent(
            partition,
            appended.position - before + n,
            agent_id,
            appended.stream,
            appended.version - before + n,
            event_id,
            fact.type,
            fact.schema_version,
            fact,
            metadata,
            appended.recorded_at,
        )
        for n, (fact, event_id) in enumerate(zip(facts, ids, strict=True))
    ]


class Part(Struct, frozen=True):
    """A `StreamAppend`, encoded."""

    stream: str
    expected: int
    epoch: int | None
    events: list[tuple[UUID, str, int, str]]
    """Id, type, schema version and data of each."""


@dataclass(slots=True, eq=False)
class Member:
    """One caller's append on its way: all of its parts or none."""

    agent_id: str
    parts: list[Part]
    metadata: str
    events: int
    size_bytes: int
    outcome: asyncio.Future[tuple[Appended, ...]] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    settled: bool = False
    """Whether it is known what became of it; a caller that was cancelled need not hear."""

    def settle(self, result: tuple[Appended, ...] | BaseException) -> None:
        """Tell the caller, if it still waits; the first word stands."""
        if self.settled:
            return
        self.settled = True
        if self.outcome.done():
            return
        if isinstance(result, BaseException):
            self.outcome.set_exception(result)
        else:
            self.outcome.set_result(result)


def prepare(agent_id: str, appends: Sequence[StreamAppend], metadata: Metadata) -> Member:
    """Check and encode one caller's append.

    Raises `Invalid` (or a class below it), naming the field: no fault of one caller may reach a
    batch that others are in.
    """
    parts = [_part(agent_id, append) for append in appends]
    events = sum(len(part.events) for part in parts)
    if not 1 <= events <= EVENTS_MAX:
        raise Invalid("events", f"an append holds 1 to {EVENTS_MAX} events, this one {events}")
    if len({part.stream for part in parts}) < len(parts):
        raise Invalid("stream", "an append names each of its streams once")
    size_bytes = sum(_size_bytes(event[3]) for part in parts for event in part.events)
    if size_bytes > APPEND_BYTES_MAX:
        raise PayloadTooLarge(
            "events",
            f"{size_bytes} bytes of data in one append, at most {APPEND_BYTES_MAX}: make it two",
        )
    return Member(checked_agent_id(agent_id), parts, _metadata(metadata), events, size_bytes)


def _part(agent_id: str, append: StreamAppend) -> Part:
    if not is_stream_of(agent_id, append.stream):
        raise Invalid("stream", f"{append.stream!r} is no stream of agent {agent_id!r}")
    if append.expected < AT_HEAD:
        raise Invalid("expected", f"{append.expected} is no version: 0 or more, or AT_HEAD")
    if append.expected == AT_HEAD and append.stream.startswith("session-"):
        raise Invalid("expected", "what happens in a session rests on a version: name it")
    ids = append.ids or [uuid7() for _ in append.events]
    if not append.events or len(ids) != len(append.events):
        raise Invalid("ids", f"{len(append.events)} events came with {len(ids)} ids: one each")
    events = [
        (event_id, event.type, event.schema_version, _data(event))
        for event_id, event in zip(ids, append.events, strict=True)
    ]
    return Part(append.stream, append.expected, append.epoch, events)


@lru_cache(METADATA_KEPT)
def _metadata(metadata: Metadata) -> str:
    text = json_text.encode(metadata, "metadata")
    if len(text) > METADATA_BYTES_MAX:
        raise PayloadTooLarge("metadata", f"{len(text)} characters, at most {METADATA_BYTES_MAX}")
    return text


def _data(event: Event) -> str:
    text = json_text.encode(event)
    size_bytes = _size_bytes(text)
    if size_bytes > EVENT_BYTES_MAX:
        raise PayloadTooLarge(
            "data",
            f"{event.type} has {size_bytes} bytes, at most {EVENT_BYTES_MAX} fit in an event: "
            "store the large part elsewhere and record where, or shorten it",
        )
    return text


def _size_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
