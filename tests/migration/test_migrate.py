"""From an empty database to what this program needs, once and again."""

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel

import schema.tables  # noqa: F401 - imported for what it adds to the metadata.
from eventlog.database import Database
from eventlog.migrate import migrate, pending
from eventlog.revisions import shipped_revisions
from eventlog.routines import shipped_routines
from schema.errors import Invalid, NotReady
from schema.migrations.scope import SCOPE


async def test_the_tables_that_we_describe_are_the_tables_that_we_migrate(database: Database):
    def differences(connection: Connection) -> object:
        context = MigrationContext.configure(connection, opts=dict(SCOPE))
        return compare_metadata(context, SQLModel.metadata)

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=database.connect_as_owner, poolclass=NullPool
    )
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_storage_parameters_agree_too(database: Database):
    """Alembic does not compare them."""
    async with database.acquire() as conn:
        for table in SQLModel.metadata.tables.values():
            described = table.dialect_options["postgresql"]["with"] or {}
            applied = await conn.fetchval(
                "select reloptions from pg_class where oid = $1::text::regclass", str(table)
            )
            assert sorted(applied or []) == sorted(f"{k}={v}" for k, v in described.items()), table


async def test_how_columns_are_stored_agrees_too(database: Database):
    """Alembic does not compare it."""
    described = {
        (str(table), column.name, column.info["storage"][0])
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if "storage" in column.info
    }
    async with database.acquire() as conn:
        applied = await conn.fetch(
            "select attrelid::regclass::text, attname, attstorage::text from pg_attribute"
            " join pg_type t on t.oid = atttypid join pg_class c on c.oid = attrelid"
            " where attstorage <> typstorage and relkind = 'r' and relnamespace = any ("
            "'{eventlog,readmodel,derived,analytics,ops}'::regnamespace[])"
        )
        assert described
        assert {(row[0], row[1], row[2]) for row in applied} == described


async def test_an_empty_database_is_migrated_in_one_go(empty_database: Database):
    assert await pending(empty_database) == shipped_revisions()
    assert await migrate(empty_database, partitions=3) == shipped_revisions()
    assert await pending(empty_database) == ()
    async with empty_database.acquire() as conn:
        rows = await conn.fetch("select partition, position from eventlog.partitions order by 1")
        assert [tuple(row) for row in rows] == [(0, 0), (1, 0), (2, 0)]
        (log,) = await conn.fetch("select epoch, partitions from eventlog.log")
        assert tuple(log) == (1, 3)


async def test_migrating_again_changes_nothing(database: Database, partitions: int):
    async with database.acquire() as conn:
        before = await conn.fetch("select * from ops.routines order by name")
        assert [row["name"] for row in before] == sorted(r.name for r in shipped_routines())
    assert await migrate(database) == ()
    assert await migrate(database, partitions=partitions) == ()
    async with database.acquire() as conn:
        assert await conn.fetch("select * from ops.routines order by name") == before


async def test_another_number_of_partitions_is_refused(database: Database, partitions: int):
    with pytest.raises(Invalid, match=f"AGENT_RUNTIME_PARTITIONS={partitions}"):
        await migrate(database, partitions=partitions + 1)


@pytest.mark.parametrize("count", [0, -1, 4097])
async def test_an_impossible_number_of_partitions_is_refused(empty_database: Database, count: int):
    with pytest.raises(Invalid, match="4096"):
        await migrate(empty_database, partitions=count)


async def test_two_that_migrate_at_once_do_it_once(empty_database: Database):
    applied = await asyncio.gather(*(migrate(empty_database) for _ in range(3)))
    assert sorted(applied, key=len) == [(), (), shipped_revisions()]


async def test_a_migration_that_fails_leaves_nothing_behind(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
):
    async def fail(conn: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("eventlog.migrate.apply_routines", fail)
    with pytest.raises(ZeroDivisionError):
        await migrate(empty_database)
    assert await pending(empty_database) == shipped_revisions()


async def test_a_database_of_a_newer_program_is_refused(database: Database):
    conn = await database.connect_as_owner()
    await conn.execute("update ops.alembic_version set version_num = '9999'")
    await conn.close()
    with pytest.raises(NotReady, match="revision 9999 by a newer version"):
        await migrate(database)
    with pytest.raises(NotReady, match="ahead"):
        await pending(database)


async def test_a_routine_that_changed_is_applied_again(database: Database):
    conn = await database.connect_as_owner()
    await conn.execute("update ops.routines set hash = 'other' where name = 'clock'")
    await conn.execute("drop function eventlog.clock()")
    for parameters in ("", "p_zone text"):
        await conn.execute(
            f"create function eventlog.clock({parameters}) returns int language sql as 'select 1'"
        )
    await migrate(database)
    assert await conn.fetchval("select extract(year from eventlog.clock()) > 2000")
    assert await conn.fetchval("select count(*) from pg_proc where proname = 'clock'") == 1
    await conn.close()
