"""What a loop over the database sits out, and for how long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

from eventlog.database import Dedicated
from eventlog.faults import LOST
from schema.errors import DatabaseUnavailable

PASSING: Final = (
    *LOST,
    asyncpg.InternalClientError,  # What the driver says when the server went away in mid-answer.
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    DatabaseUnavailable,
)
"""Faults after which the same work, over a new connection, may succeed."""


@contextmanager
def holding(conn: Dedicated) -> Iterator[None]:
    """Turn what the driver says of a closed connection into `DatabaseUnavailable`.

    It has one class for that and for a call that is wrong, which no new connection would mend.
    """
    try:
        yield
    except asyncpg.InterfaceError as error:
        if not conn.is_closed():
            raise
        raise DatabaseUnavailable(f"the connection was lost: {error}") from error
