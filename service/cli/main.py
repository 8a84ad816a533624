"""From what was typed to an exit code."""

import sys

import typer
from typer.exceptions import TyperException

from service.cli.commands import PROGRAM, app
from service.cli.exits import Exit
from service.cli.output import print_json_note, print_note


def main() -> None:
    """Run the command that was typed, and leave with its exit code."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """The exit code of the command that *arguments* say."""
    try:
        done = app(_url_first(arguments), prog_name=PROGRAM, standalone_mode=False)
    except TyperException as error:
        _tell_misuse(error, as_json="--json" in _options(arguments))
        return Exit.USAGE
    except (typer.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    return done if isinstance(done, int) else Exit.DONE


def _url_first(arguments: list[str]) -> list[str]:
    """*arguments* with `--url` before the command, wherever it was typed."""
    typed = _options(arguments)
    for place, argument in enumerate(typed):
        if argument.startswith("--url="):
            return [argument, *arguments[:place], *arguments[place + 1 :]]
        if argument == "--url" and place + 1 < len(typed):
            named = arguments[place : place + 2]
            return [*named, *arguments[:place], *arguments[place + 2 :]]
    return arguments


def _options(arguments: list[str]) -> list[str]:
    """What stands before `--`: behind it, nothing is an option."""
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _tell_misuse(error: TyperException, *, as_json: bool) -> None:
    said = error.format_message().rstrip(".")
    if as_json:
        print_json_note({"code": "usage", "detail": f"{said}.", "retryable": False})
    elif said:  # Without a command at all, the help was shown instead.
        context = getattr(error, "ctx", None)
        command = PROGRAM if context is None else context.command_path
        print_note(f"{PROGRAM}: {said}. See `{command} --help`.")
