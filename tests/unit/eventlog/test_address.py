"""Addresses: what is read from a URL, and what is never shown of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.address import Address
from schema.errors import NotReady


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_every_usual_scheme_is_understood(scheme: str):
    address = Address.of_url(f"{scheme}://me@db.example:6000/log")
    assert address.options["dsn"] == "postgresql://me@db.example:6000/log"
    assert address.label == "db.example:6000/log"
    assert not address.embedded


def test_a_password_goes_to_the_driver_and_to_psqls_environment_and_nowhere_else():
    address = Address.of_url("postgresql://me:p%40ss@db.example/log?sslmode=require")
    assert address.options == {
        "dsn": "postgresql://me@db.example/log?sslmode=require",
        "password": "p@ss",
    }
    assert address.psql_environment == {"PGPASSWORD": "p@ss"}
    assert address.psql_arguments == ("postgresql://me@db.example/log?sslmode=require",)


def test_several_hosts_may_be_named():
    address = Address.of_url("postgresql://me:s3cret@one:5433,two:5434/log")
    assert address.label == "one:5433,two:5434/log"
    assert address.options["dsn"] == "postgresql://me@one:5433,two:5434/log"


def test_a_password_in_the_query_is_taken_out_of_it():
    address = Address.of_url("postgresql:///log?host=/run/pg&user=me&password=s3cret")
    assert address.options["password"] == "s3cret"
    assert "s3cret" not in address.options["dsn"]
    assert address.label == "/run/pg:5432/log"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:s3cret@host/db",
        "postgresql://me:s3cret/x@host/db",
        "postgresql://me:s3cret#x@host/db",
        "postgresql://me:s3cret?x@host/db",
        "postgresql://me:s3cret@host:port/db",
        "postgresql://me:s3cret@[::1/db",
        "s3cret",
        "",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_and_not_shown(url: str):
    with pytest.raises(NotReady, match="AGENT_RUNTIME_DATABASE_URL") as caught:
        Address.of_url(url)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__suppress_context__


@given(st.text(min_size=1))
def test_no_address_ever_shows_its_password(noise: str):
    try:
        address = Address.of_url(f"postgresql://me:SECRET{noise}@host/db")
    except NotReady as refused:
        shown = str(refused)
    else:
        shown = f"{address!r} {address.label} {address.psql_arguments}"
    assert "SECRET" not in shown


def test_our_own_servers_address_names_its_socket():
    address = Address.of_socket(Path("/home/me/socket"), 5432, "postgres")
    assert address.embedded
    assert address.options["host"] == "/home/me/socket"
