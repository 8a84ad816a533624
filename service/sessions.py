"""Finds sessions: by what a person types, in a list, and in the log itself."""

import re
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from eventlog.log import EventLog
from eventlog.read import EVERYTHING
from eventlog.statements import statement
from schema.envelope import RecordedEvent
from schema.errors import Invalid, NotFound
from schema.ids import session_stream
from service.lineage import read_lineage

FIND: Final = statement(__package__, "find_sessions")
LIST: Final = statement(__package__, "list_sessions")
NEWEST: Final = statement(__package__, "newest_session")
BEHIND: Final = statement("eventlog", "partitions_behind")
HEAD: Final = statement(__package__, "head_of_stream")

NAMED_MAX: Final = 6
"""How many of the sessions that a part of an id fits are told."""
LISTED_MAX: Final = 10_000
SHORT: Final = 8
"""Characters at an id's end that people are shown: those at its start are the time's."""

PART: Final = re.compile(r"[0-9a-f-]{3,35}")
WHOLE: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class SessionRow:
    """One session, as far as the projection has come; texts may have been erased."""

    partition: int
    id: UUID
    agent_id: str
    status: str
    prompt: str | None
    model: str | None
    answer: str | None
    cause: str | None
    detail: str | None
    version: int
    steps: int
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    cost: float | None = None
    """In dollars; None where a price is not known, or the rows don't tell."""


async def find_session(log: EventLog, name: str) -> UUID:
    """The session that *name* means: its id, a part at either end of it, or `last`.

    `NotFound` where there is none, `Invalid` where there are several.
    """
    if name == "last":
        return await _newest(log)
    part = name.lower().removeprefix("session-")
    if WHOLE.fullmatch(part):
        return UUID(part)  # Whether there is one, reading it will tell.
    found = await _named(log, part) if PART.fullmatch(part) else []
    if not found:
        raise NotFound(f"there is no session {name!r}: `agent-runtime sessions` lists them")
    if len(found) > 1:
        named = ", ".join(str(session_id)[-SHORT:] for session_id in found)
        raise Invalid("session", f"{name!r} fits several, give more of it: {named}")
    return found[0]


async def list_sessions(log: EventLog, limit: int) -> Sequence[SessionRow]:
    """The newest sessions, the newest first, as projected so far."""
    if not 1 <= limit <= LISTED_MAX:
        raise Invalid("limit", f"{limit} is not between 1 and {LISTED_MAX}")
    async with log.database.acquire() as conn:
        return [SessionRow(**row) for row in await conn.fetch(LIST, limit)]


async def read_session(
    log: EventLog, session_id: UUID, *, up_to: int = EVERYTHING
) -> list[RecordedEvent]:
    """The session's events up to version *up_to*, from the log; `NotFound` where there are none.

    A fork's begin with those of its parent.
    """
    async with aclosing(read_lineage(log, session_id, up_to=up_to)) as read:
        facts = [fact async for fact in read]
    if not facts:
        raise NotFound(f"there is no session {session_id}")
    return facts


async def head_of(log: EventLog, session_id: UUID) -> int:
    """The version that the session has come to by its stream's own account; 0 without events."""
    stream = session_stream(session_id)
    async with log.database.acquire() as conn:
        return int(await conn.fetchval(HEAD, log.partition_of(stream), stream) or 0)


async def is_behind(log: EventLog, projection: str) -> bool:
    """Whether *projection* has yet to apply events."""
    async with log.database.acquire() as conn:
        return bool(await conn.fetch(BEHIND, projection))


async def _newest(log: EventLog) -> UUID:
    async with log.database.acquire() as conn:
        found = await conn.fetchval(NEWEST)
    if found is None:
        raise NotFound("there is no session yet: `agent-runtime run` starts one")
    return UUID(found)


async def _named(log: EventLog, part: str) -> list[UUID]:
    async with log.database.acquire() as conn:
        rows = await conn.fetch(FIND, part, NAMED_MAX)
    return [UUID(row["id"]) for row in rows]
