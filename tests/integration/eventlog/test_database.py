"""The pool and the connections of one's own, on a real server."""

import asyncio
import os
import signal
from pathlib import Path

import asyncpg
import pytest

from eventlog.database import CONNECT_TIMEOUT_S, Database, Limits, open_database, reach
from schema.errors import DatabaseUnavailable, NotReady

WHO = "select current_user"


async def test_the_pool_works_as_the_application_role(database: Database):
    async with database.acquire() as conn:
        assert await conn.fetchval(WHO) == "agent_runtime_app"


async def test_the_role_and_the_settings_survive_the_pools_reset(database: Database):
    async with database.acquire() as conn:
        await conn.execute("set jit = on; set statement_timeout = 12345")
        pid = conn.get_server_pid()
    async with database.acquire() as conn:
        assert conn.get_server_pid() == pid
        assert await conn.fetchval(WHO) == "agent_runtime_app"
        assert await conn.fetchval("show jit") == "off"
        assert await conn.fetchval("show statement_timeout") == "30s"


async def test_every_session_is_given_its_limits(database: Database):
    conn = await database.connect()
    try:
        assert await conn.fetchval("show lock_timeout") == "10s"
        assert await conn.fetchval("show idle_in_transaction_session_timeout") == "1min"
        assert await conn.fetchval("show application_name") == "agent-runtime"
        assert await conn.fetchval("show search_path") == "public"
        assert await conn.fetchval('show "citus.override_table_visibility"') == "off"
    finally:
        await conn.close()


async def test_the_owner_is_another_role_than_the_application(database: Database):
    conn = await database.connect_as_owner()
    try:
        assert await conn.fetchval(WHO) == "postgres"
    finally:
        await conn.close()


async def test_a_connection_of_ones_own_may_have_other_settings(database: Database):
    conn = await database.connect(settings={"statement_timeout": "0"})
    try:
        assert await conn.fetchval("show statement_timeout") == "0"
    finally:
        await conn.close()


async def test_json_comes_back_as_the_text_that_was_stored(database: Database):
    async with database.acquire() as conn:
        assert await conn.fetchval(r"""select '{"a":  "\u0000 \ud800"}'::json""") == (
            r'{"a":  "\u0000 \ud800"}'
        )
        assert await conn.fetchval("select '[1]'::jsonb") == "[1]"


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(database: Database):
    with pytest.raises(DatabaseUnavailable, match="statement timeout"):
        async with database.acquire() as conn:
            await conn.execute("set statement_timeout = 10; select pg_sleep(30)")


async def test_a_connection_that_is_cut_is_unavailable_and_the_next_one_works(database: Database):
    with pytest.raises(DatabaseUnavailable):
        await ask_over_a_line_that_is_cut(database)
    async with database.acquire() as conn:
        assert await conn.fetchval("select 1") == 1


async def ask_over_a_line_that_is_cut(database: Database) -> None:
    killer = await database.connect_as_owner()
    try:
        async with database.acquire() as conn:
            await killer.fetchval("select pg_terminate_backend($1, 5000)", conn.get_server_pid())
            await conn.fetchval("select 1")
    finally:
        await killer.close()


async def test_a_cancellation_goes_through_although_the_line_was_cut_as_well(database: Database):
    with pytest.raises(asyncio.CancelledError):
        await be_cancelled_over_a_line_that_is_cut(database)


async def be_cancelled_over_a_line_that_is_cut(database: Database) -> None:
    async with database.acquire() as conn:
        cut_unheard(conn.get_server_pid())
        raise asyncio.CancelledError


def cut_unheard(pid: int) -> None:
    """End a connection while the loop stands still: the driver hears of it only when it asks."""
    os.kill(pid, signal.SIGTERM)
    while Path(f"/proc/{pid}").exists():
        os.sched_yield()


async def test_an_error_of_the_statement_itself_stays_what_it_is(database: Database):
    with pytest.raises(asyncpg.UndefinedTableError):
        async with database.acquire() as conn:
            await conn.execute("select * from nowhere")


async def test_a_full_pool_makes_callers_wait_and_no_longer(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    url = database.address.psql_arguments[0]
    async with (
        open_database(url, tmp_path, limits=Limits(connections_max=1)) as small,
        small.acquire(),
    ):
        monkeypatch.setattr("eventlog.database.ACQUIRE_TIMEOUT_S", 0.01)
        with pytest.raises(DatabaseUnavailable):
            await small.acquire().__aenter__()


@pytest.mark.parametrize(
    "url",
    ["postgresql://me:s3cret@127.0.0.1:1/db", "postgresql+asyncpg://me:s3cret@127.0.0.1:1/db"],
)
async def test_a_server_that_is_not_there_is_unavailable_and_no_password_is_shown(
    url: str, tmp_path: Path
):
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1:1/db") as caught:
        async with open_database(url, tmp_path, wait_s=0.1):
            pass
    assert "s3cret" not in str(caught.value)


async def test_a_host_that_says_nothing_takes_no_longer_than_the_wait():
    let_go = asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await let_go.wait()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with silent, asyncio.timeout(CONNECT_TIMEOUT_S / 2):
        port = silent.sockets[0].getsockname()[1]
        with pytest.raises(DatabaseUnavailable, match=f"127.0.0.1:{port}/db"):
            await reach(f"postgresql://ada@127.0.0.1:{port}/db", wait_s=0.3)
        let_go.set()


async def test_a_database_that_does_not_exist_is_told_at_once(database: Database, tmp_path: Path):
    url = database.address.psql_arguments[0].replace("/test_", "/absent_")
    with pytest.raises(NotReady, match="does not exist"):
        async with open_database(url, tmp_path):
            pass
