"""`agent-runtime memory`: what an agent remembers, now and at any version; and changing it."""

import re
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from schema.errors import Invalid, NotFound
from schema.ids import checked_agent_id, memory_stream
from schema.messages.checked import checked
from schema.messages.memory import RememberEpisode, SearchMemory, StoreFact
from service.cli.exits import Exit
from service.cli.memory_tables import (
    print_differences,
    print_found,
    print_memory,
    print_written,
)
from service.cli.options import as_typed
from service.cli.output import print_note
from service.cli.places import place_of
from service.cli.sessions import caught_up
from service.config import Settings
from service.memories import Memories, open_memories
from service.memory.memory import Memory
from service.mind.writing import Author, Written

M = TypeVar("M", bound=BaseModel)

CLI: Final = Author(actor="cli")

SETTLE_S: Final = 3.0
"""How long somebody who searches waits for vectors of what was written just now."""
NAMED_MAX: Final = 6
PART: Final = re.compile(r"[0-9a-f-]{3,36}")


@asynccontextmanager
async def _opened(settings: Settings, agent_id: str) -> AsyncIterator[Memories]:
    """The memories, with the agent's rows level: who looks sees all that the log holds of it."""
    stream = memory_stream(checked_agent_id(agent_id))
    async with open_memories(settings) as opened:
        if not (await opened.memory.level.heads(stream)).level:
            await caught_up(
                opened.log, "memory"
            )  # With a bar, where the first question would wait.
        yield opened


async def show_memory(
    settings: Settings, *, agent_id: str, as_of: str | None, limit: int, as_json: bool
) -> Exit:
    """Episodes, facts and working memory as they were."""
    async with _opened(settings, agent_id) as opened:
        with as_typed():
            place = None if as_of is None else await place_of(opened.log, as_of)
            seen = await opened.memory.look(agent_id, place, limit)
    print_memory(agent_id, seen, as_json=as_json)
    return Exit.DONE


async def show_difference(
    settings: Settings, *, agent_id: str, places: tuple[str, str], as_json: bool
) -> Exit:
    """What has changed from one place to another."""
    async with _opened(settings, agent_id) as opened:
        with as_typed(as_of="--diff", session="--diff"):
            since, until = [await place_of(opened.log, place) for place in places]
            difference = await opened.memory.diff(agent_id, since, until)
    print_differences(agent_id, difference, as_json=as_json)
    return Exit.DONE


async def search_memory(
    settings: Settings, *, agent_id: str, said: Mapping[str, object], as_json: bool
) -> Exit:
    """What is found, the best first; nothing is counted."""
    command = said_as(SearchMemory, said)
    async with _opened(settings, agent_id) as opened:
        if command.as_of is None and command.query:
            await opened.memory.settled(agent_id, timeout_s=SETTLE_S)
        with as_typed():
            if command.as_of is not None:
                place = await place_of(opened.log, str(command.as_of))
                command = command.model_copy(update={"as_of": place})
            found = await opened.memory.search(agent_id, command)
    print_found(found, as_json=as_json)
    return Exit.DONE


async def remember_episode(
    settings: Settings, *, agent_id: str, said: Mapping[str, object], as_json: bool
) -> Exit:
    """Remember what was typed."""
    command = said_as(RememberEpisode, said)
    return await _written(settings, lambda m: m.remember(agent_id, command, CLI), as_json=as_json)


async def store_fact(
    settings: Settings, *, agent_id: str, said: Mapping[str, object], as_json: bool
) -> Exit:
    """Keep what was typed under its key."""
    command = said_as(StoreFact, said)
    done = await _written(settings, lambda m: m.store_fact(agent_id, command, CLI), as_json=as_json)
    if not (command.value or as_json):
        remove = f"agent-runtime memory {agent_id} remove {shlex.quote(command.key)}"
        print_note(f"It is an empty text: `{remove}` leaves the key without any.")
    return done


async def remove_fact(
    settings: Settings, *, agent_id: str, key: str, reason: str, as_json: bool
) -> Exit:
    """Leave *key* without a value."""
    return await _written(
        settings, lambda m: m.remove_fact(agent_id, key, CLI, reason=reason), as_json=as_json
    )


async def forget_episode(
    settings: Settings, *, agent_id: str, name: str, reason: str, as_json: bool
) -> Exit:
    """Forget the episode that *name* means."""

    async def forget(memory: Memory) -> Written:
        episode = await _episode(memory, agent_id, name)
        return await memory.forget(agent_id, episode, CLI, reason=reason)

    return await _written(settings, forget, as_json=as_json)


async def pin_episode(
    settings: Settings, *, agent_id: str, name: str, pinned: bool, as_json: bool
) -> Exit:
    """Say whether the episode that *name* means may be evicted."""

    async def pin(memory: Memory) -> Written:
        episode = await _episode(memory, agent_id, name)
        return await memory.pin(agent_id, episode, CLI, pinned=pinned)

    return await _written(settings, pin, as_json=as_json)


async def _written(
    settings: Settings,
    write: Callable[[Memory], Awaitable[Written]],
    *,
    as_json: bool,
) -> Exit:
    async with open_memories(settings) as opened:
        with as_typed():
            written = await write(opened.memory)
    print_written(written, as_json=as_json)
    return Exit.DONE


async def _episode(memory: Memory, agent_id: str, name: str) -> str:
    """The id of the one episode that *name* begins or ends."""
    part = name.lower()
    found = await memory.named(agent_id, part, NAMED_MAX) if PART.fullmatch(part) else []
    if not found:
        raise await _no_episode(memory, agent_id, name)
    if len(found) > 1:
        fitting = ", ".join(str(episode)[-12:] for episode in found)
        raise Invalid("episode", f"{name!r} fits several, give more of it: {fitting}")
    return str(found[0])


async def _no_episode(memory: Memory, agent_id: str, name: str) -> NotFound:
    """What to tell who means one that is not held: what became of it, if it ever was."""
    part = name.lower()
    gone = await memory.gone(agent_id, part, NAMED_MAX) if PART.fullmatch(part) else []
    if not gone:
        return NotFound(
            f"there is no episode {name!r}: `agent-runtime memory {agent_id}` lists them"
        )
    told = "; ".join(f"episode {one.name[-12:]} {one}" for one in gone)
    return NotFound(f"there is no episode {name!r} any more: {told}")


def said_as(message: type[M], said: Mapping[str, Any]) -> M:
    """What was typed, as a *message*; an option that was not is left out."""
    with as_typed():
        return checked(message, {name: value for name, value in said.items() if value is not None})
