"""Who may ask the views, found out by trying."""

from collections.abc import AsyncIterator
from typing import Final
from uuid import uuid4

import asyncpg
import pytest

from eventlog.block import BlockLimits
from eventlog.database import Database, Dedicated
from eventlog.rebuild import rebuild
from eventlog.routines import apply_routines, apply_views
from schema.errors import Invalid, NotFound
from service.analytics.questions import questions
from service.analytics.roles import Limits, grant, revoke
from service.projections import PROJECTIONS

APPEND: Final = "select eventlog.append(0, " + "'{}', " * 13 + "'')"
FORBIDDEN: Final = (
    "select * from ops.keys",
    "select * from ops.audit",
    "select * from ops.leases",
    "select * from ops.requests",
    "select salt from eventlog.events",
    "select * from eventlog.streams",
    "select * from readmodel.sessions",
    "select * from derived.salts",
    APPEND,
    "select eventlog.erase(0, 'x', '{1}', 'x')",
    "delete from analytics.events",
    "create table public.mine (a int)",
    "create function analytics.mine() returns int language sql as 'select 1'",
    "create temporary table mine (a int)",
    "set role agent_runtime_app",
    "select pg_read_file('/etc/passwd')",
)


@pytest.fixture(params=[1], ids=["1-partition"])
def partitions() -> int:
    return 1


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Dedicated]:
    conn = await database.connect_as_owner()
    yield conn
    await conn.close()


@pytest.fixture
async def role(database: Database, owner: Dedicated) -> AsyncIterator[str]:
    name = f"analyst_{uuid4().hex}"
    await grant(database, name, Limits(statement_timeout_s=7, connections_max=2), actor="test")
    yield name
    await owner.execute(f"drop owned by {name}; drop role {name}")


@pytest.fixture
async def analyst(database: Database, role: str) -> AsyncIterator[Dedicated]:
    """A connection that logged in as an analyst does, with tools of their own."""
    conn = await asyncpg.connect(**{**database.address.options, "user": role})
    yield conn
    await conn.close()


async def test_an_analyst_asks_every_question_and_nothing_else(analyst: Dedicated):
    for question in questions():
        await analyst.fetch(question.sql)
    for query in FORBIDDEN:
        with pytest.raises(
            (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)
        ):
            await analyst.execute(query)


async def test_even_who_turns_read_only_off_writes_nothing(analyst: Dedicated):
    await analyst.execute("set default_transaction_read_only = off")
    for query in FORBIDDEN:
        if "temporary" in query:  # Of their own session, and gone with it.
            continue
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await analyst.execute(query)


async def test_its_sessions_begin_with_limits(analyst: Dedicated):
    shown = {
        name: await analyst.fetchval(f"show {name}")
        for name in ("statement_timeout", "search_path", "default_transaction_read_only")
    }
    assert shown == {
        "statement_timeout": "7s",
        "search_path": "analytics, public",
        "default_transaction_read_only": "on",
    }


async def test_a_rebuild_and_an_upgrade_leave_it_its_rights(
    database: Database, owner: Dedicated, analyst: Dedicated
):
    await rebuild(
        database,
        PROJECTIONS["steps"],
        lambda _: None,
        limits=BlockLimits(events=5),
        reapply=apply_views,
    )
    await owner.execute("update ops.routines set hash = ''")
    await apply_routines(owner)
    await owner.execute("create view analytics.brought_later as select 1 as one")
    assert await analyst.fetch("select * from analytics.steps") == []
    assert await analyst.fetch("select * from analytics.facts_at('ana', 1)") == []
    assert await analyst.fetchval("select one from brought_later") == 1


async def test_who_is_let_go_asks_no_more(database: Database, analyst: Dedicated, role: str):
    await revoke(database, role, actor="test")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await analyst.fetch("select * from analytics.sessions")
    await grant(database, role, Limits(), actor="test")
    assert await analyst.fetch("select * from analytics.sessions") == []


async def test_what_was_granted_is_on_record(owner: Dedicated, role: str):
    rows = await owner.fetch("select action, actor, detail->>'role' from ops.audit")
    assert [tuple(row) for row in rows] == [("analytics.grant", "test", role)]


@pytest.mark.parametrize("name", ["agent_runtime_app", "Ana", "a b", "pg_monitor", "", 'x"; --'])
async def test_no_role_that_reads_more_or_cannot_be_named_is_granted(database: Database, name: str):
    with pytest.raises(Invalid):
        await grant(database, name, Limits(), actor="test")


async def test_neither_is_the_owner_and_nobody_is_let_go_who_is_not_there(
    database: Database, owner: Dedicated
):
    ourselves = await owner.fetchval("select current_user")
    with pytest.raises(Invalid):
        await grant(database, ourselves, Limits(), actor="test")
    with pytest.raises(NotFound):
        await revoke(database, "nobody_at_all", actor="test")
