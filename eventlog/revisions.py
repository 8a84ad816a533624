"""Which alembic revisions this program brings, and which of them a database has."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import schema.migrations
from schema.errors import NotReady


@cache
def shipped_revisions() -> Sequence[str]:
    """Every revision, the first one first."""
    walk = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(script.revision for script in walk)[::-1]


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
