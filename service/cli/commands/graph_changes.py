"""The commands around an agent's graph that change it, or take it elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.commands.graph import AsOf, Entity, graph
from service.cli.commands.program import carry_out
from service.cli.options import AsJson, Reason

From = Annotated[str, typer.Argument(metavar="FROM", help="The id of the entity that relates.")]
To = Annotated[str, typer.Argument(metavar="TO", help="The id of the one it relates to.")]
Kind = Annotated[str, typer.Argument(metavar="KIND", help="How: `knows`, `is part of`.")]
Replace = Annotated[bool, typer.Option("--replace", help="In the place of what is there.")]


@graph.command(epilog="Example: agent-runtime graph a-1 add ana person --property name='Ana Berg'")
def add(
    context: typer.Context,
    entity: Entity,
    label: Annotated[str, typer.Argument(metavar="LABEL", help="What kind of thing it is.")],
    *,
    properties: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            metavar="KEY=VALUE",
            help="What else is known of it: JSON, or any text; may be repeated.",
        ),
    ] = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> int:
    """Add an entity."""
    from service.cli import remote_graph as there
    from service.cli.graph_writing import add_entity

    said = {"id": entity, "label": label}
    return carry_out(
        lambda s: add_entity(
            s,
            agent_id=context.obj,
            said=said,
            properties=properties or (),
            replace=replace,
            as_json=as_json,
        ),
        as_json=as_json,
        remote=lambda c: there.add_entity(
            c,
            agent_id=context.obj,
            said=said,
            properties=properties or (),
            replace=replace,
            as_json=as_json,
        ),
    )


@graph.command(epilog="Example: agent-runtime graph a-1 relate ana 'lives in' graz --weight 0.9")
def relate(
    context: typer.Context,
    source: From,
    kind: Kind,
    target: To,
    *,
    weight: Annotated[float, typer.Option(metavar="W", help="How much, or how far.")] = 1.0,
    replace: Replace = False,
    as_json: AsJson = False,
) -> int:
    """Say that one entity relates to another."""
    from service.cli import remote_graph as there
    from service.cli.graph_writing import relate_entities

    said = {"from": source, "kind": kind, "to": target, "weight": weight}
    return carry_out(
        lambda s: relate_entities(
            s, agent_id=context.obj, said=said, replace=replace, as_json=as_json
        ),
        as_json=as_json,
        remote=lambda c: there.relate_entities(
            c, agent_id=context.obj, said=said, replace=replace, as_json=as_json
        ),
    )


@graph.command(epilog="Example: agent-runtime graph a-1 remove ana --reason 'was somebody else'")
def remove(
    context: typer.Context,
    entity: Entity,
    *,
    reason: Reason = "",
    as_json: AsJson = False,
) -> int:
    """Remove an entity and its relationships; earlier versions of the graph still have them."""
    from service.cli import remote_graph as there
    from service.cli.graph_writing import remove_entity

    return carry_out(
        lambda s: remove_entity(
            s, agent_id=context.obj, id_=entity, reason=reason, as_json=as_json
        ),
        as_json=as_json,
        remote=lambda c: there.remove_entity(
            c, agent_id=context.obj, id_=entity, reason=reason, as_json=as_json
        ),
    )


@graph.command(epilog="Example: agent-runtime graph a-1 unrelate ana 'lives in' graz")
def unrelate(
    context: typer.Context,
    source: From,
    kind: Kind,
    target: To,
    *,
    reason: Reason = "",
    as_json: AsJson = False,
) -> int:
    """Say that one entity relates to another no more."""
    from service.cli import remote_graph as there
    from service.cli.graph_writing import part_entities

    ends = (source, kind, target)
    return carry_out(
        lambda s: part_entities(s, agent_id=context.obj, ends=ends, reason=reason, as_json=as_json),
        as_json=as_json,
        remote=lambda c: there.part_entities(
            c, agent_id=context.obj, ends=ends, reason=reason, as_json=as_json
        ),
    )


@graph.command("import", epilog="Example: agent-runtime graph a-1 import house.jsonl")
def import_file(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help='JSON lines {"id", "label", "properties"} and {"from", "to", "kind", "weight"}; '
            "- is standard input.",
        ),
    ],
    *,
    as_json: AsJson = False,
) -> int:
    """Put what a file says, an entity before what relates to it; run again, it goes on.

    What is there alike is passed by, and what is there otherwise is replaced.
    """
    from service.cli.graph_importing import import_graph

    return carry_out(
        lambda s: import_graph(s, agent_id=context.obj, file=file, as_json=as_json),
        as_json=as_json,
    )


@graph.command("export", epilog="Example: agent-runtime graph a-1 export house.jsonl --as-of 12")
def export_file(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", dir_okay=False, help="- is standard output."),
    ] = Path("-"),
    *,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> int:
    """Write all that a graph holds, as `import` reads it: entities, then what relates them."""
    from service.cli.graph_exporting import export_graph

    return carry_out(
        lambda s: export_graph(s, agent_id=context.obj, file=file, as_of=as_of, as_json=as_json),
        as_json=as_json,
    )


@graph.command(epilog="Example: agent-runtime graph a-1 merge a-2")
def merge(
    context: typer.Context,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The other agent's id.")],
    *,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> int:
    """Put all that another agent's graph holds; where both hold a thing, the other's counts."""
    from service.cli.graph_writing import merge_graph

    return carry_out(
        lambda s: merge_graph(s, agent_id=context.obj, other=other, as_of=as_of, as_json=as_json),
        as_json=as_json,
    )
