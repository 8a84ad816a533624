"""The commands around agents themselves: what they are defined as, and what they remember."""

from pathlib import Path
from typing import Annotated, Final

import typer

from service.cli.commands.agent_first import AgentFirst
from service.cli.commands.blamed import Blamed
from service.cli.commands.program import app, carry_out
from service.cli.options import Agent, AsJson, AsOf, Limit, Reason, Tags

__all__ = ["Blamed", "agents", "memory", "spending"]

agents = typer.Typer()
app.add_typer(agents, name="agents")

memory = typer.Typer(cls=AgentFirst)
app.add_typer(memory, name="memory")

DEFINE: Final = 'Example: echo \'{"model": "openai:gpt-5-mini"}\' | agent-runtime agents define a-1'


@app.command(epilog="Example: agent-runtime spending ana --limit 7")
def spending(
    agent: Annotated[
        str | None, typer.Argument(metavar="AGENT", help="Of all, if left out.")
    ] = None,
    *,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> int:
    """Show what agents spent by day (UTC), the newest first, and what calls under way hold back."""
    from service.cli.spending import show_spending

    return carry_out(
        lambda s: show_spending(s, agent_id=agent, limit=limit, as_json=as_json), as_json=as_json
    )


@agents.callback(invoke_without_command=True, epilog="Example: agent-runtime agents")
def list_agents(
    context: typer.Context, *, limit: Limit = 100, as_json: AsJson = False
) -> int | None:
    """List agents: what each is, and how much of it there is; or define one."""
    if context.invoked_subcommand is not None:
        return None
    from service.cli import remote_minds as there
    from service.cli.agents import show_agents

    return carry_out(
        lambda s: show_agents(s, limit=limit, as_json=as_json),
        as_json=as_json,
        remote=lambda c: there.show_agents(c, limit=limit, as_json=as_json),
    )


@agents.command(epilog=DEFINE)
def define(
    agent: Agent,
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="JSON: model, system_prompt, tools, max_iterations, limits, sampling, protocol, "
            "memory. Read from standard input, if left out.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Say what an agent's sessions begin with from here on: a new version of its definition."""
    from service.cli import remote_minds as there
    from service.cli.agents import define_agent

    return carry_out(
        lambda s: define_agent(s, agent_id=agent, file=file, as_json=as_json),
        as_json=as_json,
        remote=lambda c: there.define_agent(c, agent_id=agent, file=file, as_json=as_json),
    )


@agents.command(epilog="Example: agent-runtime agents show a-1 --version 2")
def show(
    agent: Agent,
    *,
    version: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="As it was by that version.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show an agent's definition, what it leaves out filled in."""
    from service.cli import remote_minds as there
    from service.cli.agents import show_agent

    return carry_out(
        lambda s: show_agent(s, agent_id=agent, version=version, as_json=as_json),
        as_json=as_json,
        remote=lambda c: there.show_agent(c, agent_id=agent, version=version, as_json=as_json),
    )


@memory.callback(epilog="Example: agent-runtime memory a-1 search 'red door' --as-of 12")
def of_agent(context: typer.Context, agent: Agent) -> None:
    """Look at what an agent remembers, now or at any version; search, add, forget.

    Without an action, all that it remembers; then the options are those of `list`:
    [--as-of VERSION|TIME|SESSION@VERSION] [--diff FROM TO] [--limit N] [--json].
    """
    context.obj = agent


@memory.command(
    "list", cls=Blamed, epilog="Example: agent-runtime memory a-1 --as-of 2026-01-31T12:00Z"
)
def list_memory(
    context: typer.Context,
    *,
    as_of: AsOf = None,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="FROM TO", help="What has changed between two of the same."),
    ] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> int:
    """List episodes (the newest first), facts and working memory."""
    from service.cli import remote_minds as there
    from service.cli.memory import show_difference, show_memory

    agent: str = context.obj
    if diff is not None:
        return carry_out(
            lambda s: show_difference(s, agent_id=agent, places=diff, as_json=as_json),
            as_json=as_json,
        )
    return carry_out(
        lambda s: show_memory(s, agent_id=agent, as_of=as_of, limit=limit, as_json=as_json),
        as_json=as_json,
        remote=lambda c: there.show_memory(
            c, agent_id=agent, as_of=as_of, limit=limit, as_json=as_json
        ),
    )


@memory.command(epilog="Example: agent-runtime memory a-1 search 'red door' --tag house")
def search(  # noqa: PLR0913 - its options are its parameters.
    context: typer.Context,
    query: Annotated[
        str | None, typer.Argument(metavar="QUERY", help="In words; without, by other factors.")
    ] = None,
    *,
    as_of: AsOf = None,
    tags: Tags = None,
    any_tag: Annotated[bool, typer.Option("--any-tag", help="One of the tags is enough.")] = False,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="It happened then or later.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="It happened by then.")] = None,
    min_importance: Annotated[
        float | None, typer.Option(metavar="0…1", help="Faded, it is still so important.")
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="It scores so much; with `relevance`, each query measures anew."
        ),
    ] = None,
    kind: Annotated[str | None, typer.Option(metavar="episode|fact", help="Only these.")] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            metavar="relevance|importance|hybrid", help="Instead of the agent's own policy."
        ),
    ] = None,
    limit: Limit = 10,
    as_json: AsJson = False,
) -> int:
    """Find what the agent remembers, the best first, and what each score is made of.

    Nothing is counted: only an agent's own recalls are.
    """
    from service.cli import remote_minds as there
    from service.cli.memory import search_memory

    said = {
        "query": query,
        "as_of": as_of,
        "tags": tags,
        "tags_match": "any" if any_tag else None,
        "since": since,
        "until": until,
        "min_importance": min_importance,
        "kinds": [kind] if kind else None,
        "min_score": min_score,
        "policy": policy,
        "limit": limit,
    }
    return carry_out(
        lambda s: search_memory(s, agent_id=context.obj, said=said, as_json=as_json),
        as_json=as_json,
        remote=lambda c: there.search_memory(c, agent_id=context.obj, said=said, as_json=as_json),
    )


@memory.command(epilog="Example: agent-runtime memory a-1 remember 'Ana moved to Graz.' --tag ana")
def remember(
    context: typer.Context,
    content: Annotated[str, typer.Argument(metavar="CONTENT", help="What happened, in words.")],
    *,
    importance: Annotated[float | None, typer.Option(metavar="0…1", help="Default 0.5.")] = None,
    tags: Tags = None,
    timestamp: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="When it happened, if not now.")
    ] = None,
    expires_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="From then on it is not recalled.")
    ] = None,
    pinned: Annotated[bool, typer.Option("--pinned", help="Never evict it.")] = False,
    as_json: AsJson = False,
) -> int:
    """Remember an episode; where there are too many, the least important one goes."""
    from service.cli import remote_minds as there
    from service.cli.memory import remember_episode

    said = {
        "content": content,
        "importance": importance,
        "tags": tags,
        "timestamp": timestamp,
        "expires_at": expires_at,
        "pinned": pinned,
    }
    return carry_out(
        lambda s: remember_episode(s, agent_id=context.obj, said=said, as_json=as_json),
        as_json=as_json,
        remote=lambda c: there.remember_episode(
            c, agent_id=context.obj, said=said, as_json=as_json
        ),
    )


@memory.command(epilog="Example: agent-runtime memory a-1 store colour red")
def store(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY")],
    value: Annotated[str, typer.Argument(metavar="VALUE")],
    *,
    tags: Tags = None,
    expires_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="From then on it is not recalled.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Keep a value under a key, in the place of what stood there."""
    from service.cli import remote_minds as there
    from service.cli.memory import store_fact

    said = {"key": key, "value": value, "tags": tags, "expires_at": expires_at}
    return carry_out(
        lambda s: store_fact(s, agent_id=context.obj, said=said, as_json=as_json),
        as_json=as_json,
        remote=lambda c: there.store_fact(c, agent_id=context.obj, said=said, as_json=as_json),
    )


@memory.command(epilog="Example: agent-runtime memory a-1 remove colour --reason 'was wrong'")
def remove(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY")],
    *,
    reason: Reason = "",
    as_json: AsJson = False,
) -> int:
    """Leave a key without a value; earlier versions of the memory still know it."""
    from service.cli import remote_minds as there
    from service.cli.memory import remove_fact

    return carry_out(
        lambda s: remove_fact(s, agent_id=context.obj, key=key, reason=reason, as_json=as_json),
        as_json=as_json,
        remote=lambda c: there.remove_fact(
            c, agent_id=context.obj, key=key, reason=reason, as_json=as_json
        ),
    )


@memory.command(epilog="Example: agent-runtime memory a-1 forget 3b1c5d9e --reason 'not true'")
def forget(
    context: typer.Context,
    episode: Annotated[str, typer.Argument(metavar="EPISODE", help="Its id, or either end of it.")],
    *,
    reason: Reason = "",
    as_json: AsJson = False,
) -> int:
    """Forget an episode: it is recalled no more; earlier versions of the memory still know it."""
    from service.cli import remote_minds as there
    from service.cli.memory import forget_episode

    return carry_out(
        lambda s: forget_episode(
            s, agent_id=context.obj, name=episode, reason=reason, as_json=as_json
        ),
        as_json=as_json,
        remote=lambda c: there.forget_episode(
            c, agent_id=context.obj, name=episode, reason=reason, as_json=as_json
        ),
    )


@memory.command(epilog="Example: agent-runtime memory a-1 pin 3b1c5d9e")
def pin(
    context: typer.Context,
    episode: Annotated[str, typer.Argument(metavar="EPISODE", help="Its id, or either end of it.")],
    *,
    off: Annotated[bool, typer.Option("--off", help="It may be evicted again.")] = False,
    as_json: AsJson = False,
) -> int:
    """Have an episode never evicted, however full the memory is."""
    from service.cli import remote_minds as there
    from service.cli.memory import pin_episode

    return carry_out(
        lambda s: pin_episode(
            s, agent_id=context.obj, name=episode, pinned=not off, as_json=as_json
        ),
        as_json=as_json,
        remote=lambda c: there.pin_episode(
            c, agent_id=context.obj, name=episode, pinned=not off, as_json=as_json
        ),
    )


@memory.command(epilog="Example: AGENT_RUNTIME_EMBEDDER=offline agent-runtime memory a-1 reembed")
def reembed(
    context: typer.Context,
    *,
    as_json: AsJson = False,
) -> int:
    """Move the memory to the embedder that the settings name.

    Its vectors are made beside the old ones, compared on what the agent has asked, then switched.
    """
    from service.cli.reembedding import reembed_memory

    return carry_out(
        lambda s: reembed_memory(s, agent_id=context.obj, as_json=as_json), as_json=as_json
    )
