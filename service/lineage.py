"""A session's whole past: of a fork, first its parent's events, up to where it was forked."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final
from uuid import UUID

from msgspec import Struct

from eventlog.log import EventLog
from eventlog.read import EVERYTHING
from eventlog.statements import statement
from schema.envelope import RecordedEvent
from schema.errors import Refused
from schema.events import Erased, SessionForked
from schema.ids import session_stream

FIRST: Final = statement(__package__, "first_of_stream")

GENERATIONS_MAX: Final = 1000
"""Forks of forks; more than that is no past, but a fault."""


class Segment(Struct, frozen=True):
    """A part of a session's past: the events of one stream up to a version."""

    stream: str
    up_to: int


async def lineage(log: EventLog, session_id: UUID) -> list[Segment]:
    """The streams that a session's past stands in, the earliest first.

    `Refused` where it was erased of which session it is a fork.
    """
    segments = [Segment(session_stream(session_id), EVERYTHING)]
    for _ in range(GENERATIONS_MAX):
        first = await _first_version(log, segments[0].stream)
        if first <= 1:
            return segments
        segments.insert(0, await _parent(log, segments[0].stream, first))
    raise Refused(f"session {session_id} is a fork of forks, more than {GENERATIONS_MAX} deep")


async def read_lineage(
    log: EventLog, session_id: UUID, *, up_to: int = EVERYTHING
) -> AsyncGenerator[RecordedEvent, None]:
    """Every event of a session's past up to version *up_to*, in order; none where there is none."""
    after = 0
    for segment in await lineage(log, session_id):
        last = min(segment.up_to, up_to)
        async with aclosing(log.read_stream(segment.stream, after=after, up_to=last)) as blocks:
            async for block in blocks:
                for fact in block:
                    yield fact
        after = segment.up_to


async def _parent(log: EventLog, stream: str, first: int) -> Segment:
    """What *stream*, whose first event is of that version, goes on from."""
    async with aclosing(log.read_stream(stream, after=first - 1, up_to=first)) as blocks:
        facts = [fact async for block in blocks for fact in block]
    match [fact.event for fact in facts]:
        case [SessionForked(parent=parent, at=at)]:
            return Segment(session_stream(UUID(parent)), at)
        case [Erased()]:
            raise Refused(f"what {stream} was forked from was erased")
        case _:
            raise Refused(f"{stream} begins with version {first}, and no fork")


async def _first_version(log: EventLog, stream: str) -> int:
    """The version of the first event of *stream*; 0 where there is none."""
    async with log.database.acquire() as conn:
        return int(await conn.fetchval(FIRST, log.partition_of(stream), stream) or 0)
