"""`/v1/tools` and `/v1/projections`: what agents may use, how far read models have come."""

from typing import Final

import msgspec

from eventlog.progress import status
from schema.messages.answers import ListOf, ProjectionAnswer, ToolAnswer
from service.api.route import Call, Reply, Route
from service.keys import Scope
from service.projections import PROJECTIONS


async def show_tools(call: Call) -> Reply:
    """Every tool that sessions may be given."""
    data = [
        {
            "name": tool.spec.name,
            "description": tool.spec.description,
            "parameters": msgspec.to_builtins(tool.spec.parameters),
            "effect": tool.spec.effect.value,
        }
        for tool in call.services.runtime.tools
    ]
    return Reply(body={"data": data, "next_cursor": None})


async def show_projections(call: Call) -> Reply:
    """A line for each read model and each partition of the log."""
    async with call.services.log.database.acquire() as conn:
        rows = await status(conn, list(PROJECTIONS))
    data = [
        {
            "projection": row.projection,
            "partition": row.partition,
            "position": row.position,
            "head": row.head,
            "lag": row.lag,
            "parked": list(row.parked),
        }
        for row in rows
    ]
    return Reply(body={"data": data, "next_cursor": None})


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/tools",
        handler=show_tools,
        scope=Scope.SESSIONS_READ,
        summary="List tools",
        group="operating",
        answer=ListOf[ToolAnswer],
    ),
    Route(
        method="GET",
        path="/v1/projections",
        handler=show_projections,
        scope=Scope.AUDIT_READ,
        summary="Show how far read models have come",
        group="operating",
        answer=ListOf[ProjectionAnswer],
        of_all=True,
    ),
)
