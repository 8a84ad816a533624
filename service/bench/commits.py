"""A database that notes how long each append waited for it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eventlog.batch import APPEND
from eventlog.database import NO_SETTINGS, Database, Dedicated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncpg.connection import LoggedQuery


@dataclass
class Commits:
    """The appends so far."""

    count: int = 0
    waited_s: float = 0.0
    """From handing the call to the driver until its answer was read."""

    def note(self, query: "LoggedQuery") -> None:
        """Count *query* if it is an append."""
        if query.query == APPEND:
            self.count += 1
            self.waited_s += query.elapsed


@dataclass(frozen=True)
class NotingDatabase(Database):
    """The same database, whose own connections tell `commits` of their appends."""

    commits: Commits = field(default_factory=Commits)

    async def connect(self, *, settings: "Mapping[str, str]" = NO_SETTINGS) -> Dedicated:
        """As `Database.connect`."""
        conn = await super().connect(settings=settings)
        conn.add_query_logger(self.commits.note)
        return conn
