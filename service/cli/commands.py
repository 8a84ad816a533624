"""Every command: its arguments, its help with an example, and where it is done.

What a command needs is imported when it is called, so that help and mistakes are told at once.
"""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from service.cli.options import AsJson, At, Host, Port, RoundCount, RoundSeconds, Session, Strict
from service.cli.output import print_text

if TYPE_CHECKING:
    from service.config import Settings

PROGRAM: Final = "agent-runtime"
DEFAULT_MODEL: Final = "local:smollm2-135m"
DEFAULT_AGENT: Final = "default"
EXITS: Final = (
    "Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 a difference was found; "
    "130, 141 and 143 stopped by Ctrl-C, a closed pipe, SIGTERM."
)

app = typer.Typer(
    help="An agent runtime whose log is the agent's mind: append, project, recall, replay.",
    epilog=EXITS,
    add_completion=False,
    pretty_exceptions_enable=False,  # A traceback of ours shows no values: some are secret.
    no_args_is_help=True,
)
projections = typer.Typer()
app.add_typer(projections, name="projections")


def _execute(
    work: "Callable[[Settings], Coroutine[Any, Any, int]]",
    *,
    as_json: bool = False,
    patient: bool = False,
) -> int:
    from service.cli.process import execute

    return execute(work, as_json=as_json, patient=patient)


def _tell_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so.
    if wanted:
        from importlib.metadata import version

        print_text(f"{PROGRAM} {version(PROGRAM)}")
        raise typer.Exit


@app.callback()
def program(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Tell the version and leave.", is_eager=True, callback=_tell_version
        ),
    ] = False,
) -> None:
    """Nothing of its own: the commands do it all."""


@app.command(epilog='Example: agent-runtime run "What is 17*23?" --tools calculator')
def run(  # noqa: PLR0913 - its options are its parameters.
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="The task, in words.")],
    *,
    agent: Annotated[str, typer.Option(help="Whose mind this becomes part of.")] = DEFAULT_AGENT,
    model: Annotated[
        str,
        typer.Option(
            metavar="PROVIDER:MODEL",
            help="anthropic:…, openai:…, local:smollm2-135m, local:<file>.gguf or scripted:<file>.",
        ),
    ] = DEFAULT_MODEL,
    tools: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[,NAME…]",
            help="What it may use: calculator, now; with --files-root read_file, list_files, "
            "search_files; with --allow-http http_get. May be given several times.",
        ),
    ] = None,
    system_prompt: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the model is told first.")
    ] = None,
    max_iterations: Annotated[
        int | None, typer.Option(metavar="N", help="Steps at most (default 10).")
    ] = None,
    files_root: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            exists=True,
            file_okay=False,
            help="The folder that file tools may read; they see nothing outside it.",
        ),
    ] = None,
    allow_http: Annotated[
        bool, typer.Option("--allow-http", help="Let http_get reach the public internet.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Run an agent on a task, and see its steps as they come.

    With --json: a line for each event once it is in the log, then one with the session.
    """
    from service.cli.asking import start_session
    from service.cli.run import Allowed, run_prompt

    return _execute(
        lambda settings: run_prompt(
            settings,
            command=start_session(
                agent=agent,
                prompt=prompt,
                model=model,
                tools=tools or [],
                system_prompt=system_prompt,
                max_iterations=max_iterations,
                files_root=files_root,
                allow_http=allow_http,
            ),
            allowed=Allowed(files_root, allow_http),
            as_json=as_json,
        ),
        as_json=as_json,
    )


@app.command(epilog="Example: agent-runtime sessions --limit 5")
def sessions(
    *,
    limit: Annotated[int, typer.Option(metavar="N", help="How many, the newest first.")] = 20,
    as_json: AsJson = False,
) -> int:
    """List sessions: how each stands, and when its last event came."""
    from service.cli.sessions import show_sessions

    return _execute(lambda s: show_sessions(s, limit=limit, as_json=as_json), as_json=as_json)


@app.command(epilog="Example: agent-runtime show last --at 3")
def show(session: Session, *, at: At = None, as_json: AsJson = False) -> int:
    """Show a session: status, prompt as sent, steps, usage; as it was at any version."""
    from service.cli.show import show_session

    return _execute(
        lambda s: show_session(s, name=session, at=at, as_json=as_json), as_json=as_json
    )


@app.command(epilog="Example: agent-runtime replay last --verify")
def replay(
    session: Session,
    *,
    at: At = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Compare digests, decisions and prompts with what the rules make of them; "
            "exit 4 and name the first event that differs.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Walk a session's states from the log alone: no model is asked, no tool is run."""
    from service.cli.replay import replay_session

    return _execute(
        lambda s: replay_session(s, name=session, at=at, verifying=verify, as_json=as_json),
        as_json=as_json,
    )


@app.command(epilog="Example: agent-runtime log --last 20 --follow")
def log(
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes.")] = False,
    last: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Begin with the last N events of each partition."),
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", help="Begin behind this `position`, as --json tells it."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show the whole log, event by event."""
    from service.cli.log import show_log

    return _execute(
        lambda s: show_log(s, follow=follow, last=last, after=after, as_json=as_json),
        as_json=as_json,
    )


@projections.callback(
    invoke_without_command=True, epilog="Example: agent-runtime projections rebuild sessions"
)
def show_projections(context: typer.Context, *, as_json: AsJson = False) -> int | None:
    """Show how far read models are behind the log; or make one anew."""
    if context.invoked_subcommand is not None:
        return None
    from service.cli.projections import show_projections as shown

    return _execute(lambda s: shown(s, as_json=as_json), as_json=as_json)


@projections.command(epilog="Example: agent-runtime projections rebuild steps")
def rebuild(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `projections` lists it.")],
    *,
    as_json: AsJson = False,
) -> int:
    """Fold a read model again from the first event; readers never see it half done."""
    from service.cli.projections import rebuild_projection

    return _execute(lambda s: rebuild_projection(s, name=name, as_json=as_json), as_json=as_json)


@app.command(epilog="Example: AGENT_RUNTIME_DATABASE_URL=postgresql://… agent-runtime migrate")
def migrate(*, as_json: AsJson = False) -> int:
    """Bring the database to what this program needs; our own one is, at each start."""
    from service.cli.database import migrate_database

    return _execute(lambda s: migrate_database(s, as_json=as_json), as_json=as_json)


@app.command(
    epilog='Example: agent-runtime psql -c "select * from readmodel.sessions"',
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
def psql(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="ARGS", help="Handed on to psql as they are.")
    ] = None,
) -> int:
    """Open psql on the database, as its owner; for looking, not for writing."""
    from service.cli.database import run_psql

    return _execute(lambda s: run_psql(s, arguments=arguments or []))


@app.command(epilog="Example: agent-runtime doctor")
def doctor(*, as_json: AsJson = False) -> int:
    """Say what is wrong with the database, and what mends it; exit 1 if anything is."""
    from service.cli.database import tell_findings

    return _execute(lambda s: tell_findings(s, as_json=as_json), as_json=as_json, patient=True)


@app.command(epilog="Example: agent-runtime serve --port 8400")
def serve(
    *,
    host: Host = None,
    port: Port = None,
    as_json: AsJson = False,
) -> int:
    """Serve HTTP and keep read models level, until Ctrl-C or SIGTERM."""
    from service.cli.serve import serve_until_stopped

    return _execute(
        lambda s: serve_until_stopped(s, host=host, port=port, as_json=as_json),
        as_json=as_json,
        patient=True,
    )


@app.command(epilog="Example: agent-runtime bench --json")
def bench(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Which; all of them by default.")
    ] = None,
    *,
    rounds: RoundCount = 5,
    seconds: RoundSeconds = 3.0,
    strict: Strict = False,
    as_json: AsJson = False,
) -> int:
    """Measure us beside a bare driver on the same server."""
    from service.bench import Rounds
    from service.bench import run as run_benches
    from service.cli.process import execute_blocking

    wanted = Rounds(count=rounds, round_s=seconds)
    return execute_blocking(
        lambda s: run_benches(names or [], as_json, s, rounds=wanted, strict=strict),
        as_json=as_json,
    )
