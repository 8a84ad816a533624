"""Erasure: data and salt go together and for good; everything else stays, and the log says so."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from eventlog.database import Conn, Database, Dedicated
from schema import events
from schema.ids import new_session_id, session_stream, uuid7
from tests.log_writing import write

STREAM = session_stream(new_session_id("a"))
ERASE = """
select * from eventlog.erase(p_partition => 0, p_agent => $1, p_stream => $2, p_versions => $3,
  p_event_id => $4, p_schema_version => 1::smallint, p_metadata => '{}',
  p_data => '{"versions": [1], "reason": "asked"}', p_salt => decode(repeat('ab', 16), 'hex'))
"""
EVENTS = "select * from eventlog.events where stream = $1 order by version"
TOLD = events.DeadlinePassed(timeout_s=1.0)


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Dedicated]:
    conn = await database.connect_as_owner()
    yield conn
    await conn.close()


async def erase(
    conn: Conn, *versions: int, agent: str = "a", event_id: UUID | None = None
) -> tuple[int, int]:
    row = await conn.fetchrow(ERASE, agent, STREAM, list(versions), event_id or uuid7())
    assert row is not None
    return row["version"], row["erased"]


async def test_the_application_role_may_not_erase(database: Database):
    async with database.acquire() as conn:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await erase(conn, 1)


async def test_an_erased_event_keeps_all_but_data_and_salt(owner: Dedicated):
    await write(owner, 0, "a", STREAM, TOLD, TOLD)
    before = await owner.fetch(EVENTS, STREAM)
    assert await erase(owner, 1) == (3, 1)
    first, second, record = await owner.fetch(EVENTS, STREAM)
    assert dict(first) == {**before[0], "data": None, "salt": None}
    assert second == before[1]
    assert (record["type"], record["version"], record["position"]) == ("events_erased", 3, 3)


async def test_an_erasure_that_is_asked_again_is_recorded_once(owner: Dedicated):
    await write(owner, 0, "a", STREAM, TOLD)
    event_id = uuid7()
    assert await erase(owner, 1, event_id=event_id) == (2, 1)
    assert await erase(owner, 1, event_id=event_id) == (2, 0)
    assert len(await owner.fetch(EVENTS, STREAM)) == 2


async def test_nobody_elses_events_and_no_record_of_an_erasure_can_be_erased(owner: Dedicated):
    await write(owner, 0, "a", STREAM, TOLD)
    assert await erase(owner, 1, agent="b") == (2, 0)
    assert await erase(owner, 2, 77) == (3, 0)


async def test_after_an_erasure_its_transaction_may_still_change_nothing(database: Database):
    owner = await database.connect_as_owner()
    await write(owner, 0, "a", STREAM, TOLD, TOLD)
    async with owner.transaction():
        await erase(owner, 1)
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await owner.execute("update eventlog.events set data = null, salt = null")
    await owner.close()
