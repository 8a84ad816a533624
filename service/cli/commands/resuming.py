"""The command that lets a session go on."""

from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.commands.program import app, carry_out
from service.cli.options import AllowHttp, AsJson, FilesRoot, Session

if TYPE_CHECKING:
    from service.client import Client


@app.command(epilog='Example: agent-runtime resume last --reason "the tools are back"')
def resume(
    session: Session,
    *,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why it may go on; it is recorded.")
    ] = "",
    files_root: FilesRoot = None,
    allow_http: AllowHttp = False,
    as_json: AsJson = False,
) -> int:
    """Go on with a session that is paused, or whose process is gone, from where it stands.

    A process that is silent keeps its session for AGENT_RUNTIME_LEASE_S. With --json: a line for
    each new event, then one with the session.
    """
    from service.cli.resume import resume_session
    from service.cli.run import Allowed

    allowed = Allowed(files_root, allow_http)

    async def there(client: "Client") -> int:
        from service.cli import remote_sessions

        return await remote_sessions.resume_session(
            client, name=session, reason=reason, allowed=allowed, as_json=as_json
        )

    return carry_out(
        lambda settings: resume_session(
            settings, name=session, reason=reason, allowed=allowed, as_json=as_json
        ),
        as_json=as_json,
        remote=there,
    )
