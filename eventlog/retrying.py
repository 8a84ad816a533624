"""What a loop over the database sits out, and for how long."""

from typing import Final

import asyncpg

from eventlog.faults import LOST
from schema.errors import DatabaseUnavailable

PASSING: Final = (
    *LOST,
    asyncpg.InterfaceError,  # The driver's word for a connection that is closed already.
    asyncpg.InternalClientError,  # What it says when the server went away in mid-answer.
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    DatabaseUnavailable,
)
"""Faults after which the same work, over a new connection, may succeed."""
