"""A service in place of the database: what commands read of it, in the shapes that they print."""

import re
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar
from uuid import UUID

import msgspec

from schema import events, json_text
from schema.envelope import Metadata, RecordedEvent
from schema.errors import Invalid, NotFound
from schema.messages.answers import EventAnswer, SessionAnswer
from service.config import Settings
from service.sessions import NAMED_MAX, PART, SHORT, WHOLE

if TYPE_CHECKING:  # It brings httpx along, which only who asks a service needs.
    from service.client import Client

T = TypeVar("T")

RemoteWork: TypeAlias = "Callable[[Client], Coroutine[Any, Any, int]]"
"""What a command does against a service, with everything it was told bound into it."""

LOOKED_THROUGH_MAX: Final = 2000
"""Among so many of the newest sessions, one is found by a part of its id."""
_POSITION: Final = 0
"""Of an event of a service: only its token is known."""


async def remotely(work: RemoteWork, settings: Settings) -> int:
    """What came of *work* on the service that *settings* name."""
    from service.client import open_client

    assert settings.url is not None  # noqa: S101 - who calls has looked.
    key = None if settings.api_key is None else settings.api_key.get_secret_value()
    async with open_client(settings.url, key=key) as client:
        return await work(client)


async def find_session(client: "Client", name: str) -> UUID:
    """The session that *name* means: its id, a part at either end of it, or `last`."""
    part = name.lower().removeprefix("session-")
    if re.fullmatch(WHOLE, part):
        return UUID(part)
    if name == "last":
        newest = await taken(client.sessions(), 1)
        if not newest:
            raise NotFound("there is no session yet: `agent-runtime run` starts one")
        return newest[0].id
    named = [one.id for one in await _named(client, part)] if re.fullmatch(PART, part) else []
    if not named:
        raise NotFound(f"there is no session {name!r}: `agent-runtime sessions` lists them")
    if len(named) > 1:
        fitting = ", ".join(str(id_)[-SHORT:] for id_ in named[:NAMED_MAX])
        raise Invalid("session", f"{name!r} fits several, give more of it: {fitting}")
    return named[0]


async def _named(client: "Client", part: str) -> list[SessionAnswer]:
    newest = await taken(client.sessions(), LOOKED_THROUGH_MAX)
    return [one for one in newest if str(one.id).startswith(part) or str(one.id).endswith(part)]


async def taken(items: AsyncGenerator[T, None], limit: int) -> list[T]:
    """The first *limit* of *items*."""
    found: list[T] = []
    async with aclosing(items) as rest:
        async for item in rest:
            found.append(item)
            if len(found) >= limit:
                break
    return found


async def read_session(client: "Client", session_id: UUID) -> list[RecordedEvent]:
    """All its events, as the log has them; `NotFound` where there are none."""
    session = await client.session(session_id)
    facts: list[RecordedEvent] = []
    async with aclosing(client.follow(session_id)) as followed:  # A fork's tells its past too.
        async for one in followed:
            if one.event is not None:
                facts.append(recorded(one.event, session.agent or ""))
            if one.done is not None or (facts and facts[-1].version >= session.version):
                break
    return facts


def recorded(event: EventAnswer, agent_id: str) -> RecordedEvent:
    """*event* as the log has it, but for its place there."""
    data = None if event.data is None else json_text.encode(event.data)
    return RecordedEvent(
        0,
        _POSITION,
        agent_id,
        event.stream,
        event.version,
        event.id,
        event.type,
        event.schema_version,
        events.decode(event.type, event.schema_version, data),
        msgspec.convert(event.metadata, Metadata),
        event.recorded_at,
    )
