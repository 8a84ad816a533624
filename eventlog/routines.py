"""The SQL files that are applied anew after every migration: routines, views, then grants."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from eventlog.database import Conn
from eventlog.statements import statement

APPLIED: Final = "select name, hash from ops.routines"
KEEP: Final = statement(__package__, "keep_routine")
FORMER: Final = statement(__package__, "former_routines")


FOLDERS: Final = ("routines", "views")
"""In this order: a view may call a routine, and a routine looks up what it reads when it runs."""


@dataclass(frozen=True)
class Routine:
    """One file of `sql/routines` or `sql/views`."""

    name: str
    text: str

    @property
    def hash(self) -> str:
        """SHA-256 of the file, 64 hex digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@cache
def shipped_routines() -> Sequence[Routine]:
    """What this program brings: routines, then views, both in the order of their names."""
    return tuple(routine for folder in FOLDERS for routine in _of(folder))


def _of(folder: str) -> list[Routine]:
    found = (files(__package__) / "sql" / folder).iterdir()
    sql = sorted((file for file in found if file.name.endswith(".sql")), key=lambda file: file.name)
    return [Routine(f.name.removesuffix(".sql"), f.read_text(encoding="utf-8")) for f in sql]


async def differing_routines(conn: Conn) -> Sequence[Routine]:
    """Those that the database does not have as this program brings them."""
    applied = {row["name"]: row["hash"] for row in await conn.fetch(APPLIED)}
    return [routine for routine in shipped_routines() if applied.get(routine.name) != routine.hash]


async def apply_routines(conn: Conn) -> Sequence[str]:
    """Apply what differs, and all grants; the names of what was applied."""
    differing = await differing_routines(conn)
    for routine in differing:
        await _drop(conn, routine.name)
        await conn.execute(routine.text)
        await conn.execute(KEEP, routine.name, routine.hash)
    await conn.execute(statement(__package__, "grants"))
    return [routine.name for routine in differing]


async def apply_views(conn: Conn) -> None:
    """Make all views again, with what is said of them: for tables that were replaced below them."""
    for view in _of("views"):
        await conn.execute(view.text)


async def _drop(conn: Conn, name: str) -> None:
    """Drop what had that name: with other parameters or results it would stay beside the new."""
    for row in await conn.fetch(FORMER, name):
        await conn.execute(f"drop function {row['signature']}")
