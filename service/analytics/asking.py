"""One question in SQL, asked read-only, for so long, and answered with so many rows at most."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import asyncpg
from asyncpg import Record
from msgspec import Struct

from eventlog.database import Database, Dedicated
from eventlog.reach import working
from schema.errors import DeadlinePassed, Invalid

PREFETCH: Final = 100
"""Rows that are fetched at once."""
ROWS_MAX: Final = 10_000_000
"""More than that is for `export --parquet`."""
TIMEOUT_S_MAX: Final = 3600.0
SETTINGS: Final = {
    "default_transaction_read_only": "on",
    "search_path": "analytics, public",
    "lock_timeout": "5000",
}


class Bounds(Struct, frozen=True, kw_only=True):
    """How far a question may go."""

    rows_max: int = 1000
    timeout_s: float = 30.0
    """Of each part of the answer; the first takes nearly all."""
    role: str | None = None
    """As whom it is asked; as the application, if None."""

    def __post_init__(self) -> None:
        if not 1 <= self.rows_max <= ROWS_MAX:
            raise Invalid("limit", f"1 to {ROWS_MAX}")
        if not 0 < self.timeout_s <= TIMEOUT_S_MAX:
            raise Invalid("timeout", f"more than 0, up to {TIMEOUT_S_MAX:g} s")


class Answer:
    """The columns of an answer, and its rows as they come."""

    def __init__(self, cursor: Any, columns: Sequence[str], bounds: Bounds) -> None:
        self.columns = columns
        self.more = False
        """Whether there are more rows than may be given; known when all of those are read."""
        self._cursor = cursor
        self._bounds = bounds

    async def blocks(self) -> AsyncIterator[Sequence[Record]]:
        """Its rows, up to so many as may be given, block by block."""
        left = self._bounds.rows_max
        while rows := await self._fetch(min(PREFETCH, left + 1)):
            if len(rows) > left:
                self.more = True
                rows = rows[:left]
            if rows:
                yield rows
            left -= len(rows)
            if self.more:
                return

    async def _fetch(self, count: int) -> Sequence[Record]:
        with _told(self._bounds):
            rows: Sequence[Record] = await self._cursor.fetch(count)
            return rows


@asynccontextmanager
async def asked(database: Database, query: str, bounds: Bounds) -> AsyncIterator[Answer]:
    """The answer to *query*, one statement that reads.

    Raises `Invalid` for what PostgreSQL refuses, with its words; `DeadlinePassed` when it takes
    longer than *bounds* allow.
    """
    conn = await _connected(database, bounds)
    try:
        with working(database.address.label):
            async with conn.transaction(readonly=True):
                with _told(bounds):
                    prepared = await conn.prepare(query)
                    columns = [column.name for column in prepared.get_attributes()]
                    cursor = await prepared.cursor()
                yield Answer(cursor, columns, bounds)
    finally:
        await conn.close(timeout=10)


async def _connected(database: Database, bounds: Bounds) -> Dedicated:
    settings = {**SETTINGS, "statement_timeout": str(round(bounds.timeout_s * 1000))}
    if bounds.role is None:
        return await database.connect(settings=settings)
    return await database.connect_as_owner(settings={**settings, "role": bounds.role})


@contextmanager
def _told(bounds: Bounds) -> Iterator[None]:
    try:
        yield
    except asyncpg.QueryCanceledError as error:
        raise DeadlinePassed(
            f"the query took longer than {bounds.timeout_s:g} s: narrow it, or give --timeout"
        ) from error
    except (asyncpg.PostgresConnectionError, asyncpg.InsufficientResourcesError):
        raise
    except asyncpg.PostgresError as error:
        hint = f" ({error.hint})" if getattr(error, "hint", None) else ""
        raise Invalid("query", f"{error.args[0] if error.args else error}{hint}") from error
    except asyncpg.InterfaceError as error:
        raise Invalid("query", f"{error}: only a query that gives rows is answered") from error
