"""Our own server: joined, left, crashed, confused. Each test has its own."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import asyncpg
import pytest

from eventlog.database import open_database
from eventlog.embedded import EmbeddedServer, running_server
from eventlog.embedded.account import account_for
from eventlog.embedded.binaries import binaries
from eventlog.embedded.cluster import PORT
from eventlog.embedded.locks import locked, opened, took_alone
from eventlog.embedded.programs import run_program
from eventlog.migrate import migrate
from schema.errors import DatabaseUnavailable, NotReady

USER = """
import sys
from pathlib import Path
from shutil import which
from eventlog.embedded import running_server
with running_server(Path(sys.argv[1])):
    print("in", flush=True)
    sys.stdin.read()
"""
"""A process that uses the server until its input ends."""


@contextmanager
def another_process(home: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def has_entered(process: "subprocess.Popen[str]") -> bool:
    assert process.stdout is not None
    return "in\n" in iter(process.stdout.readline, "")


def leave(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=60) == 0


def postmaster(home: Path) -> int:
    return int((home / "postgres/data/postmaster.pid").read_text().split()[0])


def is_stopped(home: Path) -> bool:
    with opened(home / "postgres/server.lock") as alive:
        return took_alone(alive) and not (home / "postgres/data/postmaster.pid").exists()


def ask(server: EmbeddedServer, sql: str) -> object:
    async def fetch() -> object:
        conn = await asyncpg.connect(
            host=str(server.socket_folder), port=server.port, user=server.owner, database="postgres"
        )
        try:
            return await conn.fetchval(sql)
        finally:
            await conn.close()

    return asyncio.run(fetch())


def kill_server(home: Path) -> None:
    """As a crash does it: at once, and nothing cleaned up; back when no process of it is left."""
    os.kill(postmaster(home), signal.SIGKILL)
    with locked(home / "postgres/server.lock", timeout_s=60):
        pass


def test_the_server_lasts_as_long_as_the_block(home: Path):
    with running_server(home) as server:
        assert ask(server, "select 1") == 1
        assert ask(server, "show fsync") == "on"
        assert ask(server, "show listen_addresses") == ""
    assert is_stopped(home)


def test_what_was_written_is_there_at_the_next_start(home: Path):
    with running_server(home) as server:
        ask(server, "create table kept as select 7 as n")
    with running_server(home) as server:
        assert ask(server, "select n from kept") == 7


def test_a_second_process_joins_and_the_last_to_leave_stops_the_server(home: Path):
    with another_process(home) as other:
        with running_server(home) as server:
            assert has_entered(other)
            joined = postmaster(home)
            assert ask(server, "select 1") == 1
        assert postmaster(home) == joined
        assert not is_stopped(home)
        leave(other)
    assert is_stopped(home)


def test_a_killed_process_neither_stops_the_server_nor_keeps_it(home: Path):
    with another_process(home) as other, running_server(home) as server:
        assert has_entered(other)
        other.kill()
        other.wait(timeout=60)
        assert ask(server, "select 1") == 1
    assert is_stopped(home)


def test_the_server_of_a_killed_process_is_joined_by_the_next(home: Path):
    with another_process(home) as other:
        assert has_entered(other)
        left_alone = postmaster(home)
        other.kill()
        other.wait(timeout=60)
    with running_server(home) as server:
        assert postmaster(home) == left_alone
        assert ask(server, "select 1") == 1
    assert is_stopped(home)


def test_two_processes_that_start_at_the_same_instant_share_one_server(home: Path):
    with another_process(home) as one, another_process(home) as two:
        with ThreadPoolExecutor() as threads:
            assert list(threads.map(has_entered, [one, two])) == [True, True]
        leave(one)
        assert not is_stopped(home)
        leave(two)
    assert is_stopped(home)


def test_after_everything_was_killed_it_starts_with_all_that_was_committed(home: Path):
    with another_process(home) as other:
        with running_server(home) as server:
            assert has_entered(other)
            ask(server, "create table kept as select 7 as n")
        other.kill()
        os.kill(postmaster(home), signal.SIGKILL)  # Its children may be there for a moment yet.
    with running_server(home) as server:
        assert ask(server, "select n from kept") == 7
    assert is_stopped(home)


@contextmanager
def stranger_named_by_stale_files(home: Path) -> Iterator[int]:
    """A crash, then another program of the same user with the dead server's number."""
    with another_process(home) as other:
        assert has_entered(other)
        other.kill()
        kill_server(home)
    account = account_for(home / "postgres/data")
    with subprocess.Popen(
        [which("sleep") or "/bin/sleep", "600"], **account.process_options()
    ) as stranger:
        lines = (home / "postgres/data/postmaster.pid").read_text().splitlines()
        lock = Path(lines[4]) / f".s.PGSQL.{PORT}.lock"
        for file in (home / "postgres/data/postmaster.pid", lock):
            file.write_text("\n".join([str(stranger.pid), *file.read_text().splitlines()[1:]]))
        try:
            yield stranger.pid
            assert stranger.poll() is None, "the stranger was taken for our server and stopped"
        finally:
            stranger.kill()


def test_postgresql_itself_takes_a_stranger_for_its_own_server(home: Path):
    """What the next test is about: without our care this server never starts again."""
    data, log = home / "postgres/data", home / "postgres/server.log"
    start = ["pg_ctl", "start", "-w", f"--pgdata={data}", f"--log={log}"]
    with stranger_named_by_stale_files(home), pytest.raises(DatabaseUnavailable):
        run_program(*start, as_user=account_for(data), timeout_s=30)
    assert 'lock file "postmaster.pid" already exists' in log.read_text()


def test_a_stale_pid_file_that_names_a_stranger_keeps_nobody_from_starting(home: Path):
    with stranger_named_by_stale_files(home) as stranger:
        with running_server(home) as server:
            assert ask(server, "select 1") == 1
            assert postmaster(home) != stranger
        assert is_stopped(home)


def test_a_pid_file_that_is_empty_keeps_nobody_from_starting(home: Path):
    with running_server(home):
        pass
    (home / "postgres/data/postmaster.pid").touch()
    with running_server(home) as server:
        assert ask(server, "select 1") == 1


def test_files_that_were_left_half_made_are_made_anew(home: Path):
    (home / "postgres/data.unfinished/base").mkdir(parents=True)
    with running_server(home) as server:
        assert ask(server, "select 1") == 1


def test_a_home_with_a_long_name_gets_a_short_socket(home: Path):
    long = home / ("long" * 30)
    with running_server(long) as server:
        assert ask(server, "select 1") == 1
    assert is_stopped(long)
    server.socket_folder.rmdir()


def test_a_home_may_have_blanks_and_quotes_in_its_name(home: Path):
    with running_server(home / "it's my home") as server:
        assert ask(server, "select 1") == 1


def test_other_users_of_the_machine_cannot_reach_the_socket(home: Path):
    with running_server(home) as server:
        assert server.socket_folder.stat().st_mode & 0o077 == 0


def test_what_a_user_writes_into_the_configuration_counts(home: Path):
    with running_server(home):
        pass
    with (home / "postgres/data/postgresql.conf").open("a") as file:
        file.write("max_connections = 33\n")
    with running_server(home) as server:
        assert ask(server, "show max_connections") == "33"


def test_a_server_that_cannot_start_shows_the_end_of_its_log(home: Path):
    with running_server(home):
        pass
    with (home / "postgres/data/postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with (
        pytest.raises(DatabaseUnavailable, match="no_such_setting"),
        running_server(home),
    ):
        pass


def test_settings_for_other_servers_in_the_environment_do_no_harm(
    home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PGPORT", "9999")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("LC_ALL", "xx_XX")
    with running_server(home) as server:
        assert ask(server, "select 1") == 1


async def test_a_first_start_gives_a_database_that_only_waits_to_be_migrated(home: Path):
    async with open_database(None, home) as database:
        assert database.embedded
        with pytest.raises(NotReady, match="agent-runtime migrate"):
            async with database.acquire():
                pass
        await migrate(database)
        async with database.acquire() as conn:
            assert await conn.fetchval("select count(*) from eventlog.events") == 0
    assert is_stopped(home)


async def test_a_start_that_is_cancelled_leaves_no_server_behind(home: Path):
    async def use() -> None:
        async with open_database(None, home):
            await asyncio.Event().wait()

    using = asyncio.create_task(use())
    # The files are made by another process, which tells nobody.
    while not (home / "postgres/data.unfinished").exists():  # noqa: ASYNC110
        await asyncio.sleep(0)
    using.cancel()
    with pytest.raises(asyncio.CancelledError):
        await using
    assert is_stopped(home)


def test_the_wheel_brings_the_programs_that_we_use():
    wanted = {"initdb", "pg_ctl", "pg_isready", "postgres", "psql"}
    assert wanted <= {program.name for program in binaries().iterdir()}
