"""Reading the log block by block."""

import pytest

from eventlog import read
from eventlog.append import open_appender
from eventlog.database import Database
from eventlog.members import StreamAppend
from schema.envelope import Metadata
from schema.errors import Broken
from schema.events import CheckpointLabelled
from schema.ids import new_session_id, partition_of, session_stream

STREAM = session_stream(new_session_id("ada"))


async def fill(database: Database, partitions: int, *, events: int, label: str = "x") -> int:
    """A stream of *events* events; gives its partition."""
    async with open_appender(database, partitions, lambda _: None) as appender:
        labels = [CheckpointLabelled(label=label, at=n) for n in range(1, events + 1)]
        await appender.append("ada", StreamAppend(STREAM, 0, labels), metadata=Metadata())
    return partition_of("ada", partitions)


async def blocks_of(database: Database, partition: int, stream: str | None) -> list[read.Block]:
    """All blocks of *stream*, or of the partition."""
    blocks: list[read.Block] = []
    async with database.acquire() as conn:
        while True:
            last = blocks[-1][-1] if blocks else None
            if stream is None:
                after = last.position if last else 0
                block = await read.read_partition(conn, partition, after=after)
            else:
                after = last.version if last else 0
                block = await read.read_stream(conn, partition, stream, after=after)
            if not block:
                return blocks
            blocks.append(block)


async def test_blocks_join_without_a_gap_or_a_repeat(
    database: Database, partitions: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(read, "BLOCK_EVENTS", 7)
    partition = await fill(database, partitions, events=50)
    by_stream = await blocks_of(database, partition, STREAM)
    assert by_stream == await blocks_of(database, partition, None)
    assert [len(block) for block in by_stream] == [7] * 7 + [1]
    assert [event.version for block in by_stream for event in block] == list(range(1, 51))


async def test_a_part_of_a_stream_is_read_by_its_versions(database: Database, partitions: int):
    partition = await fill(database, partitions, events=10)
    async with database.acquire() as conn:
        block = await read.read_stream(conn, partition, STREAM, after=3, up_to=6)
    assert [event.version for event in block] == [4, 5, 6]


@pytest.mark.parametrize("stream", [STREAM, None], ids=["by-stream", "by-position"])
async def test_a_block_is_bounded_in_bytes_and_a_larger_event_comes_alone(
    database: Database, partitions: int, monkeypatch: pytest.MonkeyPatch, stream: str | None
):
    monkeypatch.setattr(read, "BLOCK_BYTES", 1_000)
    partition = await fill(database, partitions, events=5, label="y" * 600)
    assert [len(block) for block in await blocks_of(database, partition, stream)] == [2, 2, 1]
    monkeypatch.setattr(read, "BLOCK_BYTES", 1)
    assert [len(block) for block in await blocks_of(database, partition, stream)] == [1] * 5


@pytest.mark.parametrize("stream", [STREAM, None], ids=["by-stream", "by-position"])
async def test_an_erased_event_behind_large_ones_hides_none_of_them(
    database: Database, partitions: int, monkeypatch: pytest.MonkeyPatch, stream: str | None
):
    monkeypatch.setattr(read, "BLOCK_BYTES", 1_000)
    partition = await fill(database, partitions, events=8, label="y" * 600)
    owner = await database.connect_as_owner()
    try:
        await owner.execute("alter table eventlog.events disable trigger all")
        await owner.execute("update eventlog.events set data = null, salt = null where version = 8")
    finally:
        await owner.close()
    blocks = await blocks_of(database, partition, stream)
    assert [event.version for block in blocks for event in block] == list(range(1, 9))


async def test_a_missing_position_is_a_fault_of_ours(database: Database, partitions: int):
    partition = await fill(database, partitions, events=3)
    owner = await database.connect_as_owner()
    try:
        await owner.execute("alter table eventlog.events disable trigger all")
        await owner.execute("delete from eventlog.events where version = 2")
        with pytest.raises(Broken, match="gap behind position 0"):
            await read.read_partition(owner, partition, after=0)
    finally:
        await owner.close()


async def test_an_unknown_stream_is_empty(database: Database):
    async with database.acquire() as conn:
        assert await read.read_stream(conn, 0, "memory-nobody", after=0) == []
