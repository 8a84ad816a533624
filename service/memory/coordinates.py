"""Places of a mind: a version of an agent's memory, and the moment from which ages are counted."""

from contextlib import aclosing
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from eventlog.database import Conn
from eventlog.log import EventLog
from eventlog.statements import statement
from schema.envelope import RecordedEvent
from schema.errors import Invalid, NotFound
from schema.events import MemoryRecalled
from schema.ids import memory_stream, session_stream
from schema.ids import session_of as session_id_of

RECORDED_AT: Final = statement(__package__, "recorded_at")
VERSION_AT: Final = statement(__package__, "version_at")
SPACE_AT: Final = statement(__package__, "space_at")

VERSION_MAX: Final = (1 << 63) - 1


class Coordinate(Struct, frozen=True, kw_only=True):
    """A place of a mind."""

    version: int
    """Of the memory's stream; 0 before its first event."""
    at: datetime


async def coordinate_of(log: EventLog, agent_id: str, as_of: int | str, at: datetime) -> Coordinate:
    """The place that *as_of* names; *at* is the moment of version 0, which has none of its own.

    A version has the moment at which it was recorded; a time, the version that memory had then;
    `session@version`, what that session's last recall up to there rested on. `NotFound` where
    there is no such place, `Invalid` where *as_of* is none of these.
    """
    text = str(as_of)
    if text.isascii() and text.isdigit():
        return await _of_version(log, agent_id, _whole(text), at)
    session, is_step, version = text.rpartition("@")
    if is_step:
        return await _of_step(log, agent_id, session, version)
    return await _of_time(log, agent_id, _moment(text))


async def space_at(conn: Conn, partition: int, stream: str, version: int) -> Any:
    """The row of the space that was active then: `space`, `model`, `dimensions`; None for none."""
    return await conn.fetchrow(SPACE_AT, partition, stream, version)


async def _of_version(log: EventLog, agent_id: str, version: int, at: datetime) -> Coordinate:
    stream = memory_stream(agent_id)
    if version == 0:
        return Coordinate(version=0, at=at)
    async with log.database.acquire() as conn:
        recorded_at = await conn.fetchval(RECORDED_AT, log.partition_of(stream), stream, version)
    if recorded_at is None:
        raise NotFound(f"the memory of {agent_id} has no version {version} yet")
    return Coordinate(version=version, at=recorded_at)


async def _of_time(log: EventLog, agent_id: str, at: datetime) -> Coordinate:
    stream = memory_stream(agent_id)
    async with log.database.acquire() as conn:
        version = await conn.fetchval(VERSION_AT, log.partition_of(stream), stream, at)
    return Coordinate(version=version or 0, at=at)


async def _of_step(log: EventLog, agent_id: str, session: str, version: str) -> Coordinate:
    """What the session had recalled from by *version*; before any recall, what it could have."""
    if not (version.isascii() and version.isdigit()):
        raise Invalid("as_of", f"{version!r} is no version of a session: give session@version")
    stream = session_stream(session_id_of(f"session-{session.removeprefix('session-')}"))
    last: RecordedEvent | None = None
    recalled: MemoryRecalled | None = None
    async with aclosing(log.read_stream(stream, up_to=_whole(version))) as blocks:
        async for block in blocks:
            for fact in block:
                last = fact
                if isinstance(fact.event, MemoryRecalled):
                    recalled = fact.event
    if last is None or last.version != _whole(version):
        raise NotFound(f"session {session} has no version {version}")
    if last.agent_id != agent_id:
        raise NotFound(f"session {session} is another agent's: {last.agent_id}")
    if recalled is not None:
        return Coordinate(version=recalled.version, at=recalled.at)
    return await _of_time(log, agent_id, last.recorded_at)


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
        raise Invalid("as_of", f"{text!r} has no zone: write {text}Z, or an offset")
    return moment
