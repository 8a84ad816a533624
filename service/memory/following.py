"""Follows the memories' rows and embeds what has no vector yet; one process of all does it.

Who holds the lock of a space embeds in it. The lock hangs on the connection that the work is done
over: who loses one loses the other, and somebody else goes on where the rows say.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from msgspec import Struct

from eventlog.database import Conn
from eventlog.faults import backoff_s
from eventlog.heads import heads_of as heads_of_log
from eventlog.log import EventLog
from eventlog.members import StreamAppend
from eventlog.progress import wait_until
from eventlog.retrying import PASSING, holding
from eventlog.runner import Runner
from eventlog.signals import heard
from eventlog.statements import statement
from schema.envelope import AT_HEAD, Metadata
from schema.errors import (
    NotReady,
    ProviderRefused,
    ProviderUnavailable,
    Unavailable,
    WrongExpectedVersion,
)
from schema.events import EmbeddingSpaceActivated, EpisodesEmbedded, Event
from service.memory.derived import shelf_of
from service.memory.embedder import Embedder, Space
from service.memory.embedding import Entry, embed, entries_of

HOLD: Final = statement(__package__, "hold_embedding")
STREAMS: Final = statement(__package__, "waiting_streams")
ENTRIES: Final = statement(__package__, "waiting_entries")

STREAMS_MAX: Final = 100
"""Memories looked after in one round, each by one batch: the large one does not hold up others."""
FIRST_PAGE: Final = (-1, "")
"""The partition and the stream that come before all others."""
ENTRIES_MAX: Final = 256
"""Entries in one `episodes_embedded`."""
LOOK_S: Final = 1.0
"""How often we look for what waits while our own runner has nothing to do."""
LEVEL_TIMEOUT_S: Final = 60.0
DOWN_S: Final = 60.0
"""How long we leave an embedder alone that must be mended first."""

EMBEDDING: Final = Metadata(actor="embedding")

log = structlog.get_logger()


class Waiting(Struct, frozen=True):
    """A memory with entries that wait for a vector."""

    partition: int
    stream: str
    since: int | None
    """The version that gave it its space; None before it has one."""
    projected: int
    """The version that its rows have come to."""

    @property
    def agent_id(self) -> str:
        """Whose it is."""
        return self.stream.removeprefix("memory-").partition("~")[0]


class Follower:
    """Embeds in the space of one embedder; see the module."""

    def __init__(self, eventlog: EventLog, runner: Runner, embedder: Embedder) -> None:
        self._log = eventlog
        self._runner = runner
        self._embedder = embedder
        self._told: dict[str, int] = {}
        """Stream → the version that we have told last: rows must come there before we look."""
        self._behind: dict[tuple[str, int | None], int] = {}
        """Stream and since when it has the space → the last entry that was tried."""
        self._page = FIRST_PAGE
        self._failed = 0

    async def run(self) -> None:
        """Work until cancelled; what fails and may pass is tried again."""
        while True:
            try:
                await self._hold()
            except (*PASSING, Unavailable) as error:
                await self._sit_out(error)
            except (NotReady, ProviderRefused) as error:
                log.warning("embedding.refused", error=str(error))
                await asyncio.sleep(DOWN_S)

    async def _sit_out(self, error: Exception) -> None:
        self._failed += 1
        log.warning("embedding.interrupted", failed=self._failed, error=repr(error))
        asked = error.retry_after_s if isinstance(error, ProviderUnavailable) else None
        await asyncio.sleep(max(backoff_s(self._failed), min(asked or 0.0, DOWN_S)))

    async def _hold(self) -> None:
        conn = await self._log.database.connect()
        try:
            with holding(conn):
                while not await conn.fetchval(HOLD, self._embedder.space.name):
                    await heard(self._runner.moved.next(), LOOK_S)
                await self._begin(conn)
                while True:
                    await self._follow(conn)
        finally:
            conn.terminate()

    async def _begin(self, conn: Conn) -> None:
        """See all that another process has told before us, so that nothing is told twice."""
        self._told.clear()
        self._behind.clear()
        heads = await heads_of_log(conn)
        await wait_until(self._log.database, self._runner, heads, timeout_s=LEVEL_TIMEOUT_S)

    async def _follow(self, conn: Conn) -> None:
        moved = self._runner.moved.next()
        if not await self._round(conn):
            await heard(moved, LOOK_S)

    async def _round(self, conn: Conn) -> bool:
        """Embed a batch of each memory on the next page of those that wait; whether to go on.

        Page by page, for a memory whose texts are refused waits for ever, and holds up no other.
        """
        space = self._embedder.space.name
        rows = await conn.fetch(STREAMS, space, STREAMS_MAX, *self._page)
        is_last = len(rows) < STREAMS_MAX
        self._page = FIRST_PAGE if is_last else (rows[-1]["partition"], rows[-1]["stream"])
        embedded = 0
        for row in rows:
            embedded += await self._batch(conn, Waiting(*row))
        self._failed = 0
        return embedded > 0 or not is_last

    async def _batch(self, conn: Conn, memory: Waiting) -> int:
        if memory.projected < self._told.get(memory.stream, 0):
            self._runner.hurry.send()
            return 0
        after = self._behind.get((memory.stream, memory.since), 0)
        rows = await conn.fetch(ENTRIES, memory.partition, memory.stream, after, ENTRIES_MAX)
        if not rows:
            return 0
        waiting = entries_of(rows)
        shelf = await shelf_of(conn, memory.partition, memory.agent_id)
        entries = await embed(conn, shelf, self._embedder, waiting)
        if entries and not await self._tell(memory, entries):
            return 0
        self._behind[memory.stream, memory.since] = waiting[-1].entry
        return len(waiting)

    async def _tell(self, memory: Waiting, entries: Sequence[Entry]) -> bool:
        """Record that *entries* have vectors, and before the first of all that there is a space.

        That rests on the rows, which know of none. Tells whether it is in.
        """
        ids = tuple(str(entry.id) for entry in entries)
        facts: list[Event] = [EpisodesEmbedded(space=self._embedder.space.name, ids=ids)]
        expected = AT_HEAD
        if memory.since is None:
            facts.insert(0, activated(self._embedder.space))
            expected = memory.projected
        append = StreamAppend(memory.stream, expected, facts)
        try:
            (told,) = await self._log.append(memory.agent_id, append, metadata=EMBEDDING)
        except WrongExpectedVersion:
            self._runner.hurry.send()
            return False
        self._told[memory.stream] = told.version
        return True


def activated(space: Space) -> EmbeddingSpaceActivated:
    """That recall compares vectors of *space* from here on."""
    return EmbeddingSpaceActivated(space=space.name, model=space.model, dimensions=space.dimensions)
