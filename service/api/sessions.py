"""`/v1/sessions`: runs of agents, started and looked at."""

from typing import Final
from uuid import UUID

from eventlog.heads import heads_of
from eventlog.progress import wait_until
from eventlog.tokens import from_token
from schema.errors import LeaseHeld, Unavailable, WrongExpectedVersion
from schema.ids import checked_agent_id
from schema.messages.answers import ListOf, SessionAnswer, StartedAnswer
from schema.messages.http import ListSessions
from schema.messages.sessions import StartSession
from service.agent.session import fold
from service.api.paging import from_cursor, page
from service.api.refusals import Misfit
from service.api.route import Call, Reply, Route
from service.api.services import Services
from service.api.session_views import listed_sessions, of_facts, shown_session
from service.keys import Scope
from service.sessions import head_of, read_session

AT_LEAST_TIMEOUT_S: Final = 5.0
"""How long a reader waits for the rows to tell of a write."""
STARTING: Final = "the same request is under way elsewhere: try again"


async def start_session(call: Call) -> Reply:
    """Begin a run of an agent, and drive it; the answer comes at once, with what there is by then.

    `Idempotency-Key`: sent again with the same one, the session of the first time is answered.
    """
    command = call.said(StartSession)
    call.caller.see_agent(command.agent)
    session_id, replayed = await _begun(call, command)
    facts = await read_session(call.services.log, session_id)
    state = fold(fact.event for fact in facts)
    token = call.services.token(facts[0].stream, facts[0].position)
    return Reply(
        status=201,
        body={**of_facts(facts, state), "token": token},
        version=state.version,
        location=f"/v1/sessions/{session_id}",
        replayed=replayed,
    )


async def _begun(call: Call, command: StartSession) -> tuple[UUID, bool]:
    """The session's id, and whether it had been begun before."""
    services, actor = call.services, call.caller.actor
    if call.id is None:
        return await services.supervisor.start(command, actor=actor), False
    async with services.begun.lane(str(call.id)):
        if await head_of(services.log, call.id):
            return call.id, True
        try:
            await services.supervisor.start(command, actor=actor, session_id=call.id)
        except (LeaseHeld, WrongExpectedVersion):
            if not await head_of(services.log, call.id):
                raise Unavailable(STARTING, 1.0) from None
            return call.id, True
        return call.id, False


async def show_sessions(call: Call) -> Reply:
    """The newest first, as far as their rows have come; `at_least` waits until they have."""
    asked = call.asked(ListSessions)
    before = from_cursor(asked.cursor, before=str)["before"] if asked.cursor else None
    if asked.at_least is not None:
        await _see_written(call.services, asked.at_least)
    found = await listed_sessions(
        call.services.log,
        before=None if before is None else _id(before),
        agents=_agents(call, asked.agent),
        status=asked.status,
        limit=asked.limit + 1,
    )
    return Reply(body=page(found, asked.limit, lambda one: {"before": str(one["id"])}))


def _agents(call: Call, asked: str | None) -> list[str] | None:
    """The agents whose sessions are shown; None for all."""
    if asked is not None:
        return [asked] if call.caller.is_for(checked_agent_id(asked)) else []
    ours = call.caller.agents
    return None if ours is None else list(ours)


async def _see_written(services: Services, token: str) -> None:
    async with services.log.database.acquire() as conn:
        heads = await heads_of(conn)
    positions = from_token(token, epoch=services.log.epoch, heads=heads)
    await wait_until(
        services.log.database,
        services.runners["sessions"],
        positions,
        timeout_s=AT_LEAST_TIMEOUT_S,
    )


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Misfit([{"parameter": "cursor", "detail": "is no cursor of this list"}]) from None


async def show_session(call: Call) -> Reply:
    """How the session stands, by all that the log holds."""
    shown = await shown_session(call.services.log, call.session)
    return Reply(body=shown, version=shown["version"])


ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/sessions",
        handler=start_session,
        scope=Scope.SESSIONS_WRITE,
        summary="Start a session",
        group="sessions",
        body=StartSession,
        answer=StartedAnswer,
        status=201,
        repeatable=True,
    ),
    Route(
        method="GET",
        path="/v1/sessions",
        handler=show_sessions,
        scope=Scope.SESSIONS_READ,
        summary="List sessions",
        group="sessions",
        query=ListSessions,
        answer=ListOf[SessionAnswer],
    ),
    Route(
        method="GET",
        path="/v1/sessions/{session}",
        handler=show_session,
        scope=Scope.SESSIONS_READ,
        summary="Show a session",
        group="sessions",
        answer=SessionAnswer,
    ),
)
