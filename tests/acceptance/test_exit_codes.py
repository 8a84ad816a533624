"""What each command says by its exit code, and in one line on stderr."""

import json
import signal
import time
from pathlib import Path

import pytest

from tests.command_line import CALCULATION, CommandLine, next_line, script

NOBODY = "01234567-89ab-7def-8123-456789abcdef"
LOSE_SESSIONS = """
import asyncio
from service.config import read_settings
from service.store import open_store

async def lose():
    async with open_store(read_settings()) as log, log.database.acquire() as conn:
        await conn.execute("delete from readmodel.sessions")

asyncio.run(lose())
"""
"""What an operator's slip may do."""
SERVICE_WAIT_S = 10
"""How long a service sits out a server that is away."""


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", NOBODY),
        ("show", "no such thing"),
        ("replay", NOBODY, "--verify"),
        ("projections", "rebuild", "nothing"),
    ],
)
def test_what_is_not_there_exits_3(cli: CommandLine, arguments: tuple[str, ...]):
    done = cli(*arguments)

    assert (done.code, done.out) == (3, "")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("run",), "PROMPT"),
        (("nonsense",), "nonsense"),
        (("run", "hi", "--nonsense"), "--nonsense"),
        (("run", "hi", "--model", "nobody:x"), "model"),
        (("run", "hi", "--model", "anthropic:x"), "ANTHROPIC_API_KEY"),
        (("run", "hi", "--model", "scripted:/nowhere"), "/nowhere"),
        (("run", " ", "--model", "scripted:x"), "prompt"),
        (("run", "hi", "--agent", "A B"), "agent"),
        (("run", "hi", "--max-iterations", "0"), "--max-iterations: 1 to 1000"),
        (("sessions", "--limit", "0"), "limit"),
        (("log", "--last", "-1"), "--last"),
        (("log", "--after", "xx"), "token"),
        (("show", "last", "--at", "-1"), "a version is 0 or more"),
        (("serve", "--port", "65536"), "--port"),
        (("run", "hi", "--tools", "read_file"), "read_file wants --files-root FOLDER"),
        (("run", "hi", "--tools", "http_get"), "http_get wants --allow-http"),
    ],
)
def test_what_cannot_be_meant_exits_2_and_names_it(
    cli: CommandLine, arguments: tuple[str, ...], named: str
):
    done = cli(*arguments)

    assert (done.code, done.out) == (2, "")
    assert named in done.err
    assert len(done.err.splitlines()) == 1


def test_a_tool_that_there_is_not_is_told_with_the_nearest_one(cli: CommandLine, tmp_path: Path):
    model = script(tmp_path, "model", CALCULATION)

    done = cli("run", "hi", "--model", model, "--tools", "calculater")

    assert done.code == 2
    assert "did you mean calculator" in done.err
    assert "there are: calculator, now" in done.err


@pytest.mark.parametrize(
    ("arguments", "code"), [(("show", NOBODY), "not_found"), (("nonsense",), "usage")]
)
def test_an_error_is_json_where_json_was_asked_for(
    cli: CommandLine, arguments: tuple[str, ...], code: str
):
    assert json.loads(cli(*arguments, "--json").err)["code"] == code


def test_a_setting_that_there_is_not_is_refused(home: Path):
    misspelt = {"AGENT_RUNTIME_HOME": str(home), "AGENT_RUNTIME_PROT": "1"}

    done = CommandLine(misspelt)("sessions")

    assert done.code == 2
    assert "AGENT_RUNTIME_PORT" in done.err


def test_a_database_out_of_reach_fails_soon_and_in_one_line_that_says_what_to_run(home: Path):
    nowhere = {"AGENT_RUNTIME_DATABASE_URL": f"postgresql://x@/y?host={home}&port=1"}

    started = time.monotonic()
    done = CommandLine(nowhere)("sessions")

    assert time.monotonic() - started < SERVICE_WAIT_S
    assert done.code == 1
    assert len(done.err.splitlines()) == 1
    assert done.err.endswith("run `agent-runtime doctor`\n")


def test_a_run_that_breaks_leaves_a_cancelled_session_that_says_what_broke(
    cli: CommandLine, model: str
):
    patch = (
        "from service.effects import SessionEffects\n"
        "async def broken(*_): raise LookupError('a secret')\n"
        "SessionEffects.act = broken"
    )

    done = cli.changed(patch, "run", "hi", "--model", model, "--tools", "calculator", "--json")

    assert done.code == 1
    (shown,) = cli("show", done.lines[0]["stream"], "--json").lines
    assert shown["status"] == "cancelled"
    assert "LookupError" in shown["detail"] or "ExceptionGroup" in shown["detail"]
    assert "secret" not in shown["detail"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_leaves_a_cancelled_session(
    cli: CommandLine, tmp_path: Path, number: signal.Signals, code: int
):
    model = script(tmp_path, "slow", [{**CALCULATION[0], "delay_s": 600}])
    with cli.started("run", "hi", "--model", model, "--tools", "calculator", "--json") as running:
        started = next_line(running.stdout)
        running.send_signal(number)
        assert running.wait(timeout=60) == code

    session = started["stream"].removeprefix("session-")
    shown = cli("show", session, "--json").lines[0]
    assert shown["status"] == "cancelled"
    assert shown["version"] in (2, 3)  # Memory may have been asked when the signal came.
    assert shown["steps"] == 0
    assert cli("replay", session, "--verify").code == 0


def test_a_reader_that_goes_away_ends_the_command_quietly(cli: CommandLine, tmp_path: Path):
    model = script(tmp_path, "model", CALCULATION)
    with cli.started("run", "hi", "--model", model, "--tools", "calculator", "--json") as running:
        assert running.stdout is not None
        running.stdout.close()
        assert running.wait(timeout=60) == 141
        assert running.stderr is not None
        assert "Traceback" not in running.stderr.read()


def test_psql_is_handed_its_arguments_and_its_exit_code_is_ours(cli: CommandLine):
    done = cli("psql", "-Atc", "select 17 * 23")

    assert (done.code, done.out) == (0, "391\n")
    assert cli("psql", "-v", "ON_ERROR_STOP=1", "-c", "select nonsense").code == 1


def test_psql_is_for_looking(cli: CommandLine):
    done = cli("psql", "-c", "delete from eventlog.events")

    assert done.code == 1
    assert "read-only" in done.err


def test_doctor_finds_nothing_wrong_where_nothing_is(cli: CommandLine):
    done = cli("doctor", "--json")

    assert done.code == 0
    assert {finding["ok"] for finding in done.lines} == {True}


def test_read_models_are_listed_and_rebuilt(cli: CommandLine, tmp_path: Path):
    cli("run", "hi", "--model", script(tmp_path, "model", CALCULATION), "--tools", "calculator")
    before = cli("sessions", "--json").out

    assert cli("projections", "rebuild", "sessions").code == 0

    assert cli("sessions", "--json").out == before
    assert {"changes", "erasures", "graph", "memory", "sessions", "steps"} == {
        row["projection"] for row in cli("projections", "--json").lines
    }


def test_read_models_that_lost_their_rows_are_told_from_a_log_without_sessions(
    cli: CommandLine, model: str
):
    cli("run", "hi", "--model", model, "--tools", "calculator")
    cli("sessions")
    assert cli.python(LOSE_SESSIONS).code == 0

    assert "agent-runtime projections rebuild sessions" in cli("sessions").err

    assert cli("projections", "rebuild", "sessions").code == 0
    assert cli("sessions").err == ""


@pytest.mark.parametrize(
    "command",
    [
        *("run", "sessions", "show", "replay", "log", "projections"),
        *("migrate", "psql", "doctor", "serve", "bench"),
    ],
)
def test_the_help_of_each_command_shows_an_example(cli: CommandLine, command: str):
    done = cli(command, "--help")

    assert done.code == 0
    assert "Example:" in done.out
    assert f"agent-runtime {command}" in done.out
