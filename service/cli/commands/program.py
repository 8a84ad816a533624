"""The program that every command belongs to, and how one is carried out."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from service.cli.output import print_text

if TYPE_CHECKING:
    from service.config import Settings

PROGRAM: Final = "agent-runtime"
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


def carry_out(
    work: "Callable[[Settings], Coroutine[Any, Any, int]]",
    *,
    as_json: bool = False,
    patient: bool = False,
) -> int:
    """What came of *work*, as an exit code; see `process.execute`."""
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
