"""What is shown of an agent's memory: as it was at a place, with that place's version."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from eventlog.statements import statement
from schema.errors import NotFound
from schema.ids import memory_stream
from service.api.refusals import Misfit
from service.api.route import Call, Reply
from service.memory.coordinates import MEMORY
from service.memory.looking import Episode, Fact, View
from service.mind.coordinates import coordinate_of
from service.mind.writing import Written

EPISODE: Final = statement(__package__, "one_episode")
FACT: Final = statement(__package__, "one_fact")

_UNSHOWN: Final = frozenset({"entry", "call_id", "altered"})


async def view_of(call: Call, as_of: int | str | None) -> View:
    """The agent's memory at *as_of*, once its rows have come as far as the log."""
    log, stream = call.services.log, memory_stream(call.agent)
    version = None
    if as_of is not None:
        place = await coordinate_of(log, MEMORY, call.agent, as_of, datetime.now(UTC))
        version = place.version
    head = await call.services.runtime.memory.level.reach(stream)
    return View(log.partition_of(stream), stream, head if version is None else version)


async def episode_at(call: Call, view: View, episode: UUID) -> Episode:
    """The episode as it was there; `NotFound` where it was not held."""
    async with call.services.log.database.acquire() as conn:
        row = await conn.fetchrow(EPISODE, *view.key, episode)
    if row is None:
        raise NotFound(f"there is no episode {episode} at version {view.version} of this memory")
    return Episode(**row)


async def fact_at(call: Call, view: View, key: str) -> Fact:
    """What stood under *key* there; `NotFound` where nothing did."""
    async with call.services.log.database.acquire() as conn:
        row = await conn.fetchrow(FACT, *view.key, key)
    if row is None:
        raise NotFound(f"nothing stands under {key!r} at version {view.version} of this memory")
    return Fact(**row)


def entry_message(entry: Episode | Fact) -> dict[str, Any]:
    """An episode or a fact, as it is shown."""
    said = msgspec.structs.asdict(entry)
    return {name: value for name, value in said.items() if name not in _UNSHOWN}


def written_message(call: Call, stream: str, written: Written) -> dict[str, Any]:
    """Where a change of a mind went."""
    return {
        "id": str(written.id),
        "version": written.version,
        "token": call.services.token(stream, written.position),
        "evicted": list(written.evicted),
    }


def written_reply(
    call: Call, stream: str, written: Written, *, status: int = 200, **more: Any
) -> Reply:
    """The answer to a change of a mind."""
    return Reply(
        status=status,
        body={**written_message(call, stream, written), **more},
        version=written.version,
        replayed=written.replayed and written.id == call.id,
    )


def as_uuid(text: str, what: str) -> UUID:
    """*text* as an id; `NotFound` where it can be none of *what*."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(f"there is no {what} {text!r}: give its whole id") from None


def see_place(cursor: dict[str, Any] | None, as_of: int | str | None) -> int | str | None:
    """Where a part of a list is read: all of its parts are of one version."""
    if cursor is None:
        return as_of
    if as_of is not None:
        detail = "is told by the cursor: leave it out for the next part"
        raise Misfit([{"parameter": "as_of", "detail": detail}])
    version: int = cursor["version"]
    return version
