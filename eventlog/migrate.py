"""Bring a database to what this program needs: role, extension, tables, routines, grants."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from eventlog.database import Conn, Database, Dedicated
from eventlog.prepare import prepare
from eventlog.reach import migrating
from eventlog.readiness import applied_revision
from eventlog.revisions import revisions_after, upgrade
from eventlog.routines import apply_routines
from eventlog.statements import statement
from schema.errors import Invalid
from schema.ids import PARTITIONS_MAX

ONE_AT_A_TIME: Final = "select pg_advisory_xact_lock(hashtextextended('agent-runtime migrate', 0))"
PARTITIONS: Final = "select partitions from eventlog.log"
CREATE_LOG: Final = statement(__package__, "create_log")
CREATE_PARTITIONS: Final = statement(__package__, "create_partitions")
NO_LIMIT: Final = {"statement_timeout": "0", "lock_timeout": "60000"}

log = structlog.get_logger(__name__)


async def migrate(database: Database, *, partitions: int | None = None) -> Sequence[str]:
    """Apply what is missing, all of it or nothing; the revisions that were applied.

    *partitions* is fixed when the log is created: None takes what is there, or 1. Raises `Invalid`
    for another number than the log has, `NotReady` with the SQL for an administrator when this
    role may not do what is needed.
    """
    if partitions is not None and not 1 <= partitions <= PARTITIONS_MAX:
        raise Invalid("partitions", f"{partitions} is not between 1 and {PARTITIONS_MAX}")
    with migrating(database.address.label):
        async with _transaction(database) as (connection, conn):
            await conn.execute(ONE_AT_A_TIME)
            missing = revisions_after(await applied_revision(conn))
            await prepare(conn)
            await connection.run_sync(upgrade)
            await _fix_partitions(conn, partitions)
            routines = await apply_routines(conn)
    if missing or routines:
        log.info("database.migrated", revisions=list(missing), routines=list(routines))
    return missing


async def pending(database: Database) -> Sequence[str]:
    """The revisions that `migrate` would apply; `NotReady` when the database is ahead of us."""
    conn = await database.connect_as_owner()
    try:
        return revisions_after(await applied_revision(conn))
    finally:
        await conn.close(timeout=10)


@asynccontextmanager
async def _transaction(database: Database) -> AsyncIterator[tuple[AsyncConnection, Dedicated]]:
    """One transaction on one connection, as SQLAlchemy sees it (for alembic) and as we do."""

    async def connect() -> Dedicated:
        return await database.connect_as_owner(settings=NO_LIMIT)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            # SQLAlchemy begins a transaction with the first statement that it is given.
            await connection.exec_driver_sql("select")
            conn = (await connection.get_raw_connection()).driver_connection
            assert isinstance(conn, asyncpg.Connection)  # noqa: S101 - the driver we gave it.
            yield connection, conn
    finally:
        await engine.dispose()


async def _fix_partitions(conn: Conn, partitions: int | None) -> None:
    """Create the log with *partitions*, or see that it was created with as many."""
    existing = await conn.fetchval(PARTITIONS)
    if existing is None:
        await conn.execute(CREATE_LOG, partitions or 1)
        await conn.execute(CREATE_PARTITIONS, partitions or 1)
    elif partitions not in (None, existing):
        raise Invalid(
            "partitions",
            f"this log was created with {existing}, which is fixed, and {partitions} were asked "
            f"for: set AGENT_RUNTIME_PARTITIONS={existing}",
        )
