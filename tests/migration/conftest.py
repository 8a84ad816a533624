"""What the tests of migrations share: asking as the owner, and as the application."""

from collections.abc import AsyncIterator

import pytest

from eventlog.database import Database, Dedicated

AN_EVENT = """
insert into eventlog.events values (0, 1, 'a', 'session-x', 1, gen_random_uuid(), 'told', 1,
  '{"secret": "\\u0000"}', '{}', '\\x01', '\\x02', now())
"""


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Dedicated]:
    """The owner, in a log that holds one event."""
    conn = await database.connect_as_owner()
    await conn.execute(AN_EVENT)
    try:
        yield conn
    finally:
        await conn.close()


@pytest.fixture
async def application(database: Database) -> AsyncIterator[Dedicated]:
    conn = await database.connect()
    try:
        yield conn
    finally:
        await conn.close()
