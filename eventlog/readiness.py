"""Whether a database is what this program needs, told without loading what could mend it."""

from importlib.resources import files
from typing import Final

from eventlog.database import Conn, Dedicated
from eventlog.routines import differing_routines

MIGRATED_EVER: Final = "select to_regclass('ops.alembic_version') is not null"
APPLIED: Final = "select version_num from ops.alembic_version"


async def is_migrated(conn: Conn) -> bool:
    """Whether every revision that this program brings was applied, and no later one."""
    return await applied_revision(conn) == newest_revision()


async def applied_revision(conn: Conn) -> str | None:
    """The revision that the database is at; None when it was never migrated."""
    if not await conn.fetchval(MIGRATED_EVER):
        return None
    revision: str | None = await conn.fetchval(APPLIED)
    return revision


async def is_current(conn: Dedicated) -> bool:
    """Whether `migrate` would find nothing to do: tables and routines are this program's."""
    return await is_migrated(conn) and not await differing_routines(conn)


def newest_revision() -> str:
    """The last revision that this program brings; their files begin with their names."""
    versions = files("schema.migrations") / "versions"
    names = (file.name for file in versions.iterdir() if file.name.endswith(".py"))
    return max(name.partition("_")[0] for name in names)
