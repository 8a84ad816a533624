"""What is wrong with a database, in words, and how to mend it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from eventlog.database import Database, Dedicated, open_database
from eventlog.reach import APPLICATION_ROLE
from eventlog.readiness import applied_revision
from eventlog.revisions import revisions_after
from eventlog.routines import differing_routines
from eventlog.statements import statement
from schema.errors import DatabaseUnavailable, NotReady

SERVER: Final = statement(__package__, "describe_server")
GRANTS: Final = statement(__package__, "describe_grants")
LOG: Final = statement(__package__, "describe_log")

VERSION_MIN: Final = 15
MIGRATE: Final = "run `agent-runtime migrate`"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    ok: bool
    what: str
    mend: str = ""
    """What to do about it; empty where nothing is wrong."""


def fine(what: str) -> Finding:
    """Something that is as it should be."""
    return Finding(ok=True, what=what)


def wrong(what: str, mend: str) -> Finding:
    """Something that is not, and what to do about it."""
    return Finding(ok=False, what=what, mend=mend)


async def diagnose(url: str | None, home: Path, *, wait_s: float = 2.0) -> Sequence[Finding]:
    """Everything that can be said of the database at *url*, or of our own one under *home*."""
    try:
        async with open_database(url, home, wait_s=wait_s) as database:
            return await examine(database)
    except DatabaseUnavailable as error:
        return [wrong(str(error), _mend_unreachable(url))]
    except NotReady as error:
        return [wrong(str(error), "ask whoever runs the server, or correct the address")]


async def examine(database: Database) -> Sequence[Finding]:
    """Everything that can be said of a *database* that answers."""
    conn = await database.connect_as_owner()
    try:
        found = [fine(f"{database.address.label} answers")]
        found += [finding async for finding in _server(conn)]
        migrated = await _migrations(conn)
        found.append(migrated)
        if migrated.ok:
            found += [await _routines(conn), *await _grants(conn), *await _log(conn)]
    finally:
        await conn.close(timeout=10)
    return found


async def _server(conn: Dedicated) -> AsyncIterator[Finding]:
    server = await _row(conn, SERVER)
    version = server["version"]
    if server["version_number"] // 10_000 < VERSION_MIN:
        yield wrong(f"PostgreSQL {version} is too old", f"upgrade it to {VERSION_MIN} or newer")
    else:
        yield fine(f"PostgreSQL {version}")
    yield _vector(server["vector_installed"], server["vector_available"])
    if server["fsync"] != "on":
        yield wrong(
            "fsync is off: a power cut can destroy the log",
            "set `fsync = on` in the server's configuration and restart it",
        )


def _vector(installed: str | None, available: str | None) -> Finding:
    if installed is not None:
        return fine(f"extension vector {installed}")
    if available is not None:
        return wrong("the extension vector is not installed in this database", MIGRATE)
    return wrong(
        "the server has no extension vector",
        "install pgvector on the server (often packaged as postgresql-18-pgvector)",
    )


async def _migrations(conn: Dedicated) -> Finding:
    applied = await applied_revision(conn)
    try:
        missing = revisions_after(applied)
    except NotReady as error:
        return wrong(str(error), "install the version of this program that migrated it")
    if applied is None:
        return wrong("the database was never migrated", MIGRATE)
    if missing:
        return wrong(f"migrations are behind: {', '.join(missing)} missing", MIGRATE)
    return fine(f"migrations are at {applied}, the newest")


async def _routines(conn: Dedicated) -> Finding:
    if differing := await differing_routines(conn):
        names = ", ".join(routine.name for routine in differing)
        return wrong(f"SQL routines differ from this program's: {names}", MIGRATE)
    return fine("SQL routines are this program's")


async def _grants(conn: Dedicated) -> Sequence[Finding]:
    grants = await _row(conn, GRANTS, APPLICATION_ROLE)
    if not grants["role_exists"]:
        return [wrong(f"the role {APPLICATION_ROLE} does not exist", MIGRATE)]
    differences = [
        *(f"may {privilege}" for privilege in grants["too_much"]),
        *(f"may not {privilege}" for privilege in grants["too_little"]),
    ]
    found = [wrong(f"{APPLICATION_ROLE} {difference}", MIGRATE) for difference in differences]
    if not grants["guarded"]:
        found.append(wrong("the trigger that keeps events unchanged is off", _mend_guard()))
    return found or [fine(f"{APPLICATION_ROLE} may read the log and append, no more")]


async def _log(conn: Dedicated) -> Sequence[Finding]:
    log = await _row(conn, LOG)
    if log["partitions"] is None:
        return [wrong("the log was not created", MIGRATE)]
    if not log["partitions_complete"]:
        return [
            wrong(
                f"the log should have {log['partitions']} partitions but their rows are not these",
                "restore eventlog.partitions from a backup: nothing can be appended safely",
            )
        ]
    partitions = "1 partition" if log["partitions"] == 1 else f"{log['partitions']} partitions"
    return [fine(f"the log has {partitions}, epoch {log['epoch']}")]


async def _row(conn: Dedicated, sql: str, *values: object) -> asyncpg.Record:
    row = await conn.fetchrow(sql, *values)
    assert row is not None  # noqa: S101 - these statements give one row, always.
    return row


def _mend_unreachable(url: str | None) -> str:
    if url is None:
        return "mend what the log names; the files are under AGENT_RUNTIME_HOME/postgres"
    return "start the server, or correct AGENT_RUNTIME_DATABASE_URL"


def _mend_guard() -> str:
    return (
        "run, as the owner: alter table eventlog.events enable trigger user; "
        "and if that is not enough, delete guard_events from ops.routines and "
        "run `agent-runtime migrate`"
    )
