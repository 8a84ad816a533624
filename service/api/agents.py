"""`/v1/agents`: what agents are defined as."""

from contextlib import aclosing
from typing import Any, Final

import msgspec

from schema.errors import WrongExpectedVersion
from schema.events import AgentDefined
from schema.ids import agent_stream
from schema.messages.agents import DefineAgent
from schema.messages.answers import AgentAnswer, DefinedAnswer, ListOf
from schema.messages.http import Page
from service.api.paging import from_cursor, page
from service.api.refusals import Changed
from service.api.route import Call, Reply, Route
from service.definitions import LISTED_MAX, Definition, definition_at, list_agents
from service.keys import Scope


async def define_agent(call: Call) -> Reply:
    """What stands under this id from here on; sessions that have begun keep what they began with.

    `If-Match` names the version that the caller has seen: where another one stands, nothing is
    changed. The same definition again is no new version.
    """
    rests_on = None if call.if_match is None else int(call.if_match)
    try:
        definition = await call.services.runtime.define_agent(
            call.agent, call.said(DefineAgent), actor=call.caller.actor, rests_on=rests_on
        )
    except WrongExpectedVersion as error:
        if rests_on is None:
            raise
        raise Changed(f"agent {call.agent} is at version {error.actual}") from None
    return _reply(definition)


async def show_agent(call: Call) -> Reply:
    """The newest definition."""
    return _reply(await definition_at(call.services.log, call.agent, None))


async def show_agents(call: Call) -> Reply:
    """Every agent that the log knows of, by name."""
    asked = call.asked(Page)
    after = from_cursor(asked.cursor, id=str)["id"] if asked.cursor else ""
    known = await list_agents(call.services.log, LISTED_MAX)
    ours = [
        {
            "id": one.agent_id,
            "definitions": one.definitions,
            "memories": one.memories,
            "sessions": one.sessions,
        }
        for one in known
        if one.agent_id > after and call.caller.is_for(one.agent_id)
    ]
    return Reply(body=page(ours, asked.limit, lambda one: {"id": one["id"]}))


async def show_versions(call: Call) -> Reply:
    """Every definition that there was, the oldest first."""
    asked = call.asked(Page)
    after = from_cursor(asked.cursor, version=int)["version"] if asked.cursor else 0
    found: list[dict[str, Any]] = []
    blocks = call.services.log.read_stream(agent_stream(call.agent), after=after)
    async with aclosing(blocks):
        async for block in blocks:
            found += [
                _definition(Definition(fact=fact, defined=fact.event))
                for fact in block
                if isinstance(fact.event, AgentDefined)
            ]
            if len(found) > asked.limit:
                break
    return Reply(body=page(found, asked.limit, lambda one: {"version": one["version"]}))


def _reply(definition: Definition) -> Reply:
    return Reply(body=_definition(definition), version=definition.version)


def _definition(definition: Definition) -> dict[str, Any]:
    return {
        "id": definition.fact.agent_id,
        "version": definition.version,
        "recorded_at": definition.fact.recorded_at,
        "definition": {**_whole(definition.defined), "max_iterations": None},
    }


def _whole(shape: Any) -> Any:
    """All that *shape* says, defaults too."""
    if isinstance(shape, msgspec.Struct):
        return {name: _whole(inner) for name, inner in msgspec.structs.asdict(shape).items()}
    return shape


ROUTES: Final = (
    Route(
        method="PUT",
        path="/v1/agents/{agent}",
        handler=define_agent,
        scope=Scope.ADMIN,
        summary="Define an agent",
        group="agents",
        body=DefineAgent,
        answer=DefinedAnswer,
        conditional=True,
    ),
    Route(
        method="GET",
        path="/v1/agents/{agent}",
        handler=show_agent,
        scope=Scope.SESSIONS_READ,
        summary="Show an agent's definition",
        group="agents",
        answer=DefinedAnswer,
    ),
    Route(
        method="GET",
        path="/v1/agents",
        handler=show_agents,
        scope=Scope.SESSIONS_READ,
        summary="List agents",
        group="agents",
        query=Page,
        answer=ListOf[AgentAnswer],
    ),
    Route(
        method="GET",
        path="/v1/agents/{agent}/versions",
        handler=show_versions,
        scope=Scope.SESSIONS_READ,
        summary="List an agent's definitions",
        group="agents",
        query=Page,
        answer=ListOf[DefinedAnswer],
    ),
)
