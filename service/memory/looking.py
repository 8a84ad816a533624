"""Looks at a memory as it was at a version: what it held, and what has changed since another."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from msgspec import Struct

from eventlog.database import Conn
from eventlog.read import EVERYTHING
from eventlog.statements import statement
from schema import json_text
from schema.events import WorkingEntry

EPISODES: Final = statement(__package__, "list_episodes")
FACTS: Final = statement(__package__, "list_facts")
WORKING: Final = statement(__package__, "list_working")
COUNT: Final = statement(__package__, "count_held")
FIND: Final = statement(__package__, "find_episodes")
CHANGED_EPISODES: Final = statement(__package__, "changed_episodes")
CHANGED_FACTS: Final = statement(__package__, "changed_facts")
CHANGED_WORKING: Final = statement(__package__, "changed_working")


class View(Struct, frozen=True):
    """A stream of memory as it was at a version."""

    partition: int
    stream: str
    version: int

    @property
    def key(self) -> tuple[int, str, int]:
        """What every statement here begins with."""
        return self.partition, self.stream, self.version


class Episode(Struct, frozen=True, kw_only=True):
    """An episode that was held."""

    id: UUID
    entry: int
    """The version that recorded it."""
    content: str
    importance: float
    timestamp: datetime
    tags: Sequence[str]
    session: str | None
    call_id: str | None
    expires_at: datetime | None
    pinned: bool
    altered: bool
    """Characters that PostgreSQL cannot hold were replaced; the log has them."""
    recall_count: int
    recalled_at: datetime | None


class Fact(Struct, frozen=True, kw_only=True):
    """What stood under a key."""

    id: UUID
    entry: int
    key: str
    value: str
    recorded_at: datetime
    tags: Sequence[str]
    session: str | None
    call_id: str | None
    expires_at: datetime | None
    altered: bool
    recall_count: int
    recalled_at: datetime | None


class Counts(Struct, frozen=True, kw_only=True):
    """How much was held."""

    episodes: int
    facts: int


What = Literal["added", "gone", "changed", "pinned", "unpinned"]


class Difference(Struct, frozen=True, kw_only=True):
    """What became of one thing between two versions."""

    kind: Literal["episode", "fact", "working"]
    name: str
    """An episode's id, else a key."""
    what: What
    before: str | None = None
    """Its text at the earlier version, where it was there."""
    after: str | None = None
    why: str = ""
    """Of an episode that is gone: by which event, and the reason that somebody gave."""


async def episodes(
    conn: Conn, view: View, limit: int, *, before: int = EVERYTHING
) -> list[Episode]:
    """The newest ones that were recorded before the entry *before*, the newest first."""
    return [Episode(**row) for row in await conn.fetch(EPISODES, *view.key, before, limit)]


async def facts(conn: Conn, view: View, limit: int, *, after: str = "") -> list[Fact]:
    """The first ones behind the key *after*, in the order of their keys."""
    return [Fact(**row) for row in await conn.fetch(FACTS, *view.key, after, limit)]


async def working(conn: Conn, view: View) -> tuple[WorkingEntry, ...]:
    """Working memory, in the order of its keys."""
    rows = await conn.fetch(WORKING, *view.key)
    return tuple(WorkingEntry(key=row["key"], value=row["value"]) for row in rows)


async def counts(conn: Conn, view: View) -> Counts:
    """How much there was in all."""
    row = await conn.fetchrow(COUNT, *view.key)
    assert row is not None  # noqa: S101 - it has no from clause.
    return Counts(**row)


async def named(conn: Conn, view: View, part: str, limit: int) -> list[UUID]:
    """Live episodes whose ids begin or end with *part*."""
    rows = await conn.fetch(FIND, view.partition, view.stream, part, limit)
    return [row["id"] for row in rows]


async def differences(conn: Conn, view: View, since: int) -> list[Difference]:
    """What has changed behind version *since*, up to the view's."""
    span = (view.partition, view.stream, since, view.version)
    return [
        *(_of_episode(row) for row in await conn.fetch(CHANGED_EPISODES, *span)),
        *(_of_key("fact", row) for row in await conn.fetch(CHANGED_FACTS, *span)),
        *(_of_key("working", row) for row in await conn.fetch(CHANGED_WORKING, *span)),
    ]


def _of_episode(row: Any) -> Difference:
    before, after = row["before"], row["after"]
    what: What = "pinned" if row["is_pinned"] else "unpinned"
    if before != after:
        what = "added" if after else "gone"
    return Difference(
        kind="episode",
        name=str(row["id"]),
        what=what,
        before=row["content"] if before else None,
        after=row["content"] if after else None,
        why=_why(row) if what == "gone" else "",
    )


def _why(row: Any) -> str:
    """By which event it went, and the reason that somebody gave."""
    how = (row["went_by"] or "").removeprefix("episode_")
    said = json_text.decode(row["went_data"]) if row["went_data"] else {}
    return ": ".join(part for part in (how, said.get("reason")) if part)


def _of_key(kind: Literal["fact", "working"], row: Any) -> Difference:
    before, after = row["before"], row["after"]
    what: What = "changed" if None not in (before, after) else "added" if before is None else "gone"
    return Difference(kind=kind, name=row["key"], what=what, before=before, after=after)
