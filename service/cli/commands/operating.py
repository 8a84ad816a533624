"""The commands of who operates it: read models, the database, the service, the benches."""

from typing import Annotated

import typer

from service.cli.commands.program import app, carry_out
from service.cli.options import AsJson, Host, Port, RoundCount, RoundSeconds, SetFile, Strict

projections = typer.Typer()
app.add_typer(projections, name="projections")


@projections.callback(
    invoke_without_command=True, epilog="Example: agent-runtime projections rebuild sessions"
)
def show_projections(context: typer.Context, *, as_json: AsJson = False) -> int | None:
    """Show how far read models are behind the log; or make one anew."""
    if context.invoked_subcommand is not None:
        return None
    from service.cli.projections import show_projections as shown

    return carry_out(lambda s: shown(s, as_json=as_json), as_json=as_json)


@projections.command(epilog="Example: agent-runtime projections rebuild steps")
def rebuild(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `projections` lists it.")],
    *,
    as_json: AsJson = False,
) -> int:
    """Fold a read model again from the first event; readers never see it half done."""
    from service.cli.projections import rebuild_projection

    return carry_out(lambda s: rebuild_projection(s, name=name, as_json=as_json), as_json=as_json)


@app.command(epilog="Example: AGENT_RUNTIME_DATABASE_URL=postgresql://… agent-runtime migrate")
def migrate(*, as_json: AsJson = False) -> int:
    """Bring the database to what this program needs; our own one is, at each start."""
    from service.cli.database import migrate_database

    return carry_out(lambda s: migrate_database(s, as_json=as_json), as_json=as_json)


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

    return carry_out(lambda s: run_psql(s, arguments=arguments or []))


@app.command(epilog="Example: agent-runtime doctor")
def doctor(*, as_json: AsJson = False) -> int:
    """Say what is wrong with the database, and what mends it; exit 1 if anything is."""
    from service.cli.database import tell_findings

    return carry_out(lambda s: tell_findings(s, as_json=as_json), as_json=as_json, patient=True)


@app.command(epilog="Example: agent-runtime serve --port 8400")
def serve(
    *,
    host: Host = None,
    port: Port = None,
    as_json: AsJson = False,
) -> int:
    """Serve HTTP and keep read models level, until Ctrl-C or SIGTERM."""
    from service.cli.serve import serve_until_stopped

    return carry_out(
        lambda s: serve_until_stopped(s, host=host, port=port, as_json=as_json),
        as_json=as_json,
        patient=True,
    )


keys = typer.Typer(help="Who may call the API, and what they may do.", no_args_is_help=True)
app.add_typer(keys, name="keys")


@keys.command(epilog="Example: agent-runtime keys create ci --scope sessions:write --agent ana")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    *,
    scope: Annotated[
        list[str],
        typer.Option(
            metavar="SCOPE",
            help="sessions:read, sessions:write, memory:write, audit:read, or admin for all; "
            "give one for each.",
        ),
    ],
    agent: Annotated[
        list[str] | None,
        typer.Option(metavar="AGENT", help="Only for this agent; for all, if left out."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="TIME", help="Not good from then on.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Make a key; it is shown this once, and kept nowhere."""
    from service.cli.keys import make_key

    return carry_out(
        lambda s: make_key(
            s, name=name, scopes=scope, agents=agent or [], expires=expires, as_json=as_json
        ),
        as_json=as_json,
    )


@keys.command("list", epilog="Example: agent-runtime keys list")
def list_(*, as_json: AsJson = False) -> int:
    """List keys, those that are good no longer too."""
    from service.cli.keys import show_keys

    return carry_out(lambda s: show_keys(s, as_json=as_json), as_json=as_json)


@keys.command(epilog="Example: agent-runtime keys revoke 3f9a0c1b2d4e")
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id, as `keys list` shows it.")],
    *,
    as_json: AsJson = False,
) -> int:
    """Let nobody in by this key any more."""
    from service.cli.keys import end_key

    return carry_out(lambda s: end_key(s, key_id=key, as_json=as_json), as_json=as_json)


@app.command(epilog="Example: agent-runtime bench --json")
def bench(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Which; all of them by default.")
    ] = None,
    *,
    rounds: RoundCount = 5,
    seconds: RoundSeconds = 3.0,
    strict: Strict = False,
    set_file: SetFile = None,
    as_json: AsJson = False,
) -> int:
    """Measure us beside a bare driver on the same server."""
    from service.bench import Rounds
    from service.bench import run as run_benches
    from service.cli.process import execute_blocking

    wanted = Rounds(count=rounds, round_s=seconds)
    return execute_blocking(
        lambda s: run_benches(
            names or [], as_json, s, rounds=wanted, strict=strict, set_file=set_file
        ),
        as_json=as_json,
    )
