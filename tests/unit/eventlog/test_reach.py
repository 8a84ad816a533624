"""How the driver's errors are told in ours."""

from typing import Any, cast

import asyncpg
import pytest

from eventlog.reach import connecting, is_lost, working
from schema.errors import DatabaseUnavailable, NotReady


class Line:
    """A connection that works until somebody ends it."""

    def __init__(self) -> None:
        self.closed = False

    def terminate(self) -> None:
        self.closed = True

    def is_closed(self) -> bool:
        return self.closed


def test_a_driver_that_lost_its_place_makes_its_line_useless():
    line = Line()
    assert is_lost(cast("Any", line), asyncpg.InternalClientError("cannot switch to state 11"))
    assert line.closed


def test_a_misused_line_is_not_a_lost_one():
    assert not is_lost(cast("Any", Line()), asyncpg.InterfaceError("another operation is running"))


@pytest.mark.parametrize("error", [ConnectionRefusedError(), TimeoutError(), OSError("no route")])
def test_a_server_out_of_reach_may_be_asked_again(error: Exception):
    with pytest.raises(DatabaseUnavailable, match="db cannot be reached: "), connecting("db"):
        raise error


def test_a_wrong_password_is_for_an_operator():
    with pytest.raises(NotReady, match="db refuses us"), connecting("db"):
        raise asyncpg.InvalidPasswordError("password authentication failed")


def test_a_role_that_is_missing_tells_the_command_that_makes_it():
    with pytest.raises(NotReady, match="run `agent-runtime migrate`"), connecting("db"):
        raise asyncpg.InvalidParameterValueError('role "agent_runtime_app" does not exist')


def test_work_that_took_too_long_may_be_asked_again():
    with (
        pytest.raises(DatabaseUnavailable, match="db does not answer: TimeoutError"),
        working("db"),
    ):
        raise TimeoutError
