"""Gives a version of a session a name, while the session may move on."""

from typing import Final
from uuid import UUID

from eventlog.log import EventLog
from eventlog.members import StreamAppend
from schema.envelope import Metadata, RecordedEvent
from schema.errors import Invalid, Unavailable, WrongExpectedVersion
from schema.events import CheckpointLabelled
from schema.ids import uuid7
from service.sessions import read_session

TRIES_MAX: Final = 100
"""How often a session may move on while somebody names one of its versions."""


async def label_version(
    log: EventLog,
    session_id: UUID,
    *,
    label: str,
    at: int | None,
    event_id: UUID | None,
    metadata: Metadata,
) -> tuple[RecordedEvent, bool]:
    """The event that says so, and whether it had been there, under its id.

    Without *at*, the last version is named. `Invalid` where the session has no such version.
    """
    for _ in range(TRIES_MAX):
        facts = await read_session(log, session_id)
        for fact in facts:
            if fact.event_id == event_id:
                return fact, True
        last = facts[-1].version
        if at is not None and not 1 <= at <= last:
            raise Invalid("at", f"the session has no version {at}, its last one is {last}")
        event = CheckpointLabelled(label=label, at=last if at is None else at)
        append = StreamAppend(facts[0].stream, last, (event,), (event_id or uuid7(),))
        try:
            await log.append(facts[0].agent_id, append, metadata=metadata)
        except WrongExpectedVersion:
            continue
        (written,) = [f for f in await read_session(log, session_id) if f.version == last + 1]
        return written, False
    raise Unavailable(f"session {session_id} moves on too fast to be labelled: try again", 1.0)
