"""Keeps the indexes on nearness: an agent that holds very much has one of its own.

They are no part of the read models, only a way to them: a rebuild drops them with the old table,
and they are made again here. Until then, what they are for is looked at one by one.
"""

from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import structlog
from msgspec import Struct

from eventlog.database import Database, Dedicated
from eventlog.retrying import holding
from eventlog.statements import statement
from service.memory.ann import EXACT_MAX, index_name, quoted

WORTH: Final = statement(__package__, "worth_an_index")
KNOWN: Final = statement(__package__, "indexes_on_nearness")
MAKE: Final = statement(__package__, "make_index")

ONE_AT_A_TIME: Final = (
    "select pg_try_advisory_lock(hashtextextended('agent-runtime tends indexes', 0))"
)
REBUILDING: Final = "select to_regnamespace('readmodel_next') is not null"

KEPT_MIN: Final = EXACT_MAX // 2
"""An index goes when fewer are left, so that none comes and goes at the brink."""
MADE_MAX: Final = 2
"""Indexes that one pass makes: 100,000 vectors take half a minute."""
DROPPED_MAX: Final = 100

AS_OWNER: Final = {
    "statement_timeout": "3600000",  # A million vectors take minutes, and wait for old readers.
    "lock_timeout": "0",
    "maintenance_work_mem": "512MB",  # What does not fit in is made ten times slower.
}
GAVE_WAY: Final = (
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.QueryCanceledError,
    asyncpg.UndefinedTableError,
)
"""Somebody needed the table more, or took it away; the next pass tries again."""

log = structlog.get_logger()


class Tended(Struct, frozen=True):
    """What one pass did, by names of indexes."""

    made: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


async def tend(
    database: Database, *, worth: int = EXACT_MAX + 1, kept: int = KEPT_MIN
) -> Tended | None:
    """Make the indexes that memories of *worth* vectors want, drop those below *kept*: one pass.

    None where another process is at it, `DatabaseUnavailable` where the connection is lost.
    Readers and writers go on meanwhile. While a read model is rebuilt nothing is made, which the
    swap would have to wait for.
    """
    conn = await database.connect_as_owner(settings=AS_OWNER)
    try:
        with holding(conn):
            return await _pass(conn, worth, kept)
    finally:
        await conn.close()


async def _pass(conn: Dedicated, worth: int, kept: int) -> Tended | None:
    if not await conn.fetchval(ONE_AT_A_TIME):
        return None
    wanting = await conn.fetch(WORTH, kept)
    known = {row["name"]: row["is_valid"] for row in await conn.fetch(KNOWN)}
    dropped = await _drop(conn, _useless(known, {_name(row) for row in wanting}))
    valid = known.keys() - set(dropped)
    missing = [row for row in wanting if row["live"] >= worth and _name(row) not in valid]
    return Tended(await _make(conn, missing[:MADE_MAX]), dropped)


def _useless(known: dict[str, bool], kept: set[str]) -> list[str]:
    """Indexes that were not made to their end, or that nobody needs any more."""
    return [name for name, is_valid in known.items() if not is_valid or name not in kept]


async def _drop(conn: Dedicated, names: Sequence[str]) -> tuple[str, ...]:
    dropped = []
    for name in names[:DROPPED_MAX]:
        await conn.execute(f"drop index concurrently if exists readmodel.{name}")
        log.info("memory.index_dropped", index=name)
        dropped.append(name)
    return tuple(dropped)


async def _make(conn: Dedicated, rows: Sequence[Any]) -> tuple[str, ...]:
    made = []
    for row in rows:
        if await conn.fetchval(REBUILDING):
            break
        name = _name(row)
        try:
            await conn.execute(_statement(row))
        except GAVE_WAY as error:
            log.warning("memory.index_given_up", index=name, error=str(error))
            break
        log.info("memory.index_made", index=name, stream=row["stream"], vectors=row["live"])
        made.append(name)
    return tuple(made)


def _name(row: Any) -> str:
    return index_name(row["partition"], row["stream"], row["space"])


def _statement(row: Any) -> str:
    return MAKE.format(
        name=_name(row),
        partition=int(row["partition"]),
        stream=quoted(row["stream"]),
        space=quoted(row["space"]),
        dimensions=int(row["dimensions"]),
    )
