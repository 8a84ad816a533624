"""What the driver raises when the database is out of reach, told in our own errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from eventlog.faults import LOST
from schema.errors import DatabaseUnavailable, NotReady

APPLICATION_ROLE: Final = "agent_runtime_app"

UNREACHABLE: Final = (*LOST, OSError, asyncpg.InternalClientError)
"""The same while a connection is being made."""

REFUSED: Final = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)


@contextmanager
def connecting(label: str) -> Iterator[None]:
    """Turn a failed attempt to connect to *label* into `DatabaseUnavailable` or `NotReady`."""
    try:
        yield
    except asyncpg.InvalidParameterValueError as error:
        raise _unfit(label, error) from error
    except ValueError as error:  # An address or a certificate that is no good.
        raise NotReady(f"{label} cannot be used: {said(error)}") from error
    except REFUSED as error:
        raise NotReady(f"{label} refuses us: {said(error)}") from error
    except UNREACHABLE as error:
        raise DatabaseUnavailable(f"{label} cannot be reached: {said(error)}") from error


@contextmanager
def working(label: str) -> Iterator[None]:
    """Turn the loss of a connection to *label*, or a wait too long, into `DatabaseUnavailable`."""
    try:
        yield
    except LOST as error:
        raise DatabaseUnavailable(f"{label} does not answer: {said(error)}") from error


def is_lost(conn: "PoolConnectionProxy[asyncpg.Record]", error: Exception) -> bool:
    """Whether *error* came because nothing can be asked over *conn* any more."""
    try:
        if isinstance(error, asyncpg.InternalClientError):
            # The server's farewell crossed our question, and the driver lost its place.
            conn.terminate()
        return conn.is_closed()
    except asyncpg.InterfaceError:  # The pool has noticed before us, and taken it back.
        return True


@contextmanager
def migrating(label: str) -> Iterator[None]:
    """As `working`, and `NotReady` where the role of *label* lacks a right."""
    try:
        with working(label):
            yield
    except asyncpg.InsufficientPrivilegeError as error:
        raise NotReady(
            f"the role used at {label} may not do this ({said(error)}): it must own the database's "
            "schemas, or be allowed to create them"
        ) from error


def said(error: BaseException) -> str:
    """The error's own words; its kind where it has none, as a timeout."""
    return str(error) or type(error).__name__


def _unfit(label: str, error: asyncpg.PostgresError) -> NotReady:
    if APPLICATION_ROLE in str(error):
        return NotReady(f"{label} has not been migrated: run `agent-runtime migrate`")
    return NotReady(f"{label} refuses our settings: {said(error)}")
