"""The log is append-only: by grants for the application, by a trigger for its owner too."""

import asyncpg
import pytest

from eventlog.database import Database, Dedicated

CHANGES = [
    "update eventlog.events set type = 'untold'",
    "update eventlog.events set data = null, salt = null",
    "delete from eventlog.events",
    "truncate eventlog.events",
]
PROTECTED = ["events", "streams", "partitions", "log"]


@pytest.mark.parametrize("change", CHANGES)
async def test_the_owner_cannot_change_what_was_recorded(owner: Dedicated, change: str):
    with pytest.raises(asyncpg.PostgresError, match="append-only") as caught:
        await owner.execute(change)
    assert caught.value.sqlstate == "AR101"


@pytest.mark.parametrize(
    "change", [*CHANGES, "insert into eventlog.events select * from eventlog.events"]
)
async def test_the_application_cannot_change_the_log(application: Dedicated, change: str):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute(change)


@pytest.mark.parametrize("table", PROTECTED)
async def test_the_application_reads_what_it_may_not_write(application: Dedicated, table: str):
    await application.fetch(f"select * from eventlog.{table}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute(f"delete from eventlog.{table}")


async def test_the_application_keeps_its_own_rows(database: Database, application: Dedicated):
    await application.execute("insert into eventlog.checkpoints values (0, 'p', 3)")
    await application.execute("update eventlog.checkpoints set position = 4")
    await application.execute("delete from eventlog.checkpoints; delete from readmodel.sessions")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute("delete from ops.routines")


async def test_even_an_erasure_takes_nothing_but_data_and_salt(owner: Dedicated):
    await owner.execute("set agent_runtime.erasing = 'on'")
    more = "update eventlog.events set data = null, salt = null, metadata = '[]'"
    less = "update eventlog.events set data = null"
    for change in (*CHANGES[:1], *CHANGES[2:], more, less):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await owner.execute(change)


async def test_tests_may_move_the_clock(application: Dedicated):
    await application.execute("set agent_runtime.now = '2031-02-03 04:05:06.789+00'")
    assert str(await application.fetchval("select eventlog.clock()")) == (
        "2031-02-03 04:05:06.789000+00:00"
    )
    await application.execute("reset agent_runtime.now")
    assert await application.fetchval("select eventlog.clock() - now() < interval '1 hour'")
