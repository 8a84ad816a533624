"""`/v1/agents/{id}/memory`: episodes and facts, and finding them."""

from typing import Any, Final

import msgspec

from schema.ids import memory_stream
from schema.messages.answers import (
    EpisodeAnswer,
    FactAnswer,
    FoundAnswer,
    Listed,
    WrittenAnswer,
    WrittenItemAnswer,
)
from schema.messages.http import Past, PastPage, PinEpisode, PutFact, Removal
from schema.messages.memory import RememberEpisode, SearchMemory, StoreFact
from service.api.memory_views import (
    as_uuid,
    entry_message,
    episode_at,
    fact_at,
    see_place,
    view_of,
    written_reply,
)
from service.api.paging import from_cursor, page
from service.api.reading import read_body
from service.api.route import Call, Reply, Route
from service.keys import Scope
from service.memory import looking
from service.mind.writing import Written

BEYOND: Final = 2**62
"""Behind every entry."""


async def show_episodes(call: Call) -> Reply:
    """The newest first."""
    asked = call.asked(PastPage)
    cursor = from_cursor(asked.cursor, version=int, before=int) if asked.cursor else None
    view = await view_of(call, see_place(cursor, asked.as_of))
    before = BEYOND if cursor is None else cursor["before"]
    async with call.services.log.database.acquire() as conn:
        found = await looking.episodes(conn, view, asked.limit + 1, before=before)
    entries = {one.id: one.entry for one in found}
    part = page(
        [entry_message(one) for one in found],
        asked.limit,
        lambda one: {"version": view.version, "before": entries[one["id"]]},
    )
    return Reply(body={**part, "version": view.version}, version=view.version)


async def remember_episode(call: Call) -> Reply:
    """Remember what happened; where the agent holds as many as it may, others go for it."""
    memory = call.services.runtime.memory
    written = await memory.remember(call.agent, call.said(RememberEpisode), call.author)
    return await _with_item(call, written, 201)


async def _with_item(call: Call, written: Written, status: int) -> Reply:
    view = await view_of(call, written.version)
    item = entry_message(await episode_at(call, view, written.id))
    return written_reply(call, view.stream, written, status=status, item=item)


async def show_episode(call: Call) -> Reply:
    """One episode, as it is or was."""
    view = await view_of(call, call.asked(Past).as_of)
    found = await episode_at(call, view, as_uuid(call.parameters["episode"], "episode"))
    return Reply(body=entry_message(found), version=view.version)


async def pin_episode(call: Call) -> Reply:
    """Say whether it may be evicted."""
    episode = str(as_uuid(call.parameters["episode"], "episode"))
    pinned = call.said(PinEpisode).pinned
    memory = call.services.runtime.memory
    written = await memory.pin(call.agent, episode, call.author, pinned=pinned)
    return written_reply(call, memory_stream(call.agent), written)


async def forget_episode(call: Call) -> Reply:
    """Forget it; the log keeps that it was, and why it went."""
    episode = str(as_uuid(call.parameters["episode"], "episode"))
    reason = call.asked(Removal).reason
    memory = call.services.runtime.memory
    written = await memory.forget(call.agent, episode, call.author, reason=reason)
    return written_reply(call, memory_stream(call.agent), written)


async def show_facts(call: Call) -> Reply:
    """In the order of their keys."""
    asked = call.asked(PastPage)
    cursor = from_cursor(asked.cursor, version=int, after=str) if asked.cursor else None
    view = await view_of(call, see_place(cursor, asked.as_of))
    after = "" if cursor is None else cursor["after"]
    async with call.services.log.database.acquire() as conn:
        found = await looking.facts(conn, view, asked.limit + 1, after=after)
    part = page(
        [entry_message(one) for one in found],
        asked.limit,
        lambda one: {"version": view.version, "after": one["key"]},
    )
    return Reply(body={**part, "version": view.version}, version=view.version)


async def store_fact(call: Call) -> Reply:
    """Keep a value under a key, in the place of what stood there."""
    return await _stored(call, call.said(StoreFact), 201)


async def put_fact(call: Call) -> Reply:
    """Keep a value under the key that the path names."""
    said = {**call.said(PutFact).model_dump(exclude_unset=True), "key": call.parameters["key"]}
    return await _stored(call, read_body(StoreFact, said), 200)


async def _stored(call: Call, said: StoreFact, status: int) -> Reply:
    written = await call.services.runtime.memory.store_fact(call.agent, said, call.author)
    view = await view_of(call, written.version)
    item = entry_message(await fact_at(call, view, said.key))
    return written_reply(call, view.stream, written, status=status, item=item)


async def show_fact(call: Call) -> Reply:
    """What stands under a key, or stood there."""
    view = await view_of(call, call.asked(Past).as_of)
    found = await fact_at(call, view, call.parameters["key"])
    return Reply(body=entry_message(found), version=view.version)


async def remove_fact(call: Call) -> Reply:
    """Leave the key without a value."""
    reason = call.asked(Removal).reason
    memory = call.services.runtime.memory
    written = await memory.remove_fact(
        call.agent, call.parameters["key"], call.author, reason=reason
    )
    return written_reply(call, memory_stream(call.agent), written)


async def search_memory(call: Call) -> Reply:
    """What is found, the best first; nothing is counted as a recall."""
    found = await call.services.runtime.memory.search(call.agent, call.said(SearchMemory))
    body: dict[str, Any] = {
        "items": [_found(item) for item in found.items],
        "version": found.place.version,
        "at": found.place.at,
        "space": found.space,
        "without_vectors": found.without_vectors,
    }
    return Reply(body=body)


def _found(item: msgspec.Struct) -> dict[str, Any]:
    said = msgspec.structs.asdict(item)
    return {name: value for name, value in said.items() if name != "told"}


_OF: Final = "/v1/agents/{agent}/memory"

ROUTES: Final = (
    Route(
        method="GET",
        path=f"{_OF}/episodes",
        handler=show_episodes,
        scope=Scope.SESSIONS_READ,
        summary="List episodes",
        group="memory",
        query=PastPage,
        answer=Listed[EpisodeAnswer],
    ),
    Route(
        method="POST",
        path=f"{_OF}/episodes",
        handler=remember_episode,
        scope=Scope.MEMORY_WRITE,
        summary="Remember an episode",
        group="memory",
        body=RememberEpisode,
        answer=WrittenItemAnswer[EpisodeAnswer],
        status=201,
        repeatable=True,
    ),
    Route(
        method="GET",
        path=f"{_OF}/episodes/{{episode}}",
        handler=show_episode,
        scope=Scope.SESSIONS_READ,
        summary="Show an episode",
        group="memory",
        query=Past,
        answer=EpisodeAnswer,
    ),
    Route(
        method="PUT",
        path=f"{_OF}/episodes/{{episode}}",
        handler=pin_episode,
        scope=Scope.MEMORY_WRITE,
        summary="Pin or unpin an episode",
        group="memory",
        body=PinEpisode,
        answer=WrittenAnswer,
    ),
    Route(
        method="DELETE",
        path=f"{_OF}/episodes/{{episode}}",
        handler=forget_episode,
        scope=Scope.MEMORY_WRITE,
        summary="Forget an episode",
        group="memory",
        query=Removal,
        answer=WrittenAnswer,
    ),
    Route(
        method="GET",
        path=f"{_OF}/facts",
        handler=show_facts,
        scope=Scope.SESSIONS_READ,
        summary="List facts",
        group="memory",
        query=PastPage,
        answer=Listed[FactAnswer],
    ),
    Route(
        method="POST",
        path=f"{_OF}/facts",
        handler=store_fact,
        scope=Scope.MEMORY_WRITE,
        summary="Store a fact",
        group="memory",
        body=StoreFact,
        answer=WrittenItemAnswer[FactAnswer],
        status=201,
        repeatable=True,
    ),
    Route(
        method="GET",
        path=f"{_OF}/facts/{{key}}",
        handler=show_fact,
        scope=Scope.SESSIONS_READ,
        summary="Show a fact",
        group="memory",
        query=Past,
        answer=FactAnswer,
    ),
    Route(
        method="PUT",
        path=f"{_OF}/facts/{{key}}",
        handler=put_fact,
        scope=Scope.MEMORY_WRITE,
        summary="Store a fact under a key",
        group="memory",
        body=PutFact,
        answer=WrittenItemAnswer[FactAnswer],
    ),
    Route(
        method="DELETE",
        path=f"{_OF}/facts/{{key}}",
        handler=remove_fact,
        scope=Scope.MEMORY_WRITE,
        summary="Remove a fact",
        group="memory",
        query=Removal,
        answer=WrittenAnswer,
    ),
    Route(
        method="POST",
        path=f"{_OF}/search",
        handler=search_memory,
        scope=Scope.SESSIONS_READ,
        summary="Search memory",
        group="memory",
        body=SearchMemory,
        answer=FoundAnswer,
    ),
)
