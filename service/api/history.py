"""`/v1/sessions/{id}/…`: a session's events, states and checkpoints, and the proof."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from eventlog.log import EventLog
from eventlog.tokens import to_token
from schema.envelope import RecordedEvent
from schema.errors import NotFound
from schema.ids import session_stream
from schema.messages.answers import (
    CheckpointAnswer,
    EventAnswer,
    ListOf,
    StateAnswer,
    VerifiedAnswer,
)
from schema.messages.http import LabelVersion, ReadEvents, ReadState
from service.agent.session import fold
from service.api.labelling import label_version
from service.api.route import Call, Empty, Reply, Route
from service.api.session_views import checkpoint, checkpoints, state_message
from service.api.shapes import event_message
from service.keys import Scope
from service.replay.past import Past, read_past, verified
from service.replay.states import version_at
from service.sessions import head_of, read_session


async def show_events(call: Call) -> Reply:
    """The session's events behind version `after`; `next_cursor` is the next `after`."""
    asked, log = call.asked(ReadEvents), call.services.log
    head = await head_of(log, call.session)
    if head == 0:
        raise NotFound(f"there is no session {call.session}")
    facts = await _block(log, call.session, asked.after, min(head, asked.after + asked.limit))
    last = facts[-1].version if facts else asked.after
    data = [event_message(f, to_token(log.epoch, {f.partition: f.position})) for f in facts]
    return Reply(body={"data": data, "next_cursor": str(last) if last < head else None})


async def _block(
    log: EventLog, session_id: UUID, after: int, up_to: int
) -> Sequence[RecordedEvent]:
    """The first block of them: no answer is larger than one."""
    async for block in log.read_stream(session_stream(session_id), after=after, up_to=up_to):
        return block
    return ()


async def show_state(call: Call) -> Reply:
    """All that the session's events add up to, up to a version or a label."""
    at = call.asked(ReadState).at
    facts = await read_session(call.services.log, call.session)
    place = int(at) if at is not None and at.isascii() and at.isdigit() else at
    seen = facts[: version_at(facts, place)]
    if not seen:
        raise NotFound("before its first event a session has no state")
    state = fold(fact.event for fact in seen)
    return Reply(body=state_message(seen, state), version=state.version)


async def label_checkpoint(call: Call) -> Reply:
    """Give a version a name, by which states are found."""
    said = call.said(LabelVersion)
    fact, replayed = await label_version(
        call.services.log,
        call.session,
        label=said.label,
        at=said.at,
        event_id=call.id,
        metadata=call.metadata,
    )
    return Reply(status=201, body=checkpoint(fact), version=fact.version, replayed=replayed)


async def show_checkpoints(call: Call) -> Reply:
    """The names that versions were given, the oldest first."""
    facts = await read_session(call.services.log, call.session)
    return Reply(body={"data": checkpoints(facts), "next_cursor": None})


async def verify_session(call: Call) -> Reply:
    """Whether the session is what its rules make of it, byte by byte; nothing runs for it."""
    past = await read_past(call.services.log, call.session)
    if isinstance(past, Past):
        report = await asyncio.to_thread(verified, past, len(past.facts))
    else:
        report = past
    difference = report.difference
    body: dict[str, Any] = {
        "verified": difference is None,
        "checked": msgspec.to_builtins(report.checked),
        "difference": None if difference is None else msgspec.to_builtins(difference),
    }
    return Reply(body=body)


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/sessions/{session}/events",
        handler=show_events,
        scope=Scope.SESSIONS_READ,
        summary="List a session's events",
        group="sessions",
        query=ReadEvents,
        answer=ListOf[EventAnswer],
    ),
    Route(
        method="GET",
        path="/v1/sessions/{session}/state",
        handler=show_state,
        scope=Scope.SESSIONS_READ,
        summary="Show a session's state at any version",
        group="sessions",
        query=ReadState,
        answer=StateAnswer,
    ),
    Route(
        method="POST",
        path="/v1/sessions/{session}/checkpoints",
        handler=label_checkpoint,
        scope=Scope.SESSIONS_WRITE,
        summary="Label a version of a session",
        group="sessions",
        body=LabelVersion,
        answer=CheckpointAnswer,
        status=201,
        repeatable=True,
    ),
    Route(
        method="GET",
        path="/v1/sessions/{session}/checkpoints",
        handler=show_checkpoints,
        scope=Scope.SESSIONS_READ,
        summary="List a session's checkpoints",
        group="sessions",
        answer=ListOf[CheckpointAnswer],
    ),
    Route(
        method="POST",
        path="/v1/sessions/{session}/verify",
        handler=verify_session,
        scope=Scope.AUDIT_READ,
        summary="Verify a session against its rules",
        group="sessions",
        body=Empty,
        answer=VerifiedAnswer,
    ),
)
