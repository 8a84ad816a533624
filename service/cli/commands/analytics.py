"""The commands of who asks about all of it: SQL, a report, and roles for tools of one's own."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.commands.program import app, carry_out
from service.cli.options import AsJson

if TYPE_CHECKING:
    from service.config import Settings

analytics = typer.Typer(
    help="Who may ask the views in SQL, and nothing else.", no_args_is_help=True
)
app.add_typer(analytics, name="analytics")

Role = Annotated[str, typer.Argument(metavar="ROLE", help="A role of PostgreSQL.")]


@analytics.command("grant", epilog="Example: agent-runtime analytics grant analyst --timeout 120")
def grant(
    role: Role,
    *,
    timeout: Annotated[
        int, typer.Option(metavar="S", min=1, max=86_400, help="For one statement.")
    ] = 60,
    connections: Annotated[
        int, typer.Option(metavar="N", min=1, max=1000, help="At once, at most.")
    ] = 5,
    as_json: AsJson = False,
) -> int:
    """Let a role read schema analytics and nothing else; it is made where there is none."""
    from service.analytics.roles import Limits
    from service.cli.analysts import grant_role

    limits = Limits(statement_timeout_s=timeout, connections_max=connections)
    return carry_out(
        lambda s: grant_role(s, role=role, limits=limits, as_json=as_json), as_json=as_json
    )


@analytics.command("revoke", epilog="Example: agent-runtime analytics revoke analyst")
def revoke(role: Role, *, as_json: AsJson = False) -> int:
    """Let a role read no more; the role itself stays."""
    from service.cli.analysts import revoke_role

    return carry_out(lambda s: revoke_role(s, role=role, as_json=as_json), as_json=as_json)


@app.command(epilog='Example: agent-runtime sql "select * from model_usage" --csv')
def sql(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One statement that reads.")],
    *,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Rows at most.")] = 1000,
    timeout: Annotated[
        float, typer.Option(metavar="S", min=0.001, max=3600, help="How long it may take.")
    ] = 30.0,
    role: Annotated[
        str | None,
        typer.Option(metavar="ROLE", help="Ask as this role, as `analytics grant` made."),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values.")] = False,
    as_json: AsJson = False,
) -> int:
    """Ask the views of schema analytics, read-only; docs/questions.md has twenty questions."""
    from service.analytics.asking import Bounds
    from service.cli.options import as_typed
    from service.cli.sql import answer_query

    if as_csv and as_json:
        raise typer.BadParameter("give --csv or --json, not both")

    async def work(settings: "Settings") -> int:
        with as_typed(query="QUERY", role="--role", timeout="--timeout"):
            bounds = Bounds(rows_max=limit, timeout_s=timeout, role=role)
            return await answer_query(
                settings, query=query, bounds=bounds, as_json=as_json, as_csv=as_csv
            )

    return carry_out(work, as_json=as_json)


@app.command(epilog="Example: agent-runtime export --agent ada --to ada.bundle")
def export(
    session: Annotated[
        str | None,
        typer.Argument(metavar="[SESSION]", help="With --to: this session, and what it shares."),
    ] = None,
    *,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="A new bundle: events that prove themselves."),
    ] = None,
    agent: Annotated[
        str | None, typer.Option(metavar="AGENT", help="With --to: all of an agent's.")
    ] = None,
    parquet: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="New or empty: <view>/day=<date>/part-0.parquet."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="With --parquet: from then on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="With --parquet: before that.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Write events to a bundle that `replay --bundle` and `import` read, or views to Parquet.

    A bundle holds a session, with --agent all of an agent's, else the whole log, byte for byte.
    """
    if (to is None) == (parquet is None):
        raise typer.BadParameter("give --to FILE for a bundle, or --parquet FOLDER for views")
    if parquet is not None:
        return _to_parquet(parquet, since, until, as_json=as_json)
    return _to_bundle(to or Path(), session, agent, as_json=as_json)


def _to_parquet(folder: Path, since: str | None, until: str | None, *, as_json: bool) -> int:
    from service.cli.options import as_typed
    from service.cli.parquet import export_parquet

    async def work(settings: "Settings") -> int:
        with as_typed(parquet="--parquet"):
            return await export_parquet(
                settings, folder=folder, since=since, until=until, as_json=as_json
            )

    return carry_out(work, as_json=as_json)


def _to_bundle(path: Path, session: str | None, agent: str | None, *, as_json: bool) -> int:
    from service.cli.bundles import export_bundle

    if session is not None and agent is not None:
        raise typer.BadParameter("give a session or --agent, not both")
    return carry_out(
        lambda s: export_bundle(s, session=session, agent=agent, path=path, as_json=as_json),
        as_json=as_json,
    )


@app.command(epilog="Example: agent-runtime report --days 7 --html report.html")
def report(
    *,
    days: Annotated[
        int, typer.Option(metavar="N", min=1, max=366, help="So many, today included.")
    ] = 30,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="As one page that needs nothing else."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Tell what ran here: sessions, tokens, cost, waits, failures, memories."""
    from service.cli.options import as_typed
    from service.cli.report import show_report

    async def work(settings: "Settings") -> int:
        with as_typed(html="--html"):
            return await show_report(settings, days=days, html=html, as_json=as_json)

    return carry_out(work, as_json=as_json)
