"""`agent-runtime graph AGENT add …`: changes an agent's graph, and merges another's into it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from schema import json_text
from schema.errors import AlreadyThere, Invalid
from schema.ids import checked_agent_id
from schema.messages.checked import checked
from schema.messages.graph import PutEntity, PutRelationship
from service.cli.catching_up import bars
from service.cli.console import counted
from service.cli.exits import Exit
from service.cli.graph_opening import opened_graphs
from service.cli.graph_tables import print_written
from service.cli.options import as_typed
from service.cli.output import print_json, print_note
from service.cli.places import place_of
from service.config import Settings
from service.graph.graphs import Graphs
from service.graph.writing import How
from service.memories import open_memories
from service.mind.writing import Author, Written

CLI: Final = Author(actor="cli")


async def add_entity(
    settings: Settings,
    *,
    agent_id: str,
    said: Mapping[str, Any],
    properties: Sequence[str],
    replace: bool,
    as_json: bool,
) -> Exit:
    """There is this entity from here on."""
    with as_typed(id="ENTITY", label="LABEL", properties="--property"):
        entity = checked(PutEntity, {**said, "properties": properties_of(properties)})
    how = How.EITHER if replace else How.ADD
    return await _written(
        settings, lambda g: g.put_entity(agent_id, entity, CLI, how=how), as_json=as_json
    )


async def relate_entities(
    settings: Settings, *, agent_id: str, said: Mapping[str, Any], replace: bool, as_json: bool
) -> Exit:
    """One entity relates to another from here on."""
    with as_typed(**{"from": "FROM", "kind": "KIND", "to": "TO", "weight": "--weight"}):
        relationship = checked(PutRelationship, said)
    how = How.EITHER if replace else How.ADD
    return await _written(
        settings,
        lambda g: g.put_relationship(agent_id, relationship, CLI, how=how),
        as_json=as_json,
    )


async def remove_entity(
    settings: Settings, *, agent_id: str, id_: str, reason: str, as_json: bool
) -> Exit:
    """The entity is gone, and what related to it."""
    return await _written(
        settings, lambda g: g.remove_entity(agent_id, id_, CLI, reason=reason), as_json=as_json
    )


async def part_entities(
    settings: Settings, *, agent_id: str, ends: tuple[str, str, str], reason: str, as_json: bool
) -> Exit:
    """One relates to the other no more in that kind; *ends* are from, kind and to."""
    source, kind, target = ends
    return await _written(
        settings,
        lambda g: g.remove_relationship(agent_id, source, target, kind, CLI, reason=reason),
        as_json=as_json,
    )


async def merge_graph(
    settings: Settings, *, agent_id: str, other: str, as_of: str | None, as_json: bool
) -> Exit:
    """All that the other agent's graph holds, into this one's."""
    checked_agent_id(other)
    async with opened_graphs(settings, agent_id) as (log, graphs):
        with as_typed(), bars() as shown:
            place = None if as_of is None else await place_of(log, as_of)
            merged = await graphs.merge(
                agent_id,
                other,
                CLI,
                lambda done, total: shown.move("merge", 0, done, total),
                as_of=place,
            )
    if as_json:
        print_json(merged)
    else:
        print_note(
            f"{counted(merged.events, 'change')}: "
            f"the graph of {agent_id} is at version {merged.version}."
        )
    return Exit.DONE


def properties_of(said: Sequence[str]) -> dict[str, Any]:
    """`KEY=VALUE` each; a value that is JSON is what it says, any other is a text."""
    properties = {}
    for pair in said:
        key, is_pair, value = pair.partition("=")
        if not is_pair or not key:
            raise Invalid("--property", f"{pair!r} is no KEY=VALUE")
        properties[key] = _value(value)
    return properties


def _value(text: str) -> Any:
    try:
        return json_text.decode(text)
    except (ValueError, RecursionError):
        return text


async def _written(
    settings: Settings, write: Callable[[Graphs], Awaitable[Written]], *, as_json: bool
) -> Exit:
    async with open_memories(settings) as opened:
        try:
            written = await write(opened.graphs)
        except AlreadyThere as error:
            raise AlreadyThere(f"{error}: --replace puts this in its place") from None
    print_written(written, as_json=as_json)
    return Exit.DONE
