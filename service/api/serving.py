"""Turns a route into what aiohttp calls: caller let in, request read, answer sent."""

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias
from uuid import UUID

from aiohttp import web

from eventlog.statements import statement
from schema.envelope import Metadata
from schema.errors import NotFound
from schema.ids import checked_agent_id, session_stream
from service.api.door import LOCAL, Caller, Door
from service.api.json_body import read_json
from service.api.origin import PARAMETERS, REQUEST_ID, TRACEPARENT
from service.api.reading import read_body, read_query
from service.api.refusals import Misfit, TooLong, Unreadable
from service.api.repeats import HEADER, reserved
from service.api.route import OPEN, Call, Reply, Route, Stream
from service.api.services import Services
from service.api.streams_sending import sent
from service.api.streams_tickets import ticket_holder
from service.api.writing import response
from service.keys import Scope

AGENT_OF: Final = statement(__package__, "agent_of_session")

SERVICES: Final = web.AppKey("services", Services)
DOOR: Final = web.AppKey("door", Door)

PATH_BYTES_MAX: Final = 8000
"""Of a path and its query."""

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def served(route: Route) -> Handler:
    """What answers at *route*."""

    async def serve(request: web.Request) -> web.StreamResponse:
        if len(request.raw_path) > PATH_BYTES_MAX:
            raise TooLong(f"path and query are longer than {PATH_BYTES_MAX} bytes")
        request[PARAMETERS] = frozenset(route.query.model_fields)
        caller = await _admitted(route, request)
        reply = await route.handler(await _call(route, request, caller))
        if isinstance(reply, Stream):
            return await sent(request, reply, partial(request.app[DOOR].see_still, caller))
        if isinstance(reply, Reply):
            return response(request.method, reply, request.headers.get("If-None-Match"))
        return reply

    return serve


async def _admitted(route: Route, request: web.Request) -> Caller:
    """Who asks, once it is clear that they may."""
    if route.scope == OPEN:
        return LOCAL
    caller = await _known(route, request)
    caller.see_scope(Scope(route.scope))
    if route.of_all:
        caller.see_all()
    await _see_path(caller, request)
    return caller


async def _known(route: Route, request: web.Request) -> Caller:
    """Who asks, by the key or the ticket that they show."""
    ticket = request.query.get("ticket") if route.streamed else None
    if ticket is not None:
        database = request.app[SERVICES].log.database
        return await ticket_holder(database, ticket, request.path.lower(), time.time())
    return await request.app[DOOR].admit(
        request.headers.get("Authorization"), request.headers.get("Host", "")
    )


async def _see_path(caller: Caller, request: web.Request) -> None:
    """Return if the path names an agent and a session that there may be, for this caller.

    What is another agent's is not there for them: they learn nothing of it.
    """
    agent, session = (request.match_info.get(name) for name in ("agent", "session"))
    if agent is not None and not caller.is_for(checked_agent_id(agent)):
        raise NotFound(f"there is no agent {agent}")
    if session is not None:
        id_ = _session_id(session)
        if caller.agents is not None:
            owner = await _owner(request.app[SERVICES], id_)
            if owner is None or not caller.is_for(owner):
                raise NotFound(f"there is no session {id_}")


def _session_id(text: str) -> UUID:
    try:
        session_id = UUID(text)
    except ValueError:
        session_id = None
    if session_id is None or str(session_id) != text.lower():
        raise NotFound(f"there is no session {text!r}: give its whole id")
    return session_id


async def _owner(services: Services, session_id: UUID) -> str | None:
    stream = session_stream(session_id)
    async with services.log.database.acquire() as conn:
        owner: str | None = await conn.fetchval(AGENT_OF, services.log.partition_of(stream), stream)
    return owner


async def _call(route: Route, request: web.Request, caller: Caller) -> Call:
    parameters = _parameters(request)
    query = read_query(route.query, request.query)
    said = await read_json(request)
    if route.body is None and said not in (None, {}):
        raise Unreadable("this route takes no body")
    body = None if route.body is None else read_body(route.body, said)
    return Call(
        services=request.app[SERVICES],
        caller=caller,
        parameters=parameters,
        query=query,
        body=body,
        metadata=Metadata(
            actor=caller.actor,
            correlation_id=request[REQUEST_ID],
            traceparent=request[TRACEPARENT] or None,
        ),
        id=await _reserved(route, request, caller, said),
        if_match=_if_match(route, request),
        last_event_id=request.headers.get("Last-Event-ID") or None,
    )


def _parameters(request: web.Request) -> Mapping[str, str]:
    for name, value in request.match_info.items():
        if "\x00" in value or not value.isprintable():
            raise Misfit([{"parameter": name, "detail": "has characters that none can have"}])
    return dict(request.match_info)


async def _reserved(route: Route, request: web.Request, caller: Caller, said: Any) -> UUID | None:
    key = request.headers.get(HEADER)
    if key is None or not route.repeatable:
        return None
    agent = said.get("agent") if isinstance(said, Mapping) else None
    return await reserved(
        request.app[SERVICES].log.database,
        caller=caller.actor,
        route=f"{route.method} {request.rel_url.raw_path}",
        key=key,
        body=said,
        agent_id=agent if route.path == "/v1/sessions" else None,
    )


def _if_match(route: Route, request: web.Request) -> str | None:
    """The version that a change rests on; one that we would not heed is refused."""
    said = request.headers.get("If-Match")
    if said is None:
        return None
    if not route.conditional:
        detail = "is not heeded by this route: leave it out"
        raise Misfit([{"header": "If-Match", "detail": detail}])
    version = said.strip().removeprefix('"').removesuffix('"')
    if not (version.isascii() and version.isdigit() and len(version) < 19):  # noqa: PLR2004
        detail = 'must be a version as an ETag has it: "3"'
        raise Misfit([{"header": "If-Match", "detail": detail}])
    return version
