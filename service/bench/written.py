"""Sessions written straight into the log, for benches that only read."""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from eventlog.log import EventLog
from eventlog.members import StreamAppend
from schema.envelope import Metadata
from schema.events import Event
from schema.ids import new_session_id, session_stream
from service.bench.facts import EVENT_BYTES, whole_session

AGENT: Final = "bench"
APPEND_EVENTS: Final = 250
WRITERS: Final = 16
METADATA: Final = Metadata(actor="loop")


async def write_sessions(log: EventLog, events: int, *, steps: int) -> int:
    """Whole sessions of *steps* steps each, at least *events* events; how many those are."""
    facts = list(whole_session(steps, EVENT_BYTES))
    sessions = -(-events // len(facts))
    places = asyncio.Semaphore(WRITERS)

    async def one() -> None:
        async with places:
            await write_session(log, facts)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(sessions):
            tasks.create_task(one())
    return sessions * len(facts)


async def write_session(log: EventLog, facts: Sequence[Event]) -> UUID:
    """A session with these events; its id."""
    session_id = new_session_id(AGENT)
    stream = session_stream(session_id)
    for version in range(0, len(facts), APPEND_EVENTS):
        append = StreamAppend(stream, version, facts[version : version + APPEND_EVENTS], epoch=1)
        await log.append(AGENT, append, metadata=METADATA)
    return session_id
