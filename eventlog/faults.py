"""What the driver raises when a connection is lost, and how long to wait before the next."""

import random
from typing import Final

import asyncpg

LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # 57…: shut down, starting up, statement timeout.
    asyncpg.InsufficientResourcesError,  # 53…: too many connections, disk full.
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    ConnectionError,
    TimeoutError,
)
"""Errors after which the same request may succeed later, over a new connection."""

BACKOFF_FIRST_S: Final = 0.05
BACKOFF_MAX_S: Final = 5.0


def backoff_s(attempt: int) -> float:
    """How long to wait after the *attempt*-th failure in a row (from 1): doubling, with chance."""
    ceiling = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** min(attempt - 1, 16))
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - spreads load, hides nothing.
