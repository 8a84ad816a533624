"""Where a mind is looked at: a version, a time, a step of a session."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from uuid import uuid4

import pytest

from eventlog.bell import BellSettings
from eventlog.database import Database, Dedicated
from eventlog.log import EventLog, open_log
from schema import events
from schema.errors import Invalid, NotFound
from schema.events import Event, MemoryPolicy
from schema.ids import memory_stream, partition_of
from service.memory.coordinates import MEMORY, space_at
from service.mind.coordinates import coordinate_of
from service.mind.place import Coordinate
from tests.log_writing import Talk, started, talk_of, write
from tests.recalling import AT, Agent, episode, hours

AGENT = "a-1"
RECORDED = """
    select recorded_at from eventlog.events where partition = $1 and stream = $2 order by version
"""
TICK = timedelta(microseconds=1)


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Dedicated]:
    conn = await database.connect_as_owner()
    yield conn
    await conn.close()


@pytest.fixture
async def log(database: Database) -> AsyncIterator[EventLog]:
    async with open_log(database, BellSettings(poll_s=60)) as opened:
        yield opened


async def tell(conn: Dedicated, log: EventLog, stream: str, *facts: Event) -> list[datetime]:
    """Append *facts*, one after the other; when each was recorded."""
    partition = partition_of(AGENT, log.partitions)
    for fact in facts:
        await write(conn, partition, AGENT, stream, fact)
    rows = await conn.fetch(RECORDED, partition, stream)
    return [row["recorded_at"] for row in rows]


async def remembered(conn: Dedicated, log: EventLog, count: int) -> list[datetime]:
    """So many episodes; when each was recorded."""
    return await tell(conn, log, memory_stream(AGENT), *(episode(f"e{n}") for n in range(count)))


def recalled(version: int, at: datetime) -> events.MemoryRecalled:
    return events.MemoryRecalled(query="q", policy=MemoryPolicy(), version=version, at=at)


async def of(log: EventLog, as_of: int | str) -> Coordinate:
    return await coordinate_of(log, MEMORY, AGENT, as_of, hours(99))


async def test_a_version_is_looked_at_from_when_it_was_recorded(owner: Dedicated, log: EventLog):
    times = await remembered(owner, log, 3)

    assert await of(log, 2) == await of(log, "2") == Coordinate(version=2, at=times[1])
    assert await of(log, 0) == Coordinate(version=0, at=hours(99))


@pytest.mark.parametrize("beyond", [4, "4", 2**63 - 1, "9" * 30, "9" * 190])
async def test_a_version_that_is_yet_to_come_names_no_place(
    owner: Dedicated, log: EventLog, beyond: int | str
):
    await remembered(owner, log, 3)

    with pytest.raises((Invalid, NotFound), match="version"):
        await of(log, beyond)


async def test_a_time_is_the_last_version_that_was_recorded_by_then(
    owner: Dedicated, log: EventLog
):
    first, second, third = await remembered(owner, log, 3)

    for moment, version in [
        *((AT - timedelta(days=9999), 0), (first - TICK, 0), (first, 1), (second - TICK, 1)),
        *((second, 2), (third, 3), (third + TICK, 3), (third + timedelta(days=9999), 3)),
    ]:
        assert await of(log, moment.isoformat()) == Coordinate(version=version, at=moment)


async def test_a_time_may_be_told_in_any_zone(owner: Dedicated, log: EventLog):
    _, second, _ = await remembered(owner, log, 3)
    elsewhere = second.astimezone(timezone(timedelta(hours=3)))

    for text in (elsewhere.isoformat(), second.isoformat().replace("+00:00", "Z")):
        assert (await of(log, text)).version == 2


SOMEBODY = "01a205f1-f636-7a06-ad62-15b277946b7b"


@pytest.mark.parametrize(
    "nothing",
    [
        *("", " ", "yesterday", "-1", "1.5", "²", "2031-02-03", "2031-02-03T00:00:00"),
        *(
            "@1",
            f"{SOMEBODY}@",
            f"{SOMEBODY}@x",
            f"{SOMEBODY}@-1",
            "nobody@1",
            "a@b@c",
            "\0",
            "\ud800",
        ),
    ],
)
async def test_what_names_no_place_is_refused_by_name(log: EventLog, nothing: str):
    with pytest.raises(Invalid):
        await of(log, nothing)


async def test_a_step_is_where_its_session_last_recalled_something(owner: Dedicated, log: EventLog):
    await remembered(owner, log, 3)
    talk = talk_of(AGENT, log.partitions)
    facts = [started(), recalled(1, hours(7)), started(), recalled(2, hours(8)), started()]
    await tell(owner, log, talk.stream, *facts)

    for step, expected in [(2, (1, 7)), (3, (1, 7)), (4, (2, 8)), (5, (2, 8))]:
        version, hour = expected
        place = Coordinate(version=version, at=hours(hour))
        assert await of(log, f"{talk.session_id}@{step}") == place
        assert await of(log, f"{talk.stream}@{step}") == place


async def test_a_step_before_the_first_recall_is_where_memory_stood_then(
    owner: Dedicated, log: EventLog
):
    await remembered(owner, log, 2)
    talk = talk_of(AGENT, log.partitions)
    (then,) = await tell(owner, log, talk.stream, started())
    await remembered(owner, log, 1)

    assert await of(log, f"{talk.session_id}@1") == Coordinate(version=2, at=then)


@pytest.mark.parametrize("step", [0, 2, 10**30])
async def test_a_step_that_was_not_taken_names_no_place(owner: Dedicated, log: EventLog, step: int):
    talk = talk_of(AGENT, log.partitions)
    await tell(owner, log, talk.stream, started())

    with pytest.raises((Invalid, NotFound)):
        await of(log, f"{talk.session_id}@{step}")


async def test_another_agents_session_names_no_place(owner: Dedicated, log: EventLog):
    other = talk_of("a-2", log.partitions)
    async with owner.transaction():
        await write(owner, other.partition, "a-2", other.stream, started())

    for unknown in (other, Talk("a-1", uuid4(), 0)):
        with pytest.raises(NotFound):
            await of(log, f"{unknown.session_id}@1")


async def test_the_space_is_the_one_that_was_active_then(
    database: Database, owner: Dedicated, partitions: int
):
    agent = Agent(database, owner, partitions)
    await agent.tell(
        episode("e"),
        *(
            events.EmbeddingSpaceActivated(space=space, model="m", dimensions=4)
            for space in ("one", "two")
        ),
    )
    seen = [await space_at(owner, agent.partition, agent.stream, version) for version in range(5)]

    assert [row and row["space"] for row in seen] == [None, None, "one", "two", "two"]
    assert dict(seen[2]) == {"space": "one", "model": "m", "dimensions": 4}
