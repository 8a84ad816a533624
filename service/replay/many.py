"""Verifies many sessions: an agent's, those of some time, or all that the log holds."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from msgspec import Struct, field

from eventlog.log import EventLog
from eventlog.statements import statement
from schema.ids import checked_agent_id, partition_of, session_of
from service.replay.past import read_past, verified
from service.replay.report import Checked, Difference, Report

SESSIONS_BETWEEN: Final = statement(__package__, "sessions_between")

PAGE: Final = 500
FIRST: Final = "session-"
LAST: Final = "session-g"
"""Behind every hexadecimal digit."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS: Final = 1000


class Wanted(Struct, frozen=True, kw_only=True):
    """Which sessions: by their agent, and by when they began."""

    agent_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Verified(Struct, frozen=True, kw_only=True):
    """What verifying one of many found."""

    session: UUID
    report: Report


class Summary(Struct, kw_only=True):
    """What verifying many came to."""

    sessions: int = 0
    different: int = 0
    checked: Checked = field(default_factory=Checked)

    def add(self, difference: Difference | None, checked: Checked) -> None:
        """Count one more."""
        self.sessions += 1
        self.different += difference is not None
        mine = self.checked
        self.checked = Checked(
            events=mine.events + checked.events,
            decisions=mine.decisions + checked.decisions,
            inputs=mine.inputs + checked.inputs,
            prompts=mine.prompts + checked.prompts,
            erased=mine.erased + checked.erased,
        )


async def verify_many(log: EventLog, wanted: Wanted) -> AsyncIterator[Verified]:
    """Each session that is wanted, the oldest of a partition first, one at a time."""
    async for session_id in sessions_wanted(log, wanted):
        past = await read_past(log, session_id)
        report = past if isinstance(past, Report) else verified(past, len(past.facts))
        yield Verified(session=session_id, report=report)


async def sessions_wanted(log: EventLog, wanted: Wanted) -> AsyncIterator[UUID]:
    """By what the log itself holds, whatever its rows say."""
    partitions = range(log.partitions)
    if wanted.agent_id is not None:
        own = partition_of(checked_agent_id(wanted.agent_id), log.partitions)
        partitions = range(own, own + 1)
    since, until = _name(wanted.since, FIRST), _name(wanted.until, LAST)
    for partition in partitions:
        after = ""
        while page := await _page(log, partition, after, since, until, wanted.agent_id):
            for stream in page:
                yield session_of(stream)
            after = page[-1]


async def _page(
    log: EventLog, partition: int, after: str, since: str, until: str, agent_id: str | None
) -> list[str]:
    async with log.database.acquire() as conn:
        rows = await conn.fetch(SESSIONS_BETWEEN, partition, after, since, until, agent_id, PAGE)
    return [row["stream"] for row in rows]


def _name(moment: datetime | None, default: str) -> str:
    """Where the names of sessions begin that began at *moment*: ids start with their time."""
    if moment is None:
        return default
    milliseconds = max(0, int((moment - _EPOCH).total_seconds() * _MILLISECONDS))
    digits = f"{milliseconds:012x}"
    return f"{FIRST}{digits[:8]}-{digits[8:]}"
