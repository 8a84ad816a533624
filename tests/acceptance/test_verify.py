"""`replay --verify` finds what was changed behind the log's back, and what the rules changed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from eventlog.address import Address
from eventlog.embedded import running_server
from tests.command_line import CALCULATION, CommandLine, script

TAMPER = "alter table eventlog.events disable trigger user; {change}; "


@pytest.fixture(scope="module")
def session(cli: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A session that calculated."""
    model = script(tmp_path_factory.mktemp("script"), "model", CALCULATION)
    asked = ("What is 17*23?", "--model", model, "--tools", "calculator", "--no-memory")
    run = cli("run", *asked, "--json")
    return str(run.lines[-1]["id"])


@pytest.fixture
def copy(home: Path, session: str) -> Iterator["Copy"]:
    """The database of that session, copied; it can be tampered with."""
    with running_server(home) as server:
        made = Copy(server.socket_folder, server.port, server.owner)
        asyncio.run(made.execute("agent_runtime", "create database copied template agent_runtime"))
        try:
            yield made
        finally:
            asyncio.run(made.execute("agent_runtime", "drop database copied with (force)"))


class Copy:
    """A copy of the database, and commands that look at it."""

    def __init__(self, folder: Path, port: int, owner: str) -> None:
        self._options = Address.of_socket(folder, port, owner).options
        url = f"postgresql://{owner}@/copied?host={folder}&port={port}"
        self.cli = CommandLine({"AGENT_RUNTIME_DATABASE_URL": url})

    def tamper(self, change: str) -> None:
        """Make *change* as the owner, with the guard taken off."""
        asyncio.run(self.execute("copied", TAMPER.format(change=change)))

    async def execute(self, database: str, sql: str) -> None:
        other = "postgres" if database == "agent_runtime" else database
        conn = await asyncpg.connect(**{**self._options, "database": other})
        try:
            await conn.execute(sql)
        finally:
            await conn.close()


ALTER = "update eventlog.events set {} where stream = {{stream}} and version = {}"
REMOVE = "delete from eventlog.events where stream = {{stream}} and version = {}"


@pytest.mark.parametrize(
    ("change", "kind", "version", "event_type"),
    [
        (
            ALTER.format("data = replace(data::text, '391', '392')::json", 5),
            *("data", 5, "completion_received"),
        ),
        (ALTER.format("data = '[]'", 1), "data", 1, "unreadable"),
        (ALTER.format("data = '[]'", 3), "data", 3, "unreadable"),
        (ALTER.format("metadata = '[]'", 4), "data", 4, "unreadable"),
        (ALTER.format("type = 'session_paused'", 6), "data", 6, "unreadable"),
        (REMOVE.format(4), "order", 5, "completion_received"),
        (REMOVE.format(6), "end", 6, "session_completed"),
    ],
    ids=["completion", "start", "data", "metadata", "type", "gap", "end"],
)
def test_what_was_changed_in_a_copy_of_the_log_is_named(
    copy: Copy, session: str, change: str, kind: str, version: int, event_type: str
):
    copy.tamper(change.format(stream=f"'session-{session}'"))

    done = copy.cli("replay", session, "--verify", "--json")

    difference = done.lines[-1]["difference"]
    assert (done.code, done.lines[-1]["verified"]) == (4, False)
    assert [difference[name] for name in ("kind", "version", "event_type")] == [
        kind,
        version,
        event_type,
    ]


def test_a_decision_that_differs_before_what_cannot_be_read_is_the_one_named(
    copy: Copy, session: str
):
    copy.tamper(ALTER.format("data = '[]'", 5).format(stream=f"'session-{session}'"))
    patch = "from service.agent import moves\nmoves._calls = lambda *_: ()"

    done = copy.cli.changed(patch, "replay", session, "--verify", "--json")

    difference = done.lines[-1]["difference"]
    assert (difference["kind"], difference["version"]) == ("decision", 3)


def test_the_difference_is_told_in_words(copy: Copy, session: str):
    copy.tamper(
        "update eventlog.events set data = replace(data::text, '17', '18')::json "
        f"where stream = 'session-{session}' and version = 2"
    )

    done = copy.cli("replay", session, "--verify")

    assert done.code == 4
    assert "version 2 (completion_received)" in done.out


def test_an_untouched_copy_is_verified(copy: Copy, session: str):
    assert copy.cli("replay", session, "--verify").code == 0


@pytest.mark.parametrize(
    ("change", "kind", "version"),
    [
        ("prompt._FORMAT = 'Answer somehow.'", "prompt", 2),
        ("prompt._STOP = ()", "prompt", 2),
        ("prompt._observation = lambda back: 'nothing'", "prompt", 5),
        ("moves._calls = lambda *_: ()", "decision", 3),
    ],
)
def test_changed_rules_are_found_at_the_first_event_that_they_would_change(
    cli: CommandLine, session: str, change: str, kind: str, version: int
):
    patch = f"from service.agent import moves, prompt\n{change}"

    done = cli.changed(patch, "replay", session, "--verify", "--json")

    difference = done.lines[-1]["difference"]
    assert done.code == 4
    assert (difference["kind"], difference["version"]) == (kind, version)
