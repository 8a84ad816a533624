"""The program that every command belongs to, and how one is carried out."""

from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from service.cli.output import print_text

if TYPE_CHECKING:
    from service.cli.remote import RemoteWork
    from service.config import Settings

PROGRAM: Final = "agent-runtime"
EXITS: Final = (
    "Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 a difference was found; "
    "130, 141 and 143 stopped by Ctrl-C, a closed pipe, SIGTERM."
)

_url: Final[ContextVar[str | None]] = ContextVar("url", default=None)
"""The service that was named, if one was."""

app = typer.Typer(
    help="An agent runtime whose log is the agent's mind: append, project, recall, replay.",
    epilog=EXITS,
    add_completion=False,
    pretty_exceptions_enable=False,  # A traceback of ours shows no values: some are secret.
    no_args_is_help=True,
)


def carry_out(
    work: "Callable[[Settings], Coroutine[Any, Any, int]]",
    *,
    as_json: bool = False,
    patient: bool = False,
    remote: "RemoteWork | None" = None,
) -> int:
    """What came of *work*, as an exit code; see `process.execute`.

    *remote* does the same against a service; without it, the command needs the database itself.
    """
    from service.cli.process import execute

    return execute(work, as_json=as_json, patient=patient, remote=remote, url=_url.get())


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
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Ask the service there, in place of the database; may stand behind the command. "
            "AGENT_RUNTIME_API_KEY is the key that it is shown.",
        ),
    ] = None,
) -> None:
    """Nothing of its own: the commands do it all."""
    _url.set(url)
