"""A server where our role is no superuser, as those that others run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from eventlog.database import Database, open_database
from eventlog.diagnose import examine
from eventlog.migrate import migrate
from schema.errors import NotReady


@asynccontextmanager
async def owned_by_a_plain_role(database: Database, rights: str) -> AsyncIterator[Database]:
    """The same database, reached as a role that owns it and has no more than *rights*."""
    admin = await database.connect_as_owner()
    role = f"plain_{uuid4().hex}"
    url = database.address.psql_arguments[0]
    name = await admin.fetchval("select current_database()")
    await admin.execute(f"create role {role} login {rights}")
    try:
        await admin.execute(f"alter database {name} owner to {role}")
        async with open_database(url.replace("postgres@", f"{role}@"), Path()) as reached:
            yield reached
    finally:
        await admin.execute(f"reassign owned by {role} to current_user; drop owned by {role}")
        await admin.execute(f"drop role {role}")
        await admin.close()


async def test_what_only_an_administrator_may_do_is_told_as_sql(empty_database: Database):
    admin = await empty_database.connect_as_owner()
    async with owned_by_a_plain_role(empty_database, "nosuperuser") as plain:
        told = []
        for _ in range(2):
            with pytest.raises(NotReady, match="let an administrator run") as caught:
                await migrate(plain)
            sql = str(caught.value).split(":\n")[1].split("\nand then")[0]
            told.append(sql)
            await admin.execute(sql)
        assert told[0].startswith("grant agent_runtime_app to ")
        assert told[1] == "create extension if not exists vector schema public;"
        await migrate(plain)
        async with plain.acquire() as conn:
            assert await conn.fetchval("select current_user") == "agent_runtime_app"
        assert [finding.what for finding in await examine(plain) if not finding.ok] == [
            "fsync is off: a power cut can destroy the log"
        ]
    await admin.close()
