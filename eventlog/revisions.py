"""Which alembic revisions this program brings, and which of them a database has."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import schema.migrations
from eventlog.database import Conn
from schema.errors import NotReady

MIGRATED_EVER: Final = "select to_regclass('ops.alembic_version') is not null"
APPLIED: Final = "select version_num from ops.alembic_version"


@cache
def shipped_revisions() -> Sequence[str]:
    """Every revision, the first one first."""
    walk = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(script.revision for script in walk)[::-1]


async def applied_revision(conn: Conn) -> str | None:
    """The revision that the database is at; None when it was never migrated."""
    if not await conn.fetchval(MIGRATED_EVER):
        return None
    revision: str | None = await conn.fetchval(APPLIED)
    return revision


def revisions_after(applied: str | None) -> Sequence[str]:
    """What is yet to be applied; `NotReady` when a newer program migrated the database."""
    if applied is None:
        return shipped_revisions()
    if applied not in shipped_revisions():
        raise NotReady(
            f"the database is ahead: it was migrated to revision {applied} by a newer version of "
            "this program: install that version"
        )
    return shipped_revisions()[shipped_revisions().index(applied) + 1 :]


def upgrade(connection: Connection) -> None:
    """Apply what is missing, in the transaction that *connection* is in."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    folder = str(Path(schema.migrations.__file__).parent)
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config
