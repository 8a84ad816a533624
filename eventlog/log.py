"""The log, as its callers see it: append to it, read it, hear that it has grown."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from eventlog.append import Appender, open_appender
from eventlog.bell import Bell, BellSettings, open_bell
from eventlog.database import Database
from eventlog.lifetimes import ungrouped
from eventlog.members import Appended, StreamAppend
from eventlog.read import EVERYTHING, Block, read_partition, read_stream
from eventlog.statements import statement
from schema.envelope import Metadata
from schema.errors import NotReady
from schema.ids import partition_of, partition_of_session, session_of

DESCRIBE_LOG: Final = statement(__package__, "describe_log")
ABSENT: Final = (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError)
"""What the server says where nothing was migrated."""


@dataclass(frozen=True)
class EventLog:
    """One log; made by `open_log`."""

    database: Database
    bell: Bell
    partitions: int
    """Fixed when the log was created."""
    epoch: int
    """Raised after a restore."""
    _appender: Appender

    async def append(
        self, agent_id: str, *appends: StreamAppend, metadata: Metadata
    ) -> tuple[Appended, ...]:
        """Append to streams of one agent, all or nothing; see `Appender.append`."""
        return await self._appender.append(agent_id, *appends, metadata=metadata)

    async def read_stream(
        self, stream: str, *, after: int = 0, up_to: int = EVERYTHING
    ) -> AsyncGenerator[Block, None]:
        """The stream's events with *after* < version ≤ *up_to*, block by block."""
        partition = self.partition_of(stream)
        while after < up_to:
            async with self.database.acquire() as conn:
                block = await read_stream(conn, partition, stream, after=after, up_to=up_to)
            if not block:
                return
            yield block  # A reader who takes their time keeps no connection from others.
            after = block[-1].version

    async def read_all(
        self, partition: int, *, after: int = 0, up_to: int = EVERYTHING
    ) -> AsyncGenerator[Block, None]:
        """The partition's events with *after* < position ≤ *up_to*, block by block."""
        while after < up_to:
            async with self.database.acquire() as conn:
                block = await read_partition(conn, partition, after=after, up_to=up_to)
            if not block:
                return
            yield block
            after = block[-1].position

    def partition_of(self, stream: str) -> int:
        """Where *stream* stands: its name tells, a session's by its id, others' by their agent."""
        kind, _, rest = stream.partition("-")
        if kind == "session":
            return partition_of_session(session_of(stream), self.partitions)
        agent_id, _, _branch = rest.partition("~")
        return partition_of(agent_id, self.partitions)


@asynccontextmanager
async def open_log(database: Database, settings: BellSettings) -> AsyncIterator[EventLog]:
    """The log in *database*; what was given to it is appended before the block ends.

    Raises `NotReady` where no log was created.
    """
    partitions, epoch = await _described(database)
    with ungrouped():
        async with (
            open_bell(database.connect, settings) as bell,
            open_appender(database, partitions, bell.ring) as appender,
        ):
            yield EventLog(database, bell, partitions, epoch, appender)


async def _described(database: Database) -> tuple[int, int]:
    """How many partitions the log has, and its epoch."""
    async with database.acquire() as conn:
        try:
            row = await conn.fetchrow(DESCRIBE_LOG)
        except ABSENT:
            row = None
    if row is None or row["partitions"] is None:
        raise NotReady("there is no log in this database yet: run `agent-runtime migrate`")
    return row["partitions"], row["epoch"]
