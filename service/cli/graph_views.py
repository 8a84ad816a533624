"""`agent-runtime graph AGENT around ENTITY` and `--svg FILE`: a part of a graph to look at."""

from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from schema.errors import Invalid
from schema.messages.graph import checked_query
from service.cli.console import counted, out
from service.cli.exits import Exit
from service.cli.graph_opening import opened_graphs, place_of
from service.cli.graph_rows import entity_message, relationship_message
from service.cli.graph_tables import things
from service.cli.graph_tree import tree_of
from service.cli.options import as_typed
from service.cli.output import print_json, print_note
from service.config import Settings
from service.graph.graphs import Graphs
from service.graph.picture import Graph

UNFOLDED_MAX: Final = 300
"""Entities: what has come to so many is unfolded no further."""


class View(Struct, frozen=True, kw_only=True):
    """What is to be seen of a graph."""

    agent_id: str
    as_of: str | None
    limit: int
    """Entities, or where it stands around one, relationships of each."""
    kinds: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    start: str | None = None
    depth: int = 1


async def show_around(settings: Settings, *, view: View, svg: Path | None, as_json: bool) -> Exit:
    """What stands around an entity, as a tree or a picture."""
    async with opened_graphs(settings, view.agent_id) as (log, graphs):
        with as_typed():
            place = None if view.as_of is None else await place_of(log, view.as_of)
            graph = await _around(graphs, view, place)
    start = str(view.start)
    if svg is not None:
        title = f"around {start} in the graph of {view.agent_id} at version {graph.version}"
        _draw(graph, svg, title, _counts(graph), as_json=as_json)
    elif as_json:
        print_json(_message(graph))
    else:
        out().print(tree_of(graph, start))
        print_note(f"at version {graph.version}, up to {view.limit} relationships of each")
    return Exit.DONE


async def draw_graph(settings: Settings, *, view: View, svg: Path, as_json: bool) -> Exit:
    """A picture of the graph, or of its most connected entities."""
    async with opened_graphs(settings, view.agent_id) as (log, graphs):
        with as_typed(labels="--label"):
            place = None if view.as_of is None else await place_of(log, view.as_of)
            graph, left_out = await _most_connected(graphs, view, place)
    title = f"graph of {view.agent_id} at version {graph.version}"
    note = _counts(graph) + ", the most connected ones: there are more" * left_out
    _draw(graph, svg, title, note, as_json=as_json)
    return Exit.DONE


async def _most_connected(graphs: Graphs, view: View, place: str | None) -> tuple[Graph, bool]:
    """Those that have the most relationships, what is between them, and whether there are more."""
    part = {"kinds": view.kinds, "labels": view.labels}
    degrees = await graphs.query(
        view.agent_id,
        checked_query({"op": "degree", "limit": view.limit, "as_of": place, **part}),
    )
    ids = [one["id"] for one in degrees.result["scores"]]
    if not ids:
        return Graph(degrees.version), False
    version = degrees.version
    between = await graphs.query(
        view.agent_id, checked_query({"op": "subgraph", "ids": ids, "as_of": version, **part})
    )
    entities = [(row["id"], row["label"], row["properties"]) for row in between.result["entities"]]
    relationships = [
        (row["from"], row["to"], row["kind"], row["weight"])
        for row in between.result["relationships"]
    ]
    return Graph.of(version, entities, relationships), not degrees.result["complete"]


async def _around(graphs: Graphs, view: View, place: str | None) -> Graph:
    """The entity's heaviest relationships, then those of what they lead to, and so on."""
    graph = await graphs.picture(view.agent_id, as_of=place, start=view.start, limit=view.limit)
    unfolded = {view.start}
    for _ in range(view.depth - 1):
        for id_ in sorted(graph.entities.keys() - unfolded):
            if len(graph.entities) >= UNFOLDED_MAX:
                return graph
            unfolded.add(id_)
            more = await graphs.picture(
                view.agent_id, as_of=graph.version, start=id_, limit=view.limit
            )
            _join(graph, more)
    return graph


def _join(graph: Graph, more: Graph) -> None:
    for entity in more.entities.values():
        graph.put_entity(entity.id, entity.label, entity.properties)
    for one in more.all_relationships():
        graph.put_relationship(*one)


def _draw(graph: Graph, file: Path, title: str, note: str, *, as_json: bool) -> None:
    from service.cli.drawing.picture import picture  # It brings a drawing library along.

    try:
        file.write_bytes(picture(graph, title, note))
    except OSError as error:
        raise Invalid("--svg", f"{file} cannot be written: {error.strerror}") from None
    if as_json:
        print_json(
            {
                "file": str(file),
                "version": graph.version,
                "entities": len(graph.entities),
                "relationships": graph.relationships,
            }
        )
    else:
        print_note(f"{file}: {title}; {note}.")


def _counts(graph: Graph) -> str:
    entities = things(len(graph.entities), "entity")
    return f"{entities}, {counted(graph.relationships, 'relationship')}"


def _message(graph: Graph) -> dict[str, Any]:
    entities = [entity_message(entity) for _, entity in sorted(graph.entities.items())]
    relationships = [relationship_message(one) for one in sorted(graph.all_relationships())]
    return {"version": graph.version, "entities": entities, "relationships": relationships}
