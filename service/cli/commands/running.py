"""The commands around sessions: run one, list them, look at one, replay it, read the log."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from service.cli.commands.program import app, carry_out
from service.cli.options import AllowHttp, AsJson, At, FilesRoot, Session

if TYPE_CHECKING:
    from service.client import Client

DEFAULT_AGENT: Final = "default"


@app.command(epilog='Example: agent-runtime run "What is 17*23?" --tools calculator')
def run(  # noqa: PLR0913 - its options are its parameters.
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="The task, in words.")],
    *,
    agent: Annotated[str, typer.Option(help="Whose mind this becomes part of.")] = DEFAULT_AGENT,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="PROVIDER:MODEL",
            help="anthropic:…, openai:…, local:smollm2-135m, local:<file>.gguf or scripted:<file>; "
            "by default the one that the agent is defined with, else local:smollm2-135m.",
        ),
    ] = None,
    fallback: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROVIDER:MODEL",
            help="Whom to ask when the model before gave no answer. May be given several times.",
        ),
    ] = None,
    tools: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[,NAME…]",
            help="What it may use: calculator, now; with --files-root read_file, list_files, "
            "search_files; with --allow-http http_get; on its memory remember, recall, forget, "
            "note. May be given several times.",
        ),
    ] = None,
    system_prompt: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the model is told first.")
    ] = None,
    max_iterations: Annotated[
        int | None, typer.Option(metavar="N", help="Steps at most (default 10).")
    ] = None,
    files_root: FilesRoot = None,
    allow_http: AllowHttp = False,
    no_memory: Annotated[
        bool, typer.Option("--no-memory", help="Neither recall anything nor remember it.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Run an agent on a task, and see its steps as they come.

    With --json: a line for each event once it is in the log, then one with the session.
    """
    from service.cli.asking import start_session
    from service.cli.run import Allowed, run_prompt

    said = partial(
        start_session,
        agent=agent,
        prompt=prompt,
        model=model,
        tools=tools,
        system_prompt=system_prompt,
        max_iterations=max_iterations,
        no_memory=no_memory,
        fallbacks=fallback,
    )

    async def there(client: "Client") -> int:
        from service.cli import remote_sessions

        return await remote_sessions.run_prompt(
            client, said=said, allowed=Allowed(files_root, allow_http), as_json=as_json
        )

    return carry_out(
        lambda settings: run_prompt(
            settings,
            command=said(files_root=files_root, allow_http=allow_http),
            allowed=Allowed(files_root, allow_http),
            as_json=as_json,
        ),
        as_json=as_json,
        remote=there,
    )


@app.command(epilog="Example: agent-runtime sessions --limit 5")
def sessions(
    *,
    limit: Annotated[int, typer.Option(metavar="N", help="How many, the newest first.")] = 20,
    as_json: AsJson = False,
) -> int:
    """List sessions: how each stands, and when its last event came."""
    from service.cli.sessions import show_sessions

    async def there(client: "Client") -> int:
        from service.cli import remote_sessions

        return await remote_sessions.show_sessions(client, limit=limit, as_json=as_json)

    return carry_out(
        lambda s: show_sessions(s, limit=limit, as_json=as_json), as_json=as_json, remote=there
    )


@app.command(epilog="Example: agent-runtime show last --at 3")
def show(session: Session, *, at: At = None, as_json: AsJson = False) -> int:
    """Show a session: status, prompt as sent, steps, usage; as it was at any version."""
    from service.cli.show import show_session

    async def there(client: "Client") -> int:
        from service.cli import remote_sessions

        return await remote_sessions.show_session(client, name=session, at=at, as_json=as_json)

    return carry_out(
        lambda s: show_session(s, name=session, at=at, as_json=as_json),
        as_json=as_json,
        remote=there,
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
    bundle: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Out of what `export` wrote; no database is opened."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Walk a session's states from the log alone: no model is asked, no tool is run."""
    if bundle is not None:
        return _replay_bundle(bundle, session, at, verify=verify, as_json=as_json)
    from service.cli.replay import replay_session

    async def there(client: "Client") -> int:
        from service.cli import remote_sessions

        return await remote_sessions.replay_session(
            client, name=session, at=at, verifying=verify, as_json=as_json
        )

    return carry_out(
        lambda s: replay_session(s, name=session, at=at, verifying=verify, as_json=as_json),
        as_json=as_json,
        remote=there,
    )


def _replay_bundle(path: Path, session: str, at: str | None, *, verify: bool, as_json: bool) -> int:
    from service.cli.process import execute_blocking
    from service.cli.replay import replay_bundle

    return execute_blocking(
        lambda _: replay_bundle(path=path, name=session, at=at, verifying=verify, as_json=as_json),
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

    async def there(client: "Client") -> int:
        from service.cli import remote_sessions

        return await remote_sessions.show_log(
            client, follow=follow, last=last, after=after, as_json=as_json
        )

    return carry_out(
        lambda s: show_log(s, follow=follow, last=last, after=after, as_json=as_json),
        as_json=as_json,
        remote=there,
    )
