"""`agent-runtime agents`: who there is, and what each is defined as."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.text import Text

from schema import json_text
from schema.errors import Invalid
from schema.messages.agents import DefineAgent
from schema.messages.checked import checked
from service.cli.console import clock, one_line, out, plain
from service.cli.exits import Exit
from service.cli.output import print_json, print_note
from service.cli.sessions import caught_up
from service.cli.table import Column, print_table
from service.config import Settings
from service.definitions import (
    Definition,
    Known,
    define,
    definition_at,
    list_agents,
)
from service.store import open_store

ACTOR: Final = "cli"
COLUMNS: Final = (
    Column("agent", width_max=32),
    *(Column(name, right=True) for name in ("definitions", "memories", "sessions")),
)


async def show_agents(settings: Settings, *, limit: int, as_json: bool) -> Exit:
    """Every agent that the log knows of."""
    async with open_store(settings) as log:
        await caught_up(log, "memory")
        known = await list_agents(log, limit)
    tell_agents(known, as_json=as_json)
    return Exit.DONE


def tell_agents(known: Sequence[Known], *, as_json: bool) -> None:
    """Those that are known, a line each."""
    if as_json:
        for agent in known:
            print_json(_known(agent))
    elif known:
        print_table(out(), COLUMNS, [_cells(agent) for agent in known])
    else:
        print_note("There is no agent yet. Try: agent-runtime agents define --help")


async def define_agent(
    settings: Settings, *, agent_id: str, file: Path | None, as_json: bool
) -> Exit:
    """Record what *agent_id* is from here on, as JSON in *file* or on standard input has it."""
    command = asked_definition(file)
    async with open_store(settings) as log:
        definition = await define(log, agent_id, command, actor=ACTOR)
    tell_defined(_definition(definition), as_json=as_json)
    return Exit.DONE


def asked_definition(file: Path | None) -> DefineAgent:
    """What *file* says, or standard input."""
    return checked(DefineAgent, _read(file))


def tell_defined(definition: dict[str, Any], *, as_json: bool) -> None:
    """That it is recorded."""
    if as_json:
        print_json(definition)
    else:
        print_note(f"Agent {definition['id']} is defined, version {definition['version']}.")


async def show_agent(
    settings: Settings, *, agent_id: str, version: int | None, as_json: bool
) -> Exit:
    """What *agent_id* is, or was by *version*."""
    async with open_store(settings) as log:
        definition = await definition_at(log, agent_id, version)
    tell_definition(_definition(definition), as_json=as_json)
    return Exit.DONE


def tell_definition(definition: dict[str, Any], *, as_json: bool) -> None:
    """All that it says."""
    if as_json:
        print_json(definition)
    else:
        _print(definition)


def _read(file: Path | None) -> dict[str, Any]:
    text = sys.stdin.buffer.read() if file is None else file.read_bytes()
    try:
        said = json_text.decode(text)
    except ValueError as error:
        where = "standard input" if file is None else str(file)
        raise Invalid("file", f"{where} is no JSON: {error}") from None
    if not isinstance(said, dict):
        raise Invalid("file", "a definition is a JSON object")
    return said


def _definition(definition: Definition) -> dict[str, Any]:
    return {
        "id": definition.fact.agent_id,
        "version": definition.version,
        **_whole(definition),
        "recorded_at": definition.fact.recorded_at,
    }


def _whole(definition: Definition) -> dict[str, Any]:
    """All that the definition says, defaults too."""
    return {
        name: _plain(value) for name, value in msgspec.structs.asdict(definition.defined).items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: _plain(inner) for name, inner in msgspec.structs.asdict(value).items()}
    return value


def _known(agent: Known) -> dict[str, object]:
    return {
        "id": agent.agent_id,
        "definitions": agent.definitions,
        "memories": agent.memories,
        "sessions": agent.sessions,
    }


def _cells(agent: Known) -> Sequence[Text]:
    numbers = (agent.definitions, agent.memories, agent.sessions)
    return [plain(agent.agent_id), *(plain(str(number or "–")) for number in numbers)]


def _print(definition: dict[str, Any]) -> None:
    console = out()
    said = dict(definition)
    id_, version, at = (said.pop(name) for name in ("id", "version", "recorded_at"))
    console.print(plain(id_, "bold"), plain(f"version {version}, {clock(at)}", "dim"))
    for name, value in _lines(said):
        console.print(plain(f"{name:<34}", "dim"), one_line(value), end="\n", sep="")


def _lines(said: dict[str, Any], above: str = "") -> Sequence[tuple[str, str]]:
    """Each value under its dotted name."""
    found: list[tuple[str, str]] = []
    for name, value in said.items():
        if isinstance(value, dict):
            found += _lines(value, f"{above}{name}.")
        else:
            found.append((f"{above}{name}", _told(value)))
    return found


def _told(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "–"
    return "–" if value is None else str(value)
