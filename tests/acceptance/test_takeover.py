"""Sessions outlive the process that began them: another one goes on from where they stand."""

import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import CommandLine, next_line, script

THINKING: Mapping[str, Any] = {
    "text": 'Thought: On.\nAction: calculator {"expression": "1+1"}\n',
    "delay_s": 0.05,
}
SLOW: Mapping[str, Any] = {**THINKING, "delay_s": 60}
ANSWER: Mapping[str, Any] = {"text": "FINAL_ANSWER: 2"}


@pytest.fixture
def quick(home: Path) -> CommandLine:
    """Processes that are given up after three seconds of silence."""
    settings = {"HOME": str(home), "PORT": "0", "LEASE_S": "3", "EMBEDDER": "none"}
    return CommandLine({f"AGENT_RUNTIME_{name}": text for name, text in settings.items()})


def killed(cli: CommandLine, model: str, seen: int, *options: str) -> str:
    """The session of a run that was killed after *seen* events."""
    options = options or ("--tools", "calculator")
    with cli.started("run", "Go on.", "--model", model, *options, "--json") as run:
        told = [next_line(run.stdout) for _ in range(seen)]
        run.send_signal(signal.SIGKILL)
        run.wait(timeout=30)
    session: str = told[0]["stream"]
    return session.removeprefix("session-")


def once_free(cli: CommandLine, *arguments: str) -> list[Any]:
    """What a command tells as soon as nobody holds the session any more."""
    began_s = time.monotonic()
    while (done := cli(*arguments)).code != 0:
        assert "is driven by another process" in done.err, done.err
        assert time.monotonic() < began_s + 30
    return done.lines


def at_rest(cli: CommandLine, session: str) -> Any:
    """The session, as soon as it runs no more."""
    began_s = time.monotonic()
    while (shown := cli("show", session, "--json").lines[0])["status"] == "running":
        assert time.monotonic() < began_s + 30
    return shown


def types(cli: CommandLine, session: str) -> list[str]:
    query = f"select type from eventlog.events where stream = 'session-{session}' order by version"
    return cli("psql", "-At", "-c", query).out.split()


def test_a_service_goes_on_with_what_a_killed_process_left(quick: CommandLine, tmp_path: Path):
    session = killed(quick, script(tmp_path, "model", [THINKING] * 6 + [ANSWER]), 7)

    with quick.started("serve", "--json") as service:
        next_line(service.stdout)
        shown = at_rest(quick, session)
        stop(service)

    assert (shown["status"], shown["answer"]) == ("completed", "2")
    assert types(quick, session).count("session_resumed") >= 1
    assert types(quick, session).count("completion_received") == 7
    assert quick("replay", session, "--verify").code == 0


def test_a_person_goes_on_with_it_and_sees_only_what_is_new(quick: CommandLine, tmp_path: Path):
    session = killed(quick, script(tmp_path, "model", [THINKING] * 6 + [ANSWER]), 7)
    before = len(types(quick, session))

    *told, last = once_free(quick, "resume", session, "--reason", "it was killed", "--json")

    assert told[0]["type"] == "session_resumed"
    assert told[0]["data"]["reason"] == "it was killed"
    assert (told[0]["version"], last["answer"]) == (before + 1, "2")
    assert quick("replay", session, "--verify").code == 0


def test_what_is_driven_or_has_ended_or_is_not_there_cannot_be_resumed(
    cli: CommandLine, tmp_path: Path
):
    model = script(tmp_path, "slow", [SLOW])
    with cli.started("run", "Wait.", "--model", model, "--json") as run:
        session = next_line(run.stdout)["stream"].removeprefix("session-")
        done = cli("resume", session)
        assert done.code == 1
        assert f"session {session} is driven by another process, at least until 20" in done.err
        run.send_signal(signal.SIGINT)
        run.wait(timeout=30)

    done = cli("resume", session)
    assert (done.code, "is cancelled: it can't go on" in done.err) == (1, True)
    assert cli("resume", "0198c0de-7a4e-7f3a-8000-3b1c5d9e2f40").code == 3


def test_a_paused_session_goes_on_when_somebody_says_so(cli: CommandLine, tmp_path: Path):
    overloaded = {"error": {"status": 529, "retry_after_s": 3600}}
    model = script(tmp_path, "model", [overloaded])
    run = cli("run", "Go on.", "--model", model, "--json")
    session = run.lines[-1]["id"]
    assert run.lines[-1]["status"] == "paused"

    script(tmp_path, "model", [ANSWER])
    told = cli("resume", session)

    assert told.code == 0
    assert "resumed" in told.out
    assert types(cli, session)[-3:] == [
        *("session_resumed", "completion_received", "session_completed")
    ]
    assert cli("replay", session, "--verify").code == 0


def test_a_service_that_stops_hands_its_sessions_on(quick: CommandLine, tmp_path: Path):
    model = script(tmp_path, "model", [THINKING] * 3 + [SLOW, ANSWER])
    session = killed(quick, model, 4)
    with quick.started("serve", "--json") as service:
        next_line(service.stdout)
        taken(quick, session)
        stop(service)
    script(tmp_path, "model", [THINKING] * 3 + [ANSWER])

    told = quick("resume", session, "--json")

    assert told.code == 0, told.err
    assert told.lines[-1]["status"] == "completed"


def test_a_service_that_stops_leaves_running_sessions_to_another_at_once(
    quick: CommandLine, tmp_path: Path
):
    slow = {**THINKING, "delay_s": 1.5}  # Long enough for another service to start meanwhile.
    session = killed(quick, script(tmp_path, "model", [slow] * 6 + [ANSWER]), 4)
    with quick.started("serve", "--json") as first:
        next_line(first.stdout)
        taken(quick, session)
        with quick.started("serve", "--json") as second:
            next_line(second.stdout)
            began_s = time.monotonic()
            stop(first)
            assert time.monotonic() < began_s + 10  # The move under way ends; nobody is cut off.
            shown = at_rest(quick, session)
            stop(second)

    assert (shown["status"], shown["answer"]) == ("completed", "2")
    assert types(quick, session).count("session_resumed") == 2
    assert types(quick, session).count("completion_received") == 7
    assert quick("replay", session, "--verify").code == 0


def test_what_a_service_cannot_go_on_with_waits_for_who_can(quick: CommandLine, tmp_path: Path):
    model = script(tmp_path, "model", [THINKING] * 3 + [ANSWER])
    (tmp_path / "files").mkdir()
    root = ("--files-root", str(tmp_path / "files"))
    session = killed(quick, model, 3, "--tools", "read_file,calculator", *root)

    with quick.started("serve", "--json") as service:
        next_line(service.stdout)
        free(quick, session)
        stop(service)

    assert "session_resumed" not in types(quick, session)
    told = quick("resume", session, *root, "--json")
    assert told.code == 0, told.err
    assert told.lines[-1]["status"] == "completed"


def free(cli: CommandLine, session: str) -> None:
    """Return when nobody has the session, nor is anybody asked to take it."""
    query = f"select count(*) from ops.leases where session_id = '{session}'"
    began_s = time.monotonic()
    while cli("psql", "-At", "-c", query).out.strip() != "0":
        assert time.monotonic() < began_s + 30


def taken(cli: CommandLine, session: str) -> None:
    """Return when somebody has taken the session over."""
    began_s = time.monotonic()
    while "session_resumed" not in types(cli, session):
        assert time.monotonic() < began_s + 30


def stop(service: "subprocess.Popen[str]") -> None:
    service.send_signal(signal.SIGTERM)
    assert service.wait(timeout=60) == 0
