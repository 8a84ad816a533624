"""`/v1/agents/{id}/memory/working`: the working memory that an agent's sessions share."""

from typing import Final

import msgspec

from schema.ids import memory_stream
from schema.messages.answers import Listed, NoteAnswer, WrittenAnswer
from schema.messages.http import Past, PutNote
from schema.messages.memory import NoteWorking
from service.api.memory_views import view_of, written_reply
from service.api.reading import read_body
from service.api.route import Call, Reply, Route
from service.keys import Scope
from service.memory import looking

_OF: Final = "/v1/agents/{agent}/memory/working"


async def show_notes(call: Call) -> Reply:
    """In the order of their keys; a session's own notes stand in its state."""
    view = await view_of(call, call.asked(Past).as_of)
    async with call.services.log.database.acquire() as conn:
        found = await looking.working(conn, view)
    data = [msgspec.to_builtins(entry) for entry in found]
    return Reply(
        body={"data": data, "next_cursor": None, "version": view.version}, version=view.version
    )


async def put_note(call: Call) -> Reply:
    """Keep a value; where there are too many, the least recently used goes."""
    said = {"key": call.parameters["key"], "value": call.said(PutNote).value}
    memory = call.services.runtime.memory
    written = await memory.note(call.agent, read_body(NoteWorking, said), call.author)
    return written_reply(call, memory_stream(call.agent), written)


async def remove_note(call: Call) -> Reply:
    """Leave the key without a value."""
    memory = call.services.runtime.memory
    written = await memory.remove_note(call.agent, call.parameters["key"], call.author)
    return written_reply(call, memory_stream(call.agent), written)


ROUTES: Final = (
    Route(
        method="GET",
        path=_OF,
        handler=show_notes,
        scope=Scope.SESSIONS_READ,
        summary="List working memory",
        group="memory",
        query=Past,
        answer=Listed[NoteAnswer],
    ),
    Route(
        method="PUT",
        path=f"{_OF}/{{key}}",
        handler=put_note,
        scope=Scope.MEMORY_WRITE,
        summary="Note something",
        group="memory",
        body=PutNote,
        answer=WrittenAnswer,
    ),
    Route(
        method="DELETE",
        path=f"{_OF}/{{key}}",
        handler=remove_note,
        scope=Scope.MEMORY_WRITE,
        summary="Remove a note",
        group="memory",
        answer=WrittenAnswer,
    ),
)
