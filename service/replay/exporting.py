"""Takes events out of the log into a bundle: of a session, of an agent, or all of them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from eventlog.log import EventLog
from eventlog.statements import statement
from schema.errors import NotFound
from schema.ids import checked_agent_id, partition_of
from service.lineage import lineage
from service.replay import bundle
from service.replay.bundle import Manifest

EXPORT_PARTITION: Final = statement(__package__, "export_partition")
EXPORT_STREAM: Final = statement(__package__, "export_stream")
STREAM_EPOCHS: Final = statement(__package__, "stream_epochs")
HEADS: Final = statement("eventlog", "heads_of_partitions")
NOW: Final = "select eventlog.clock()"

BLOCK_EVENTS: Final = 500


async def export_session(log: EventLog, session_id: UUID, path: Path) -> Manifest:
    """A session's own events, and of what it was forked from those that it shares."""
    return await _export(log, path, f"session {session_id}", _of_session(log, session_id))


async def export_agent(log: EventLog, agent_id: str, path: Path) -> Manifest:
    """Everything of an agent's: its definitions, its mind, and all of its sessions."""
    partition = partition_of(checked_agent_id(agent_id), log.partitions)
    return await _export(log, path, f"agent {agent_id}", _of_partition(log, partition, agent_id))


async def export_all(log: EventLog, path: Path) -> Manifest:
    """The whole log, as it stood when this began."""
    return await _export(log, path, "the whole log", _of_all(log))


async def _export(log: EventLog, path: Path, scope: str, rows: AsyncIterator[Any]) -> Manifest:
    with bundle.writing(path, scope, log.partitions) as writer:
        async for row in rows:
            writer.add(row)
        if not writer.events:
            raise NotFound(f"there is nothing of {scope} in the log")
        epochs = await _epochs(log, list(writer.streams))
        async with log.database.acquire() as conn:
            made_at = await conn.fetchval(NOW)
        return writer.finish(made_at, epochs)


async def _of_session(log: EventLog, session_id: UUID) -> AsyncIterator[Any]:
    for segment in await lineage(log, session_id):
        partition, after = log.partition_of(segment.stream), 0
        key = (partition, segment.stream)
        async with log.database.acquire() as conn:
            rows = await conn.fetch(EXPORT_STREAM, *key, after, segment.up_to, BLOCK_EVENTS)
        while rows:
            for row in rows:
                yield row
            after = rows[-1]["version"]
            async with log.database.acquire() as conn:
                rows = await conn.fetch(EXPORT_STREAM, *key, after, segment.up_to, BLOCK_EVENTS)


async def _of_all(log: EventLog) -> AsyncIterator[Any]:
    for partition in range(log.partitions):
        async for row in _of_partition(log, partition, None):
            yield row


async def _of_partition(log: EventLog, partition: int, agent_id: str | None) -> AsyncIterator[Any]:
    """In the order of positions, up to where the partition stands now."""
    async with log.database.acquire() as conn:
        heads = {row["partition"]: row["position"] for row in await conn.fetch(HEADS)}
    after = 0
    while after < heads[partition]:
        async with log.database.acquire() as conn:
            key = (partition, after, heads[partition], agent_id, BLOCK_EVENTS)
            rows = await conn.fetch(EXPORT_PARTITION, *key)
        if not rows:
            return
        for row in rows:
            yield row
        after = rows[-1]["position"]


async def _epochs(log: EventLog, streams: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for partition in {log.partition_of(stream) for stream in streams}:
        async with log.database.acquire() as conn:
            rows = await conn.fetch(STREAM_EPOCHS, partition, streams)
        found |= {row["stream"]: row["epoch"] for row in rows}
    return found
