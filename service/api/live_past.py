"""What lies behind those who begin to listen: read from the log, in small blocks."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final
from uuid import UUID

from eventlog.block import BlockLimits, read_block
from eventlog.log import EventLog
from eventlog.read import READ_STREAM
from eventlog.rows import recorded
from schema.envelope import RecordedEvent
from service.lineage import lineage

EVENTS_MAX: Final = 100
BYTES_MAX: Final = 256 << 10
"""Stored bytes of one block: so much may wait for each client that reads slowly."""


async def past_of_session(
    log: EventLog, session_id: UUID, after: int
) -> AsyncGenerator[list[RecordedEvent], None]:
    """The session's events behind version *after*, a fork's parent's too, up to now."""
    for segment in await lineage(log, session_id):
        partition = log.partition_of(segment.stream)
        while after < segment.up_to:
            given = (partition, segment.stream, after, segment.up_to, EVENTS_MAX, BYTES_MAX)
            async with log.database.acquire() as conn:
                block = [recorded(partition, row) for row in await conn.fetch(READ_STREAM, *given)]
            if not block:
                break
            yield block
            after = block[-1].version


async def past_of_log(
    log: EventLog, after: Mapping[int, int], up_to: Mapping[int, int]
) -> AsyncGenerator[list[RecordedEvent], None]:
    """The events behind the positions *after*, partition by partition, as far as *up_to*."""
    for partition in sorted(up_to):
        async with aclosing(_of_partition(log, partition, after[partition])) as blocks:
            async for block in blocks:
                wanted = [fact for fact in block if fact.position <= up_to[partition]]
                if wanted:
                    yield wanted
                if len(wanted) < len(block) or block[-1].position == up_to[partition]:
                    break


async def _of_partition(
    log: EventLog, partition: int, after: int
) -> AsyncGenerator[list[RecordedEvent], None]:
    limits = BlockLimits(events=EVENTS_MAX, bytes=BYTES_MAX)
    while True:
        async with log.database.acquire() as conn:
            block = await read_block(
                conn, partition, after=after, limits=limits, types=None, projection=None
            )
        if not block.rows:
            return
        yield [block.recorded(row) for row in block.rows]
        after = block.up_to
