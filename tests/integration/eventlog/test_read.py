"""Reading the log block by block."""

import pytest

from eventlog import read
from eventlog.append import open_appender
from eventlog.database import Database
from eventlog.members import StreamAppend
from schema.envelope import Metadata
from schema.events import CheckpointLabelled
from schema.ids import new_session_id, partition_of, session_stream

STREAM = session_stream(new_session_id("ada"))


async def fill(database: Database, partitions: int, *, events: int, label: str = "x") -> int:
    """A stream of *events* events; gives its partition."""
    async with open_appender(database, partitions, lambda _: None) as appender:
        labels = [CheckpointLabelled(label=label, at=n) for n in range(1, events + 1)]
        await appender.append("ada", StreamAppend(STREAM, 0, labels), metadata=Metadata())
    return partition_of("ada", partitions)


async def test_blocks_join_without_a_gap_or_a_repeat(
    database: Database, partitions: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(read, "BLOCK_EVENTS", 7)
    partition = await fill(database, partitions, events=50)
    async with database.acquire() as conn:
        by_stream = [block async for block in read.read_stream(conn, partition, STREAM)]
        by_position = [block async for block in read.read_partition(conn, partition)]
    assert by_stream == by_position
    assert [len(block) for block in by_stream] == [7] * 7 + [1]
    assert [event.version for block in by_stream for event in block] == list(range(1, 51))


async def test_a_part_of_a_stream_is_read_by_its_versions(database: Database, partitions: int):
    partition = await fill(database, partitions, events=10)
    async with database.acquire() as conn:
        blocks = [
            block async for block in read.read_stream(conn, partition, STREAM, after=3, up_to=6)
        ]
    assert [event.version for block in blocks for event in block] == [4, 5, 6]


async def test_a_block_is_bounded_in_bytes_and_a_larger_event_comes_alone(
    database: Database, partitions: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(read, "BLOCK_BYTES", 1_000)
    partition = await fill(database, partitions, events=5, label="y" * 600)
    async with database.acquire() as conn:
        small = [len(block) async for block in read.read_partition(conn, partition)]
        monkeypatch.setattr(read, "BLOCK_BYTES", 1)
        alone = [len(block) async for block in read.read_partition(conn, partition)]
    assert small == [2, 2, 1]
    assert alone == [1] * 5


async def test_an_unknown_stream_is_empty(database: Database):
    async with database.acquire() as conn:
        assert [block async for block in read.read_stream(conn, 0, "memory-nobody")] == []
