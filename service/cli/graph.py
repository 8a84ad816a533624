"""`agent-runtime graph`: what an agent knows of things, now and at any version."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from schema import json_text
from schema.errors import Invalid
from schema.messages.graph import Query, checked_query
from service.cli.exits import Exit
from service.cli.graph_answers import print_answer
from service.cli.graph_opening import opened_graphs
from service.cli.graph_tables import print_differences, print_graph
from service.cli.options import as_typed
from service.cli.places import place_of
from service.config import Settings

OPTIONS: Final = {
    "start": "ENTITY",
    "from": "FROM",
    "to": "TO",
    "labels": "--label",
    "samples": "--samples",
    "seed": "--seed",
    "max_length": "--max-length",
    "method": "--method",
    "direction": "--direction",
}
"""Fields of questions → the arguments and options that fill them."""
CHANGES: Final = 100
"""So many differences are told, unless more are asked for."""


class Between(Struct, frozen=True, kw_only=True):
    """What lies between two places."""

    agent_id: str
    places: tuple[str, str]
    limit: int


async def show_graph(
    settings: Settings, *, agent_id: str, as_of: str | None, said: Mapping[str, Any], as_json: bool
) -> Exit:
    """Sizes, entities and relationships as they were."""
    async with opened_graphs(settings, agent_id) as (log, graphs):
        with as_typed():
            place = None if as_of is None else await place_of(log, as_of)
            seen = await graphs.look(agent_id, as_of=place, **said)
    print_graph(agent_id, seen, said, as_json=as_json)
    return Exit.DONE


async def show_difference(settings: Settings, between: Between, *, as_json: bool) -> Exit:
    """What has changed from one place to another."""
    agent_id = between.agent_id
    async with opened_graphs(settings, agent_id) as (log, graphs):
        with as_typed(as_of="--diff"):
            since, until = [await place_of(log, place) for place in between.places]
            changes = await graphs.diff(agent_id, since, until, between.limit)
    print_differences(agent_id, changes, as_json=as_json)
    return Exit.DONE


async def ask_graph(
    settings: Settings, *, agent_id: str, said: Mapping[str, Any], as_json: bool
) -> Exit:
    """Any question, as its options say it."""
    with as_typed(**OPTIONS):
        query = checked_query({name: value for name, value in said.items() if value is not None})
        return await _ask(settings, agent_id, query, as_json=as_json)


async def query_graph(settings: Settings, *, agent_id: str, text: str, as_json: bool) -> Exit:
    """Any question, as the API takes it."""
    return await _ask(settings, agent_id, query_said(text), as_json=as_json)


def query_said(text: str) -> Query:
    """The question that *text* is, in JSON."""
    try:
        said = json_text.decode(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Invalid("QUERY", 'is no JSON object such as {"op": "degree"}')
    return checked_query(said)


async def _ask(settings: Settings, agent_id: str, query: Query, *, as_json: bool) -> Exit:
    async with opened_graphs(settings, agent_id) as (log, graphs):
        if query.as_of is not None:
            place = await place_of(log, str(query.as_of))
            query = query.model_copy(update={"as_of": place})
        answered = await graphs.query(agent_id, query)
    print_answer(query, answered, as_json=as_json)
    return Exit.DONE
