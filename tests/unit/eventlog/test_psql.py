"""What `psql` is started with."""

from unittest.mock import sentinel

import pytest

from eventlog.address import Address
from eventlog.database import Database
from eventlog.psql import psql_command

REMOTE = Database(Address.of_url("postgresql://me:s3cret@db.example/log"), sentinel.pool)


def test_the_password_is_in_the_environment_and_not_among_the_arguments():
    command = psql_command(REMOTE, ["-c", "select 1"])
    assert command.argv[1:] == ["postgresql://me@db.example/log", "-c", "select 1"]
    assert command.environment["PGPASSWORD"] == "s3cret"
    assert "s3cret" not in repr(command)


def test_a_session_is_for_looking():
    assert psql_command(REMOTE, []).environment["PGOPTIONS"] == (
        "-c default_transaction_read_only=on"
    )


def test_a_machine_without_psql_gets_the_wheels(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shutil.which", lambda _name: None)
    assert psql_command(REMOTE, []).argv[0].endswith("/psql")
