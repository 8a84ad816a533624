"""Finds the place of a mind that somebody names: by a version, a time, or a step of a session."""

from contextlib import aclosing
from datetime import datetime
from typing import Final

from eventlog.log import EventLog
from eventlog.statements import statement
from schema.envelope import RecordedEvent
from schema.errors import Invalid, NotFound
from schema.ids import session_of as session_id_of
from schema.ids import session_stream
from service.mind.part import Part
from service.mind.place import Coordinate

RECORDED_AT: Final = statement(__package__, "recorded_at")
VERSION_AT: Final = statement(__package__, "version_at")

VERSION_MAX: Final = (1 << 63) - 1


async def coordinate_of(
    log: EventLog, part: Part, agent_id: str, as_of: int | str, at: datetime
) -> Coordinate:
    """The place that *as_of* names; *at* is the moment of version 0, which has none of its own.

    A version has the moment at which it was recorded; a time, the version that there was then;
    `session@version`, what that session had read last up to there. `NotFound` where there is no
    such place, `Invalid` where *as_of* is none of these.
    """
    text = str(as_of)
    if text.isascii() and text.isdigit():
        return await _of_version(log, part, agent_id, _whole(text), at)
    session, is_step, version = text.rpartition("@")
    if is_step:
        return await _of_step(log, part, agent_id, session, version)
    return await _of_time(log, part, agent_id, _moment(text))


async def _of_version(
    log: EventLog, part: Part, agent_id: str, version: int, at: datetime
) -> Coordinate:
    stream = part.stream_of(agent_id)
    if version == 0:
        return Coordinate(version=0, at=at)
    async with log.database.acquire() as conn:
        recorded_at = await conn.fetchval(RECORDED_AT, log.partition_of(stream), stream, version)
    if recorded_at is None:
        raise NotFound(f"the {part.name} of {agent_id} has no version {version} yet")
    return Coordinate(version=version, at=recorded_at)


async def _of_time(log: EventLog, part: Part, agent_id: str, at: datetime) -> Coordinate:
    stream = part.stream_of(agent_id)
    async with log.database.acquire() as conn:
        version = await conn.fetchval(VERSION_AT, log.partition_of(stream), stream, at)
    return Coordinate(version=version or 0, at=at)


async def _of_step(
    log: EventLog, part: Part, agent_id: str, session: str, version: str
) -> Coordinate:
    """What the session had read last by *version*; before it read any, what it could have."""
    if not (version.isascii() and version.isdigit()):
        raise Invalid("as_of", f"{version!r} is no version of a session: give session@version")
    stream = session_stream(session_id_of(f"session-{session.removeprefix('session-')}"))
    last: RecordedEvent | None = None
    read: Coordinate | None = None
    async with aclosing(log.read_stream(stream, up_to=_whole(version))) as blocks:
        async for block in blocks:
            for fact in block:
                last = fact
                read = part.read_at(fact.event) or read
    if last is None or last.version != _whole(version):
        raise NotFound(f"session {session} has no version {version}")
    if last.agent_id != agent_id:
        raise NotFound(f"session {session} is another agent's: {last.agent_id}")
    return read or await _of_time(log, part, agent_id, last.recorded_at)


def _whole(digits: str) -> int:
    """The number that *digits* say; what no version can be is the last that one could."""
    return min(int(digits), VERSION_MAX)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(
            "as_of", f"{text!r} is no version, no time as 2026-01-31T12:00:00Z, no session@version"
        ) from None
    if moment.tzinfo is None:
        raise Invalid(
            "as_of", f"{text!r} has no zone: write {moment.isoformat()}Z, or an offset for the Z"
        )
    return moment
