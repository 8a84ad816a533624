"""`…/stream`: a session, or the whole log, followed live over server-sent events."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from eventlog.heads import heads_of
from eventlog.tokens import from_token
from schema.errors import TokenRefused
from schema.messages.answers import TicketAnswer
from schema.messages.http import AskTicket, FollowLog, FollowSession
from service.agent.session import Status
from service.api.refusals import Misfit
from service.api.route import Call, Reply, Route, Stream
from service.api.session_views import shown_session
from service.api.streams_tickets import ticket_for
from service.keys import Scope

MEDIA: Final = "text/event-stream"
NOW: Final = "now"
VERSION_DIGITS_MAX: Final = 16
_ENDED: Final = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})


async def follow_session(call: Call) -> Stream:
    """Every event of the session, old or new, then `done` with how it ended.

    Each has its version as `id`; `Last-Event-ID`, or `after`, goes on behind one. What the model is
    saying comes between them without an id, as `thinking` and `delta`, where it is asked by the
    process that answers.
    """
    live = call.services.live
    live.see_room()
    after = _version(call)
    shown = await shown_session(call.services.log, call.session)
    if after > shown["version"]:
        detail = f"the session has no version {after}, its last one is {shown['version']}"
        raise TokenRefused(detail)
    ended = Status(shown["status"]) in _ENDED
    return Stream(live.follow_session(call.session, after, ended=ended))


def _version(call: Call) -> int:
    said = call.last_event_id
    if said is None:
        return call.asked(FollowSession).after
    if not (said.isascii() and said.isdigit() and len(said) < VERSION_DIGITS_MAX):
        raise Misfit([{"header": "Last-Event-ID", "detail": "must be a version of the session"}])
    return int(said)


async def follow_log(call: Call) -> Stream:
    """Every event of the log, old or new, for ever; each has as `id` the token to go on behind."""
    live, log = call.services.live, call.services.log
    live.see_room()
    token = call.last_event_id or call.asked(FollowLog).after
    if token == NOW:
        return Stream(live.follow_log(None))
    async with log.database.acquire() as conn:
        heads = await heads_of(conn)
    positions = dict.fromkeys(heads, 0)
    if token is not None:
        positions |= from_token(token, epoch=log.epoch, heads=heads)
    return Stream(live.follow_log(positions))


async def let_follow_session(call: Call) -> Reply:
    """An address to follow the session at, for who can send no headers: a browser's EventSource."""
    return await _address(call, f"/v1/sessions/{call.session}/stream")


async def let_follow_log(call: Call) -> Reply:
    """An address to follow the log at, for who can send no headers: a browser's EventSource."""
    return await _address(call, "/v1/events/stream")


async def _address(call: Call, stream: str) -> Reply:
    expires_s = int(time.time()) + call.said(AskTicket).ttl_s
    query = ""
    if call.caller.key is not None:
        database = call.services.log.database
        query = f"?ticket={await ticket_for(database, call.caller.key, stream, expires_s)}"
    expires_at = datetime.fromtimestamp(expires_s, UTC)
    return Reply(status=201, body={"url": f"{stream}{query}", "expires_at": expires_at})


_OF: Final[Mapping[str, str]] = {
    "session": "/v1/sessions/{session}/stream",
    "log": "/v1/events/stream",
}

ROUTES: Final = (
    Route(
        method="GET",
        path=_OF["session"],
        handler=follow_session,
        scope=Scope.SESSIONS_READ,
        summary="Follow a session",
        group="sessions",
        query=FollowSession,
        media=MEDIA,
        streamed=True,
    ),
    Route(
        method="POST",
        path=f"{_OF['session']}/ticket",
        handler=let_follow_session,
        scope=Scope.SESSIONS_READ,
        summary="Get a ticket to follow a session",
        group="sessions",
        body=AskTicket,
        answer=TicketAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path=_OF["log"],
        handler=follow_log,
        scope=Scope.AUDIT_READ,
        summary="Follow the whole log",
        group="log",
        query=FollowLog,
        media=MEDIA,
        of_all=True,
        streamed=True,
    ),
    Route(
        method="POST",
        path=f"{_OF['log']}/ticket",
        handler=let_follow_log,
        scope=Scope.AUDIT_READ,
        summary="Get a ticket to follow the whole log",
        group="log",
        body=AskTicket,
        answer=TicketAnswer,
        status=201,
        of_all=True,
    ),
)
