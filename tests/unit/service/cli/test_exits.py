"""Which exit code an error comes to: a contract with scripts."""

import pytest

from schema import errors
from service.cli.exits import Exit, exit_of


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.Invalid("model", "is none"), 2),
        (errors.PayloadTooLarge("data", "is too large"), 2),
        (errors.NotFound("no such session"), 3),
        (errors.NotReady("run migrate"), 1),
        (errors.Fenced("session-x", 1, 2), 1),
        (errors.DatabaseUnavailable("no answer"), 1),
        (errors.TokenRefused("no token"), 2),
    ],
)
def test_the_error_decides_the_exit_code(error: errors.AgentRuntimeError, code: int):
    assert exit_of(error) == code


def test_the_codes_are_those_that_were_promised():
    assert {code.name: code.value for code in Exit} == {
        "DONE": 0,
        "FAILED": 1,
        "USAGE": 2,
        "NOT_FOUND": 3,
        "DIFFERENT": 4,
        "INTERRUPTED": 130,
        "PIPE_CLOSED": 141,
        "TERMINATED": 143,
    }
