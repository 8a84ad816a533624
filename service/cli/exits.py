"""How a command says by a number what came of it."""

from enum import IntEnum
from typing import Final

from schema.errors import AgentRuntimeError, Invalid, NotFound, TokenRefused


class Exit(IntEnum):
    """The process's exit code."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    DIFFERENT = 4
    """Verification found a difference."""
    INTERRUPTED = 130
    """By Ctrl-C: 128 and the signal's number, as shells have it."""
    PIPE_CLOSED = 141
    """Whoever read our output went away."""
    TERMINATED = 143


_BY_ERROR: Final = (
    (Invalid, Exit.USAGE),
    (TokenRefused, Exit.USAGE),
    (NotFound, Exit.NOT_FOUND),
)


def exit_of(error: AgentRuntimeError) -> Exit:
    """What *error* comes to."""
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), Exit.FAILED)
