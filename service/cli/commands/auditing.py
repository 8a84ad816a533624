"""The commands that compare, trace, branch and carry away what sessions have been."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.commands.program import app, carry_out
from service.cli.options import AllowHttp, AsJson, FilesRoot, Reason, Session

Side = Annotated[
    str,
    typer.Argument(
        metavar="SESSION[@N|@LABEL]", help="A session, or one as it was at a version or a label."
    ),
]


@app.command(epilog="Example: agent-runtime diff 458c1fa5@5 458c1fa5@12")
def diff(left: Side, right: Side, *, as_json: AsJson = False) -> int:
    """Compare two sessions, or two versions of one: where they part, and what they came to.

    Exit 4 where anything differs but what they took in time and tokens, which is told too.
    """
    from service.cli.diff import show_diff

    return carry_out(
        lambda s: show_diff(s, left=left, right=right, as_json=as_json), as_json=as_json
    )


@app.command(epilog='Example: agent-runtime fork last --at 5 --system-prompt "Be brief."')
def fork(  # noqa: PLR0913 - its options are its parameters.
    session: Session,
    *,
    at: Annotated[
        str,
        typer.Option(
            "--at", metavar="N|LABEL", help="The version from which it goes on otherwise."
        ),
    ],
    model: Annotated[
        str | None, typer.Option(metavar="PROVIDER:MODEL", help="Another model from there on.")
    ] = None,
    system_prompt: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Another system prompt from there on.")
    ] = None,
    tools: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[,NAME…]", help="All that it may use from there on."),
    ] = None,
    max_iterations: Annotated[
        int | None, typer.Option(metavar="N", help="Steps at most, those before counted.")
    ] = None,
    no_run: Annotated[
        bool, typer.Option("--no-run", help="Record the fork; `resume` runs it.")
    ] = False,
    reason: Reason = "",
    files_root: FilesRoot = None,
    allow_http: AllowHttp = False,
    as_json: AsJson = False,
) -> int:
    """Go on from a version of a session with another model, prompt or tools, as a new session.

    The parent stays as it is, and its events up to there are the fork's, too: nothing is copied.
    A fork reads the agent's memory and graph as they were then, and leaves them as they are.
    """
    from service.cli.asking import named_tools
    from service.cli.fork import fork_and_run
    from service.cli.run import Allowed

    said: dict[str, object] = {"reason": reason}
    if model is not None:
        said["model"] = model
    if system_prompt is not None:
        said["system_prompt"] = system_prompt
    if tools is not None:
        said["tools"] = named_tools(tools, files_root, allow_http=allow_http)
    if max_iterations is not None:
        said["limits"] = {"max_iterations": max_iterations}
    return carry_out(
        lambda s: fork_and_run(
            s,
            name=session,
            at=at,
            said=said,
            allowed=Allowed(files_root, allow_http),
            runs=not no_run,
            as_json=as_json,
        ),
        as_json=as_json,
    )


@app.command(epilog="Example: agent-runtime provenance last@12")
def provenance(
    event: Annotated[
        str,
        typer.Argument(
            metavar="EVENT", help="SESSION@N, or memory-AGENT@N or graph-AGENT@N for one of a mind."
        ),
    ],
    *,
    forward: Annotated[
        bool, typer.Option("--forward", help="What it led to, instead of what led to it.")
    ] = False,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Events at most.")] = 1000,
    as_json: AsJson = False,
) -> int:
    """Trace an event back to all that led to it, across sessions and minds; or forward."""
    from service.cli.provenance import show_provenance

    return carry_out(
        lambda s: show_provenance(
            s,
            name=event,
            direction="forward" if forward else "backward",
            limit=limit,
            as_json=as_json,
        ),
        as_json=as_json,
    )


@app.command("import", epilog="Example: agent-runtime import ada.bundle")
def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="What was exported.")
    ],
    *,
    as_json: AsJson = False,
) -> int:
    """Put a bundle into a log that is empty; each event is proved by its digest on the way."""
    from service.cli.bundles import import_file

    return carry_out(lambda s: import_file(s, path=file, as_json=as_json), as_json=as_json)


@app.command(epilog="Example: agent-runtime whatif last --model anthropic:claude-sonnet-4-5")
def whatif(  # noqa: PLR0913 - its options are its parameters.
    sessions: Annotated[
        list[str] | None, typer.Argument(metavar="[SESSION]…", help="Which; or give --agent.")
    ] = None,
    *,
    agent: Annotated[
        str | None, typer.Option(metavar="AGENT", help="Its newest sessions that have ended.")
    ] = None,
    last: Annotated[int, typer.Option(metavar="N", min=1, help="How many of those.")] = 10,
    model: Annotated[
        str | None, typer.Option(metavar="PROVIDER:MODEL", help="Asked instead.")
    ] = None,
    system_prompt: Annotated[str | None, typer.Option(metavar="TEXT", help="Told instead.")] = None,
    tools: Annotated[
        list[str] | None, typer.Option(metavar="NAME[,NAME…]", help="Offered instead.")
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="JSON|@FILE",
            help="Other settings of memory. Alone, they are tried on the recorded questions: no "
            "model is asked.",
        ),
    ] = None,
    live: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS",
            help="Let tools of this class run where the record has no answer: pure, idempotent, "
            "at_most_once. May be given several times.",
        ),
    ] = None,
    files_root: FilesRoot = None,
    allow_http: AllowHttp = False,
    as_json: AsJson = False,
) -> int:
    """Run recorded sessions once more, otherwise, and compare; nothing of it is written down.

    The model is asked anew, tools answer from the record: a call that it has no answer of stops
    the session there. Exit 4 where anything comes out otherwise.
    """
    from service.cli.asking import named_tools
    from service.cli.control import object_given
    from service.cli.run import Allowed
    from service.cli.whatif import ask_what_if, backtest

    if bool(sessions) == (agent is not None):
        raise typer.BadParameter("give sessions, or --agent")
    settings_of_memory = object_given("--memory", memory)
    said: dict[str, object] = {"model": model, "system_prompt": system_prompt}
    if tools is not None:
        said["tools"] = named_tools(tools, files_root, allow_http=allow_http)
    said = {name: value for name, value in said.items() if value is not None}
    if settings_of_memory is not None and not said:
        return carry_out(
            lambda s: backtest(
                s,
                names=sessions or (),
                agent=agent,
                last=last,
                memory=settings_of_memory,
                as_json=as_json,
            ),
            as_json=as_json,
        )
    if settings_of_memory is not None:
        said["memory"] = settings_of_memory
    return carry_out(
        lambda s: ask_what_if(
            s,
            names=sessions or (),
            agent=agent,
            last=last,
            said={**said, "live": live or []},
            allowed=Allowed(files_root, allow_http),
            as_json=as_json,
        ),
        as_json=as_json,
    )


@app.command(epilog="Example: agent-runtime verify --agent ada --since 2026-01-31T00:00Z")
def verify(
    sessions: Annotated[
        list[str] | None, typer.Argument(metavar="[SESSION]…", help="Which; all, if left out.")
    ] = None,
    *,
    agent: Annotated[str | None, typer.Option(metavar="AGENT", help="An agent's.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Those that began from then on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Those that began before that.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Prove of many sessions that they are what their rules make of them, by the log alone.

    Tells the first difference of each session that has one, then what was compared; exit 4 where
    there is any. With --json a line for each session, then the summary.
    """
    from service.cli.verifying import verify_sessions

    if sessions and (agent or since or until):
        raise typer.BadParameter("give sessions, or --agent, --since and --until")
    return carry_out(
        lambda s: verify_sessions(
            s, names=sessions or (), agent=agent, since=since, until=until, as_json=as_json
        ),
        as_json=as_json,
    )
