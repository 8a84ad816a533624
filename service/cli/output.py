"""What goes to the terminal or a pipe: JSON lines for machines, safe text for people."""

import sys
from typing import Any, Final, TextIO

import msgspec

from schema import json_text
from schema.errors import AgentRuntimeError, DatabaseUnavailable
from service.printable import printable

EXACT_MAX: Final = 2**53
"""Beyond it, a number is not the same to every reader of JSON; we send it as a string."""


def print_json(value: object) -> None:
    """One line of JSON on stdout, handed over at once."""
    _write(sys.stdout, json_text.encode(_exact(msgspec.to_builtins(value))))


def print_text(text: str = "") -> None:
    """A line for people on stdout."""
    _write(sys.stdout, printable(text))


def print_note(text: str) -> None:
    """A line on stderr, beside the output."""
    _write(sys.stderr, printable(text))


def print_json_note(value: object) -> None:
    """One line of JSON on stderr."""
    _write(sys.stderr, json_text.encode(value))


def print_error(error: AgentRuntimeError, *, as_json: bool) -> None:
    """What went wrong, in one line on stderr."""
    if as_json:
        print_json_note(_problem(error))
    else:
        print_note(f"agent-runtime: {error}{_mend(error)}")


def _mend(error: AgentRuntimeError) -> str:
    """What to run, where *error* alone doesn't say."""
    return ": run `agent-runtime doctor`" if isinstance(error, DatabaseUnavailable) else ""


def _write(stream: TextIO, line: str) -> None:
    stream.buffer.write(line.encode(errors="backslashreplace") + b"\n")
    stream.flush()


def _problem(error: AgentRuntimeError) -> dict[str, object]:
    field = getattr(error, "field", None)
    named = {} if field is None else {"field": field}
    return {"code": error.code, "detail": str(error), "retryable": error.retryable, **named}


def _exact(value: Any) -> Any:
    """*value* with the integers that doubles cannot hold as strings."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value) if abs(value) > EXACT_MAX else value
    if isinstance(value, dict):
        return {key: _exact(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(inner) for inner in value]
    return value
