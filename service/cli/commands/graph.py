"""The commands around an agent's graph that look at it: lists, pictures, questions."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from service.cli.commands.agent_first import AgentFirst
from service.cli.commands.blamed import Blamed
from service.cli.commands.program import app, carry_out
from service.cli.options import Agent, AsJson, Limit

LISTED: Final = 20
ENTITIES_DRAWN: Final = 60
"""In a picture, unless others are asked for; beyond `DRAWN_MAX`, nobody can read it."""
DRAWN_MAX: Final = 300


class GraphFirst(AgentFirst):
    """As with memory, but what is done without an action is called `show`."""

    without = "show"


graph = typer.Typer(cls=GraphFirst)
app.add_typer(graph, name="graph")

AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="VERSION|TIME|SESSION@VERSION",
        help="As it was at a version of the graph, at a time, or for a step of a session.",
    ),
]
Entity = Annotated[str, typer.Argument(metavar="ENTITY", help="Its id.")]
Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", metavar="KIND", help="Only relationships of it; may be repeated."),
]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="LABEL", help="Only entities of it; may be repeated."),
]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="The same seed, the same answer.")]
Svg = Annotated[
    Path | None, typer.Option("--svg", metavar="FILE", dir_okay=False, help="Draw it there.")
]
Weighted = Annotated[bool, typer.Option("--weighted", help="By weights; else each counts 1.")]


@graph.callback(epilog="Example: agent-runtime graph a-1 path ana graz --as-of 12")
def of_agent(context: typer.Context, agent: Agent) -> None:
    """Look at what an agent knows of things, now or at any version; ask, draw, change it.

    Without an action, all that it knows; then the options are those of `show`:
    [--as-of VERSION|TIME|SESSION@VERSION] [--diff FROM TO] [--svg FILE] [--limit N] [--json].
    """
    context.obj = agent


@graph.command(
    cls=Blamed, epilog="Example: agent-runtime graph a-1 --svg a-1.svg --as-of 2026-01-31T12:00Z"
)
def show(
    context: typer.Context,
    *,
    as_of: AsOf = None,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="FROM TO", help="What has changed between two of the same."),
    ] = None,
    kinds: Kinds = None,
    labels: Labels = None,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help=f"How many at most: {LISTED} of each, or {ENTITIES_DRAWN} in a picture, "
            "if left out.",
        ),
    ] = None,
    svg: Svg = None,
    as_json: AsJson = False,
) -> int:
    """List entities and relationships, tell what has changed, or draw a picture."""
    from service.cli import graph as told
    from service.cli import graph_views as views
    from service.cli import remote_graph as there

    agent: str = context.obj
    if diff is not None and (svg or as_of or kinds or labels):
        raise typer.BadParameter("goes with --limit and --json alone", param_hint="--diff")
    if diff is not None:
        changes = told.Between(agent_id=agent, places=diff, limit=limit or told.CHANGES)
        return carry_out(
            lambda s: told.show_difference(s, changes, as_json=as_json), as_json=as_json
        )
    if svg is not None:
        view = views.View(
            agent_id=agent,
            as_of=as_of,
            limit=_drawn(limit),
            kinds=tuple(kinds or ()),
            labels=tuple(labels or ()),
        )
        return carry_out(
            lambda s: views.draw_graph(s, view=view, svg=svg, as_json=as_json), as_json=as_json
        )
    said = {"limit": limit or LISTED, "labels": labels or (), "kinds": kinds or ()}
    return carry_out(
        lambda s: told.show_graph(s, agent_id=agent, as_of=as_of, said=said, as_json=as_json),
        as_json=as_json,
        remote=lambda c: there.show_graph(
            c, agent_id=agent, as_of=as_of, said=said, as_json=as_json
        ),
    )


def _drawn(limit: int | None) -> int:
    if limit is not None and limit > DRAWN_MAX:
        detail = f"{limit} is not in the range 1<=x<={DRAWN_MAX} of what one picture shows."
        raise typer.BadParameter(detail, param_hint="--limit")
    return limit or ENTITIES_DRAWN


@graph.command(epilog="Example: agent-runtime graph a-1 around ana --depth 2")
def around(
    context: typer.Context,
    entity: Entity,
    *,
    depth: Annotated[int, typer.Option(metavar="N", min=1, max=10, help="Hops away from it.")] = 1,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, max=DRAWN_MAX, help="Relationships of each, at most.")
    ] = 10,
    as_of: AsOf = None,
    svg: Svg = None,
    as_json: AsJson = False,
) -> int:
    """Show what stands around an entity: a tree, or a picture, the heaviest relationships first."""
    from service.cli.graph_views import View, show_around

    view = View(agent_id=context.obj, as_of=as_of, limit=limit, start=entity, depth=depth)
    return carry_out(lambda s: show_around(s, view=view, svg=svg, as_json=as_json), as_json=as_json)


@graph.command(epilog="Example: agent-runtime graph a-1 neighbours ana --kind knows")
def neighbours(
    context: typer.Context,
    entity: Entity,
    *,
    direction: Annotated[
        str, typer.Option(metavar="out|in|both", help="Which end of a relationship it is.")
    ] = "both",
    kinds: Kinds = None,
    labels: Labels = None,
    limit: Limit = 100,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> int:
    """List what an entity relates to, and what relates to it."""
    said = {"start": entity, "direction": direction, "limit": limit}
    return _ask(context, "neighbours", said, _where(kinds, labels, as_of), as_json=as_json)


@graph.command(epilog="Example: agent-runtime graph a-1 path ana vienna --weighted")
def path(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help="An entity's id.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Another one's.")],
    *,
    weighted: Weighted = False,
    kinds: Kinds = None,
    labels: Labels = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> int:
    """Find the shortest way along relationships, by hops or by weight."""
    said = {"from": source, "to": target, "weighted": weighted}
    return _ask(context, "shortest_path", said, _where(kinds, labels, as_of), as_json=as_json)


@graph.command(epilog="Example: agent-runtime graph a-1 central --betweenness --samples 100")
def central(  # noqa: PLR0913 - its options are its parameters.
    context: typer.Context,
    *,
    betweenness: Annotated[
        bool,
        typer.Option("--betweenness/--degree", help="By the ways it lies on, or its relationships"),
    ] = False,
    samples: Annotated[
        int | None,
        typer.Option(metavar="N", help="Estimate betweenness from so many entities."),
    ] = None,
    seed: Seed = 0,
    kinds: Kinds = None,
    labels: Labels = None,
    limit: Limit = 20,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> int:
    """List the most central entities."""
    if samples is not None and not betweenness:
        raise typer.BadParameter("wants --betweenness", param_hint="--samples")
    said: dict[str, Any] = {"limit": limit}
    if betweenness:
        said |= {"samples": samples, "seed": seed}
    op = "betweenness" if betweenness else "degree"
    return _ask(context, op, said, _where(kinds, labels, as_of), as_json=as_json)


@graph.command(epilog="Example: agent-runtime graph a-1 communities --method label_propagation")
def communities(
    context: typer.Context,
    *,
    method: Annotated[str, typer.Option(metavar="louvain|label_propagation")] = "louvain",
    weighted: Weighted = False,
    seed: Seed = 0,
    kinds: Kinds = None,
    labels: Labels = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> int:
    """Tell which entities belong together, the largest community first."""
    said = {"method": method, "weighted": weighted, "seed": seed}
    return _ask(context, "communities", said, _where(kinds, labels, as_of), as_json=as_json)


@graph.command(epilog="Example: agent-runtime graph a-1 cycles --kind 'depends on'")
def cycles(
    context: typer.Context,
    *,
    max_length: Annotated[
        int, typer.Option(metavar="N", min=1, help="Entities in a cycle, at most.")
    ] = 10,
    kinds: Kinds = None,
    labels: Labels = None,
    limit: Limit = 100,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> int:
    """List what goes round in circles, the short ones first."""
    said = {"max_length": max_length, "limit": limit}
    return _ask(context, "cycles", said, _where(kinds, labels, as_of), as_json=as_json)


@graph.command(epilog="""Example: agent-runtime graph a-1 query '{"op": "bfs", "start": "ana"}'""")
def query(
    context: typer.Context,
    question: Annotated[
        str, typer.Argument(metavar="QUERY", help="JSON, as the API takes it: see docs/graph.md.")
    ],
    *,
    as_json: AsJson = False,
) -> int:
    """Ask any question that there is: bfs, dfs, closure, subgraph, topological_sort and more."""
    from service.cli import remote_graph as there
    from service.cli.graph import query_graph

    return carry_out(
        lambda s: query_graph(s, agent_id=context.obj, text=question, as_json=as_json),
        as_json=as_json,
        remote=lambda c: there.query_graph(c, agent_id=context.obj, text=question, as_json=as_json),
    )


def _where(
    kinds: list[str] | None, labels: list[str] | None, as_of: str | None
) -> dict[str, object]:
    """Which part of the graph, and when."""
    return {"kinds": kinds, "labels": labels, "as_of": as_of}


def _ask(
    context: typer.Context,
    op: str,
    said: dict[str, Any],
    where: dict[str, object],
    *,
    as_json: bool,
) -> int:
    from service.cli import remote_graph as there
    from service.cli.graph import ask_graph

    query = {"op": op, **said, **where}
    return carry_out(
        lambda s: ask_graph(s, agent_id=context.obj, said=query, as_json=as_json),
        as_json=as_json,
        remote=lambda c: there.ask_graph(c, agent_id=context.obj, said=query, as_json=as_json),
    )
