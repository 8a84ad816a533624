"""The log as its callers see it."""

from contextlib import aclosing

import pytest

from eventlog.bell import BellSettings
from eventlog.database import Database
from eventlog.log import open_log
from eventlog.members import StreamAppend
from schema import events
from schema.envelope import Metadata
from schema.errors import NotFound, NotReady, WrongExpectedVersion
from schema.ids import new_session_id, partition_of, session_stream

MINE = Metadata(actor="test")
STARTED = events.SessionStarted(agent_id="a-1", prompt="x", model="scripted:x", salt="0" * 32)
CANCELLED = events.SessionCancelled(reason="enough")


async def test_what_is_appended_is_read_by_its_stream_and_by_its_position(database: Database):
    stream = session_stream(new_session_id("a-1"))
    async with open_log(database, BellSettings()) as log:
        append = StreamAppend(stream, 0, (STARTED, CANCELLED))
        (appended,) = await log.append("a-1", append, metadata=MINE)

        async with aclosing(log.read_stream(stream, after=1)) as blocks:
            by_stream = [fact async for block in blocks for fact in block]
        async with aclosing(log.read_all(log.partition_of(stream), up_to=1)) as blocks:
            by_position = [fact async for block in blocks for fact in block]

    assert [fact.event for fact in by_stream] == [CANCELLED]
    assert [fact.event for fact in by_position] == [STARTED]
    assert (appended.version, appended.position) == (2, 2)


async def test_an_append_rings_the_bell(database: Database):
    async with open_log(database, BellSettings()) as log:
        ring = log.bell.next_ring()
        stream = session_stream(new_session_id("a-1"))
        await log.append("a-1", StreamAppend(stream, 0, (STARTED,)), metadata=MINE)
        assert ring.is_set()


async def test_every_stream_of_an_agent_is_in_one_partition(database: Database, partitions: int):
    session = session_stream(new_session_id("a-1"))
    streams = [
        session,
        "agent-a-1",
        "memory-a-1",
        "graph-a-1",
        "memory-a-1~branch",
        "graph-a-1~b~2",
    ]
    async with open_log(database, BellSettings()) as log:
        assert log.partitions == partitions
        assert {log.partition_of(stream) for stream in streams} == {partition_of("a-1", partitions)}


@pytest.mark.parametrize("fault", [NotFound("x"), KeyError("x")])
async def test_a_fault_of_the_body_comes_out_as_itself(database: Database, fault: Exception):
    with pytest.raises(type(fault)) as raised:
        async with open_log(database, BellSettings()):
            raise fault

    assert raised.value is fault


async def test_a_conflict_comes_out_as_itself(database: Database):
    stream = session_stream(new_session_id("a-1"))
    with pytest.raises(WrongExpectedVersion):
        async with open_log(database, BellSettings()) as log:
            await log.append("a-1", StreamAppend(stream, 7, (STARTED,)), metadata=MINE)


async def test_a_database_that_was_never_migrated_is_not_ready(empty_database: Database):
    with pytest.raises(NotReady, match="agent-runtime migrate"):
        async with open_log(empty_database, BellSettings()):
            pass
