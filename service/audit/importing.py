"""Puts a bundle into a log that is empty: the same events, as provable as they were."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from eventlog.database import Database, Dedicated
from eventlog.statements import statement
from schema.errors import Invalid, Refused
from schema.ids import is_stream_of, partition_of
from service.replay.bundle import Bundle, Line

LOCK_EMPTY: Final = statement(__package__, "lock_empty_log")
IMPORT_EVENTS: Final = statement(__package__, "import_events")
IMPORT_STREAMS: Final = statement(__package__, "import_streams")
IMPORT_HEADS: Final = statement(__package__, "import_heads")

BLOCK_EVENTS: Final = 500
BLOCK_BYTES: Final = 8 << 20


class Imported(Struct, frozen=True, kw_only=True):
    """What came of an import."""

    events: int
    streams: int


async def import_bundle(database: Database, partitions: int, bundle: Bundle) -> Imported:
    """All of *bundle*, in one transaction, by the role that owns the log.

    `Refused` where the log is not empty; `Invalid` where an event is not what its digest says, or
    a stream has a gap. Rows follow as after any append; what models derived of texts is not in a
    bundle.
    """
    conn = await database.connect_as_owner()
    try:
        async with conn.transaction():
            return await _Import(conn, partitions, bundle).run()
    finally:
        await conn.close(timeout=10)


class _Import:
    """A bundle on its way into the log."""

    def __init__(self, conn: Dedicated, partitions: int, bundle: Bundle) -> None:
        self._conn = conn
        self._bundle = bundle
        self._positions = dict.fromkeys(range(partitions), 0)
        self._heads: dict[str, Line] = {}
        self._firsts: dict[str, int] = {}

    async def run(self) -> Imported:
        if await self._conn.fetchval(LOCK_EMPTY):
            raise Refused("the log has events already: a bundle is imported into an empty one")
        block: list[tuple[Any, ...]] = []
        size_bytes = done = 0
        for line in self._bundle.lines():
            block.append(self._row(line))
            size_bytes += len(line.stored)
            if len(block) >= BLOCK_EVENTS or size_bytes >= BLOCK_BYTES:
                done += await self._insert(block)
                block, size_bytes = [], 0
        done += await self._insert(block)
        if done != self._bundle.manifest.events:
            raise Invalid("bundle", f"it has {done} events, its manifest says another number")
        await self._finish()
        return Imported(events=done, streams=len(self._heads))

    def _row(self, line: Line) -> tuple[Any, ...]:
        """What the log gets of *line*, once it is seen to be true and in its order."""
        where = f"{line.stream} version {line.version}"
        if not line.is_true():
            raise Invalid("bundle", f"{where} is not what its digest says: it was changed")
        if not is_stream_of(line.agent_id, line.stream):
            raise Invalid("bundle", f"{line.stream} is no stream of agent {line.agent_id}")
        before = self._heads.get(line.stream)
        if before is not None and line.version != before.version + 1:
            raise Invalid("bundle", f"{where} does not follow on version {before.version}")
        self._firsts.setdefault(line.stream, line.version)
        self._heads[line.stream] = line
        partition = partition_of(line.agent_id, len(self._positions))
        self._positions[partition] += 1
        return (
            *(partition, self._positions[partition], line.agent_id, line.stream, line.version),
            *(line.event_id, line.type, line.schema_version, line.recorded_at),
            bytes(line.metadata).decode(),
            None if line.is_erased else line.stored,
            None if line.salt is None else bytes.fromhex(line.salt),
            bytes.fromhex(line.digest),
        )

    async def _insert(self, block: Sequence[tuple[Any, ...]]) -> int:
        if block:
            await self._conn.execute(IMPORT_EVENTS, *map(list, zip(*block, strict=True)))
        return len(block)

    async def _finish(self) -> None:
        """The heads of streams and partitions; every stream must begin where it may."""
        forked = {line for line, first in self._firsts.items() if first > 1}
        if odd := [name for name in forked if not name.startswith("session-")]:
            raise Invalid(
                "bundle", f"{odd[0]} lacks what comes before version {self._firsts[odd[0]]}"
            )
        epochs = {one.stream: one.epoch for one in self._bundle.manifest.streams}
        names = list(self._heads)
        await self._conn.execute(
            IMPORT_STREAMS,
            [partition_of(self._heads[name].agent_id, len(self._positions)) for name in names],
            names,
            [self._heads[name].version for name in names],
            [epochs.get(name, 0) for name in names],
        )
        await self._conn.execute(
            IMPORT_HEADS, list(self._positions), list(self._positions.values())
        )
