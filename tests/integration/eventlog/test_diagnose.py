"""What the doctor says of each fault, and of none."""

from pathlib import Path

import pytest

from eventlog.database import Database
from eventlog.diagnose import diagnose, examine, wrong

FSYNC = "fsync is off: a power cut can destroy the log"
"""Said of every database of the tests' server, and truly."""


async def faults(database: Database) -> dict[str, str]:
    """What is wrong with *database*, and the mend of each; the tests' own fault left out."""
    found = await examine(database)
    return {f.what: f.mend for f in found if not f.ok and f.what != FSYNC}


async def after(database: Database, *statements: str) -> dict[str, str]:
    conn = await database.connect_as_owner()
    for statement in statements:
        await conn.execute(statement)
    await conn.close()
    return await faults(database)


async def test_a_sound_database_is_called_sound(database: Database, partitions: int):
    found = await examine(database)
    assert await faults(database) == {}
    said = "1 partition" if partitions == 1 else f"{partitions} partitions"
    assert f"the log has {said}, epoch 1" in [finding.what for finding in found]


async def test_a_server_that_forgets_is_warned_of(database: Database):
    assert FSYNC in [finding.what for finding in await examine(database) if not finding.ok]


async def test_a_database_that_was_never_migrated(empty_database: Database):
    assert await faults(empty_database) == {
        "the extension vector is not installed in this database": "run `agent-runtime migrate`",
        "the database was never migrated": "run `agent-runtime migrate`",
    }


async def test_migrations_that_are_behind(database: Database):
    found = await after(database, "update ops.alembic_version set version_num = '0001'")
    assert [what for what in found if what.startswith("migrations are behind: 0002")]


async def test_migrations_that_are_ahead(database: Database):
    found = await after(database, "update ops.alembic_version set version_num = '9999'")
    assert list(found.values()) == ["install the version of this program that migrated it"]


async def test_a_missing_extension(database: Database):
    assert await after(database, "drop extension vector cascade") == {
        "the extension vector is not installed in this database": "run `agent-runtime migrate`"
    }


async def test_routines_that_differ(database: Database):
    assert await after(database, "update ops.routines set hash = 'x' where name = 'clock'") == {
        "SQL routines differ from this program's: clock": "run `agent-runtime migrate`"
    }


async def test_an_application_that_may_write_the_log(database: Database):
    found = await after(database, "grant insert, truncate on eventlog.events to agent_runtime_app")
    assert list(found) == [
        "agent_runtime_app may insert eventlog.events",
        "agent_runtime_app may truncate eventlog.events",
    ]


async def test_an_application_that_may_not_read_the_log(database: Database):
    found = await after(database, "revoke select on eventlog.events from agent_runtime_app")
    assert list(found) == ["agent_runtime_app may not select eventlog.events"]


async def test_an_application_that_may_not_even_enter(database: Database):
    found = await after(database, "revoke usage on schema eventlog from agent_runtime_app")
    assert list(found) == ["agent_runtime_app may not use schema eventlog"]


async def test_an_application_that_may_not_append(database: Database):
    found = await after(
        database, "revoke execute on all routines in schema eventlog from agent_runtime_app"
    )
    assert "agent_runtime_app may not execute eventlog.append" in found


async def test_a_guard_that_sleeps(database: Database):
    found = await after(database, "alter table eventlog.events disable trigger user")
    assert list(found) == ["the trigger that keeps events unchanged is off"]


async def test_partitions_that_are_not_the_logs(database: Database):
    found = await after(database, "delete from eventlog.partitions where partition = 0")
    assert "their rows are not these" in next(iter(found))


async def test_an_empty_log(database: Database):
    found = await after(database, "delete from eventlog.log")
    assert list(found) == ["the log was not created"]


async def test_a_server_that_does_not_answer(tmp_path: Path):
    url = "postgresql://me:s3cret@127.0.0.1:1/db"
    (finding,) = await diagnose(url, tmp_path, wait_s=0.1)
    assert not finding.ok
    assert "cannot be reached" in finding.what
    assert "s3cret" not in str(finding)
    assert finding.mend == "start the server, or correct AGENT_RUNTIME_DATABASE_URL"


async def test_an_address_that_cannot_be_read(tmp_path: Path):
    (finding,) = await diagnose("mysql://me:s3cret@host/db", tmp_path)
    assert not finding.ok
    assert "must look like postgresql://" in finding.what
    assert "s3cret" not in str(finding)


@pytest.mark.parametrize(("number", "ok"), [(140_009, False), (150_000, True)])
async def test_a_server_that_is_too_old(
    database: Database, monkeypatch: pytest.MonkeyPatch, number: int, ok: bool
):
    """There is one server to test with; the statement tells of another."""
    older = f"select '14.9' as version, {number} as version_number, 'on' as fsync, "
    monkeypatch.setattr(
        "eventlog.diagnose.SERVER", older + "'1' as vector_installed, '1' as vector_available"
    )
    said = wrong("PostgreSQL 14.9 is too old", "upgrade it to 15 or newer")
    assert (said in await examine(database)) is not ok
