"""Commands around agents and their memory against a service."""

from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from schema.errors import Invalid, NotFound
from schema.messages.answers import DefinedAnswer, EpisodeAnswer, FactAnswer, WrittenAnswer
from schema.messages.checked import checked
from schema.messages.memory import RememberEpisode, SearchMemory, StoreFact
from service.cli.agents import asked_definition, tell_agents, tell_defined, tell_definition
from service.cli.console import age, counted, one_line, out, plain, print_heading
from service.cli.exits import Exit
from service.cli.memory import PART, said_as
from service.cli.memory_tables import SHORT, WORKING, print_found, print_written
from service.cli.options import as_typed
from service.cli.output import print_json, print_note
from service.cli.remote import find_session, taken
from service.cli.table import Column, print_table
from service.definitions import Known
from service.memory.asking import Answer
from service.mind.writing import Written

if TYPE_CHECKING:
    from service.client import Client

LOOKED_THROUGH_MAX: Final = 5000
"""Among so many of the newest episodes, one is found by a part of its id."""
EPISODES: Final = (
    Column("episode"),
    Column("importance", right=True),
    Column("recalled", right=True),
    Column("happened"),
    Column("tags", width_max=24),
    Column("content", rest=True),
)
FACTS: Final = (
    Column("key", width_max=32),
    Column("tags", width_max=24),
    Column("value", rest=True),
)


async def show_agents(client: "Client", *, limit: int, as_json: bool) -> Exit:
    """Every agent that the service knows of."""
    found = await taken(client.agents(), limit)
    known = [
        Known(agent_id=a.id, definitions=a.definitions, memories=a.memories, sessions=a.sessions)
        for a in found
    ]
    tell_agents(known, as_json=as_json)
    return Exit.DONE


async def define_agent(
    client: "Client", *, agent_id: str, file: Path | None, as_json: bool
) -> Exit:
    """Record what *agent_id* is from here on, as JSON in *file* or on standard input has it."""
    defined = await client.define(agent_id, asked_definition(file))
    tell_defined(_definition(defined), as_json=as_json)
    return Exit.DONE


async def show_agent(
    client: "Client", *, agent_id: str, version: int | None, as_json: bool
) -> Exit:
    """What *agent_id* is, or was by *version*."""
    shown = await client.agent(agent_id)
    if version is not None and version < shown.version:
        by_then = [one async for one in client.definitions(agent_id) if one.version <= version]
        if not by_then:
            raise NotFound(f"agent {agent_id} has no definition by version {version}")
        shown = max(by_then, key=lambda one: one.version)
    tell_definition(_definition(shown), as_json=as_json)
    return Exit.DONE


def _definition(answer: DefinedAnswer) -> dict[str, Any]:
    """As the command shows one, all that it says filled in."""
    whole = msgspec.structs.asdict(answer.definition.as_event())
    return {
        "id": answer.id,
        "version": answer.version,
        **{name: _plain(value) for name, value in whole.items()},
        "recorded_at": answer.recorded_at,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: _plain(inner) for name, inner in msgspec.structs.asdict(value).items()}
    return value


async def show_memory(
    client: "Client", *, agent_id: str, as_of: str | None, limit: int, as_json: bool
) -> Exit:
    """Episodes, facts and shared working memory as they were."""
    with as_typed():
        place = None if as_of is None else await place_of(client, as_of)
        notes = await client.notes(agent_id, place)
        at = str(notes.version)  # All of it as of one version.
        episodes = await taken(client.episodes(agent_id, at), limit)
        facts = await taken(client.facts(agent_id, at), limit)
    if as_json:
        said = {
            "episodes": [one.model_dump() for one in episodes],
            "facts": [one.model_dump() for one in facts],
            "working": [one.model_dump() for one in notes.data],
        }
        print_json({"agent": agent_id, "version": notes.version, **said})
        return Exit.DONE
    if not (episodes or facts or notes.data):
        print_note(f"{agent_id} remembers nothing at version {notes.version}.")
        return Exit.DONE
    console = out()
    console.print(plain(f"memory of {agent_id} at version {notes.version}", "bold"))
    if episodes:
        print_heading(console, f"newest {counted(len(episodes), 'episode')}")
        print_table(console, EPISODES, [_episode(one) for one in episodes])
    if facts:
        print_heading(console, f"first {counted(len(facts), 'fact')}")
        print_table(console, FACTS, [_fact(one) for one in facts])
    if notes.data:
        print_heading(console, "working memory, shared by its sessions")
        print_table(console, WORKING, [(plain(n.key), one_line(n.value)) for n in notes.data])
    return Exit.DONE


def _episode(episode: EpisodeAnswer) -> list[Any]:
    pinned = "pinned " if episode.pinned else ""
    return [
        plain(str(episode.id)[-SHORT:]),
        plain(f"{pinned}{episode.importance:.2f}"),
        plain(str(episode.recall_count or "–")),
        plain(age(episode.timestamp)),
        plain(", ".join(episode.tags)),
        one_line(episode.content),
    ]


def _fact(fact: FactAnswer) -> list[Any]:
    return [plain(fact.key), plain(", ".join(fact.tags)), one_line(fact.value)]


async def search_memory(
    client: "Client", *, agent_id: str, said: Mapping[str, object], as_json: bool
) -> Exit:
    """What is found, the best first; nothing is counted."""
    command = said_as(SearchMemory, said)
    with as_typed():
        if command.as_of is not None:
            place = await place_of(client, str(command.as_of))
            command = checked(
                SearchMemory, {**command.model_dump(exclude_unset=True), "as_of": place}
            )
        found = (await client.search(agent_id, command)).model_dump(mode="json")
    placed = {"place": {"version": found.pop("version"), "at": found.pop("at")}}
    print_found(msgspec.convert({**found, **placed}, Answer), as_json=as_json)
    return Exit.DONE


async def remember_episode(
    client: "Client", *, agent_id: str, said: Mapping[str, object], as_json: bool
) -> Exit:
    """Remember what was typed."""
    command = said_as(RememberEpisode, said)
    return await _written(client.remember(agent_id, command), as_json=as_json)


async def store_fact(
    client: "Client", *, agent_id: str, said: Mapping[str, object], as_json: bool
) -> Exit:
    """Keep what was typed under its key."""
    command = said_as(StoreFact, said)
    return await _written(client.store_fact(agent_id, command), as_json=as_json)


async def remove_fact(
    client: "Client", *, agent_id: str, key: str, reason: str, as_json: bool
) -> Exit:
    """Leave *key* without a value."""
    return await _written(client.remove_fact(agent_id, key, reason), as_json=as_json)


async def forget_episode(
    client: "Client", *, agent_id: str, name: str, reason: str, as_json: bool
) -> Exit:
    """Forget the episode that *name* means."""
    episode = await _named(client, agent_id, name)
    return await _written(client.forget(agent_id, episode, reason), as_json=as_json)


async def pin_episode(
    client: "Client", *, agent_id: str, name: str, pinned: bool, as_json: bool
) -> Exit:
    """Say whether the episode that *name* means may be evicted."""
    episode = await _named(client, agent_id, name)
    return await _written(client.pin(agent_id, episode, pinned=pinned), as_json=as_json)


async def _written(writing: Awaitable[WrittenAnswer], *, as_json: bool) -> Exit:
    with as_typed():
        print_written(written_of(await writing), as_json=as_json)
    return Exit.DONE


def written_of(answer: WrittenAnswer) -> Written:
    """Where a change went; its position only the service knows."""
    return Written(
        id=UUID(answer.id),
        version=answer.version,
        position=0,
        replayed=answer.token is None,
        evicted=tuple(answer.evicted),
    )


async def _named(client: "Client", agent_id: str, name: str) -> str:
    """The id of the one episode that *name* begins or ends."""
    part = name.lower()
    newest = (
        await taken(client.episodes(agent_id), LOOKED_THROUGH_MAX) if PART.fullmatch(part) else []
    )
    found = [str(e.id) for e in newest if str(e.id).startswith(part) or str(e.id).endswith(part)]
    if not found:
        raise NotFound(
            f"there is no episode {name!r}: `agent-runtime memory {agent_id}` lists them"
        )
    if len(found) > 1:
        fitting = ", ".join(one[-12:] for one in found[:6])
        raise Invalid("episode", f"{name!r} fits several, give more of it: {fitting}")
    return found[0]


async def place_of(client: "Client", text: str) -> str:
    """*text*, with a session that a person names by a part of its id, or as the last, in full."""
    session, is_step, version = text.rpartition("@")
    return f"{await find_session(client, session)}@{version}" if is_step else text
