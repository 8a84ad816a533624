"""`agent-runtime graph AGENT around ENTITY` and `--svg FILE`: a part of a graph to look at."""

from pathlib import Path
from typing import Any

from msgspec import Struct

from schema.errors import Invalid
from service.cli.console import counted, out
from service.cli.exits import Exit
from service.cli.graph_opening import opened_graphs
from service.cli.graph_tables import things
from service.cli.graph_tree import tree_of
from service.cli.options import as_typed
from service.cli.output import print_json, print_note
from service.cli.places import place_of
from service.config import Settings
from service.graph.picture import Graph


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
    start = str(view.start)
    async with opened_graphs(settings, view.agent_id) as (log, graphs):
        with as_typed():
            place = None if view.as_of is None else await place_of(log, view.as_of)
            graph = await graphs.around(
                view.agent_id, start, limit=view.limit, depth=view.depth, as_of=place
            )
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
            pictured = await graphs.picture(
                view.agent_id, limit=view.limit, as_of=place, labels=view.labels, kinds=view.kinds
            )
    graph = pictured.graph
    title = f"graph of {view.agent_id} at version {graph.version}"
    note = _counts(graph) + ", the most connected ones: there are more" * (not pictured.complete)
    _draw(graph, svg, title, note, as_json=as_json)
    return Exit.DONE


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
    entities = [entity.as_json() for _, entity in sorted(graph.entities.items())]
    relationships = [one.as_json() for one in sorted(graph.all_relationships())]
    return {"version": graph.version, "entities": entities, "relationships": relationships}
