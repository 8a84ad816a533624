"""Finds the place of a mind that a person means."""

from eventlog.log import EventLog
from service.sessions import find_session


async def place_of(log: EventLog, text: str) -> str:
    """*text*, with a session that a person names by a part of its id, or as the last, in full."""
    session, is_step, version = text.rpartition("@")
    if not is_step:
        return text
    return f"{await find_session(log, session)}@{version}"
