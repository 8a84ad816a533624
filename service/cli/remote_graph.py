"""Commands around an agent's graph against a service."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from schema import json_text
from schema.messages.answers import WrittenAnswer
from schema.messages.checked import checked
from schema.messages.graph import PutEntity, PutRelationship, Query, checked_query
from service.cli.console import out, plain, print_heading
from service.cli.exits import Exit
from service.cli.graph import OPTIONS, query_said
from service.cli.graph_answers import print_answer
from service.cli.graph_rows import print_entities, print_relationships
from service.cli.graph_tables import print_written
from service.cli.graph_writing import properties_of
from service.cli.options import as_typed
from service.cli.output import print_json
from service.cli.remote import taken
from service.cli.remote_minds import place_of, written_of
from service.graph.mind import Answered

if TYPE_CHECKING:
    from service.client import Client


async def show_graph(
    client: "Client", *, agent_id: str, as_of: str | None, said: Mapping[str, Any], as_json: bool
) -> Exit:
    """The first entities and relationships as they were."""
    with as_typed():
        place = None if as_of is None else await place_of(client, as_of)
        entities = await taken(client.entities(agent_id, place, said["labels"]), said["limit"])
        related = client.relationships(agent_id, place, said["kinds"])
        relationships = await taken(related, said["limit"])
    shown = {
        "entities": [one.model_dump() for one in entities],
        "relationships": [one.model_dump(by_alias=True) for one in relationships],
    }
    if as_json:
        print_json({"agent": agent_id, **shown})
        return Exit.DONE
    console = out()
    console.print(plain(f"graph of {agent_id}", "bold"))
    print_heading(console, "first entities")
    print_entities(console, shown["entities"])
    print_heading(console, "first relationships")
    print_relationships(console, shown["relationships"])
    return Exit.DONE


async def ask_graph(
    client: "Client", *, agent_id: str, said: Mapping[str, Any], as_json: bool
) -> Exit:
    """Any question, as its options say it."""
    with as_typed(**OPTIONS):
        query = checked_query({name: value for name, value in said.items() if value is not None})
        return await _ask(client, agent_id, query, as_json=as_json)


async def query_graph(client: "Client", *, agent_id: str, text: str, as_json: bool) -> Exit:
    """Any question, as the API takes it."""
    return await _ask(client, agent_id, query_said(text), as_json=as_json)


async def _ask(client: "Client", agent_id: str, query: Query, *, as_json: bool) -> Exit:
    said = query.model_dump(by_alias=True, exclude_unset=True)
    if query.as_of is not None:
        said["as_of"] = await place_of(client, str(query.as_of))
    plain_said = json_text.decode(json_text.encode(said))
    answer = await client.ask_graph(agent_id, plain_said)
    print_answer(query, Answered(result=answer.result, version=answer.version), as_json=as_json)
    return Exit.DONE


async def add_entity(
    client: "Client",
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
    writing = client.put_entity(agent_id, entity, add=not replace)
    return await _written(writing, as_json=as_json)


async def relate_entities(
    client: "Client", *, agent_id: str, said: Mapping[str, Any], replace: bool, as_json: bool
) -> Exit:
    """One entity relates to another from here on."""
    with as_typed(**{"from": "FROM", "kind": "KIND", "to": "TO", "weight": "--weight"}):
        relationship = checked(PutRelationship, said)
    writing = client.put_relationship(agent_id, relationship, add=not replace)
    return await _written(writing, as_json=as_json)


async def remove_entity(
    client: "Client", *, agent_id: str, id_: str, reason: str, as_json: bool
) -> Exit:
    """The entity is gone, and what related to it."""
    return await _written(client.remove_entity(agent_id, id_, reason), as_json=as_json)


async def part_entities(
    client: "Client", *, agent_id: str, ends: tuple[str, str, str], reason: str, as_json: bool
) -> Exit:
    """One relates to the other no more in that kind; *ends* are from, kind and to."""
    source, kind, target = ends
    writing = client.remove_relationship(agent_id, source, kind, target, reason)
    return await _written(writing, as_json=as_json)


async def _written(writing: Awaitable[WrittenAnswer], *, as_json: bool) -> Exit:
    with as_typed():
        print_written(written_of(await writing), as_json=as_json)
    return Exit.DONE
