"""What the log holds of one session, and the proof that it is what its rules make of it."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from eventlog.digests import altered_versions
from eventlog.log import EventLog
from eventlog.read import EVERYTHING
from eventlog.statements import statement
from schema.envelope import RecordedEvent
from schema.errors import NotFound, UnknownEvent
from schema.ids import session_stream
from service.lineage import lineage, read_lineage
from service.replay.report import Difference, Report
from service.replay.verify import verify

HEAD: Final = statement("service", "head_of_stream")

UNREADABLE: Final = "unreadable"


@dataclass(frozen=True)
class Past:
    """The events of a session, and what its stream says of their integrity."""

    facts: Sequence[RecordedEvent]
    changed: frozenset[int]
    """Versions whose digest is not that of their bytes."""
    head: int
    """The version that the stream has come to by its own account."""


async def read_past(log: EventLog, session_id: UUID) -> Past | Report:
    """The session's past; where it was altered until it can't be read, what that means.

    `NotFound` where there is no such session.
    """
    stream = session_stream(session_id)
    try:
        facts, changed = await _read(log, session_id), await _changed(log, session_id)
        return Past(facts, changed, await _head(log, stream))
    except (UnknownEvent, msgspec.ValidationError):  # In an event's data, or its metadata.
        report = await _unreadable(log, session_id)
        if report is None:
            raise
        return report


def verified(past: Past, version: int) -> Report:
    """The first difference up to *version*; what lies behind it is not asked for."""
    report = verify(past.facts, changed=past.changed, up_to=version)
    if version < len(past.facts):
        return _of_a_part(report)
    if report.difference is None and past.head != len(past.facts):
        return Report(_cut_off(past), report.checked)
    return report


async def _read(log: EventLog, session_id: UUID, up_to: int = EVERYTHING) -> list[RecordedEvent]:
    async with aclosing(read_lineage(log, session_id, up_to=up_to)) as read:
        facts = [fact async for fact in read]
    if not facts:
        raise NotFound(f"there is no session {session_id}")
    return facts


async def _changed(log: EventLog, session_id: UUID) -> frozenset[int]:
    """Of a fork, also what was altered of its parent's events that it shares."""
    found: set[int] = set()
    for segment in await lineage(log, session_id):
        async with log.database.acquire() as conn:
            altered = altered_versions(conn, log.partition_of(segment.stream), segment.stream)
            found.update([v async for v in altered if v <= segment.up_to])
    return frozenset(found)


async def _head(log: EventLog, stream: str) -> int:
    async with log.database.acquire() as conn:
        return int(await conn.fetchval(HEAD, log.partition_of(stream), stream) or 0)


async def _unreadable(log: EventLog, session_id: UUID) -> Report | None:
    """The first difference where an event was altered until it could not be read: it, at most."""
    changed = await _changed(log, session_id)
    if not changed:
        return None
    first = min(changed)
    before = await _read(log, session_id, first - 1) if first > 1 else []
    return unreadable_at(before, first)


def unreadable_at(before: Sequence[RecordedEvent], first: int) -> Report:
    """What verifying finds where *first* can't be read and *before* can: it, at most."""
    report = _of_a_part(verify(before))
    return Report(report.difference or _data_changed(first), report.checked)


def _data_changed(version: int) -> Difference:
    return Difference(
        kind="data",
        version=version,
        event_type=UNREADABLE,
        expected="the bytes that were appended",
        found="other bytes",
    )


def _of_a_part(report: Report) -> Report:
    """*report* without the one difference that comes of having read a part only: the end."""
    cut = report.difference is not None and report.difference.kind == "end"
    return Report(None, report.checked) if cut else report


def _cut_off(past: Past) -> Difference:
    return Difference(
        kind="order",
        version=len(past.facts) + 1,
        event_type="missing",
        expected=f"{past.head} events, as the stream's head says",
        found=f"{len(past.facts)}",
    )
