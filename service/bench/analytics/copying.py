"""Copies made-up events into an empty log: ids, versions, positions and digests as if appended."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from eventlog.database import Database, Dedicated
from eventlog.digests import digest
from schema import json_text
from schema.envelope import Metadata
from schema.errors import Invalid
from schema.ids import partition_of
from service.bench.analytics.life import Life, Made

DAYS: Final = 30
BLOCK: Final = 20_000
"""Rows that are copied at once."""
SALT_BYTES: Final = 16
METADATA: Final = json_text.encode(Metadata(actor="made-up"))
UNLIMITED: Final = ("statement_timeout", "idle_in_transaction_session_timeout")
COLUMNS: Final = (
    *("partition", "position", "agent_id", "stream", "version", "event_id", "type"),
    *("schema_version", "data", "metadata", "salt", "digest", "recorded_at"),
)
HEADS: Final = "select partition, position from eventlog.partitions order by 1 for update"
MOVE: Final = "update eventlog.partitions set position = $2 where partition = $1"


async def copy_life(
    database: Database, count: int, *, seed: int = 7, on_block: Callable[[int], None] | None = None
) -> int:
    """Fill the empty log with *count* events of the last 30 days, all or none; how many came.

    *on_block* is told how many there are so far. Raises `Invalid` where the log holds anything.
    """
    end = datetime.now(UTC)
    life = Life(seed)
    facts = life.events(count, end - timedelta(days=DAYS), end)
    owner = await database.connect_as_owner(settings=dict.fromkeys(UNLIMITED, "0"))
    try:
        async with owner.transaction():
            return await _copy(owner, facts, life, on_block or _nobody)
    finally:
        await owner.close()


async def _copy(
    owner: Dedicated, facts: Iterator[Made], life: Life, on_block: Callable[[int], None]
) -> int:
    positions = {row["partition"]: row["position"] for row in await owner.fetch(HEADS)}
    if any(positions.values()):
        raise Invalid("database", "holds events: made-up ones are copied into an empty log only")
    copied = 0
    while block := list(islice(facts, BLOCK)):
        rows = [_row(made, positions) for made in block]
        await owner.copy_records_to_table(
            "events", schema_name="eventlog", columns=COLUMNS, records=rows
        )
        copied += len(rows)
        on_block(copied)
    await owner.copy_records_to_table(
        "streams",
        schema_name="eventlog",
        columns=("partition", "stream", "version"),
        records=_heads(life, len(positions)),
    )
    await owner.executemany(MOVE, list(positions.items()))
    return copied


def _row(made: Made, positions: dict[int, int]) -> tuple[Any, ...]:
    partition = partition_of(made.agent_id, len(positions))
    positions[partition] += 1
    proved: dict[str, Any] = {
        "stream": made.stream,
        "version": made.version,
        "event_id": made.event_id,
        "type": made.event.type,
        "schema_version": made.event.schema_version,
        "data": json_text.encode(made.event),
        "metadata": METADATA,
        "salt": os.urandom(SALT_BYTES),
        "recorded_at": made.recorded_at,
    }
    row = {
        **proved,
        "partition": partition,
        "position": positions[partition],
        "agent_id": made.agent_id,
        "digest": digest(**proved),
    }
    return tuple(row[name] for name in COLUMNS)


def _heads(life: Life, partitions: int) -> list[tuple[int, str, int]]:
    return [
        (partition_of(life.agent_of(stream), partitions), stream, version)
        for stream, version in life.heads.items()
    ]


def _nobody(_copied: int) -> None:
    """Nobody asked how far it is."""
