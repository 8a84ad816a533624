"""A word to a session from the command line: approve, reject, pause, cancel, reconcile."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import CALCULATION, CommandLine, script

CALL = "1.0"


@pytest.fixture
def waiting(cli: CommandLine, tmp_path: Path) -> dict[str, Any]:
    """A session that waits for a word about its first call."""
    model = script(tmp_path, "waits", CALCULATION)
    file = tmp_path / "agent.json"
    said = {"model": model, "tools": ["calculator"], "approve": ["calculator"]}
    file.write_text(json.dumps(said))
    assert cli("agents", "define", "careful", "--file", str(file)).code == 0
    run = cli("run", "What is 17*23?", "--agent", "careful", "--json")
    assert (run.code, run.lines[-1]["status"]) == (1, "waiting")
    found: dict[str, Any] = run.lines[-1]
    return found


def test_a_session_that_waits_shows_what_for_and_is_listed_so(
    cli: CommandLine, waiting: dict[str, Any]
):
    shown = cli("show", waiting["id"])
    assert 'approve?     1.0 calculator {"expression":"17*23"}' in shown.out
    assert "waits" in shown.out
    listed = {line["id"]: line for line in cli("sessions", "--json").lines}
    assert listed[waiting["id"]]["status"] == "waiting"


def test_a_call_is_approved_with_other_arguments_once(cli: CommandLine, waiting: dict[str, Any]):
    session = waiting["id"]
    edited = ("--arguments", '{"expression": "2*2"}', "--reason", "simpler")
    said = cli("approve", session, CALL, *edited)
    assert (said.code, "can go on. Next: agent-runtime resume" in said.err) == (0, True)
    again = cli("approve", session, CALL, *edited, "--json").lines[0]
    assert again["version"] == waiting["version"] + 1
    other = cli("reject", session, CALL, "--json")
    assert (other.code, json.loads(other.err)["code"]) == (1, "wrong_status")
    assert 'approved     1.0, with {"expression":"2*2"}: simpler' in cli("show", session).out
    assert cli("replay", session, "--verify").code == 0


def test_a_call_is_rejected_and_the_model_is_to_be_told_why(
    cli: CommandLine, waiting: dict[str, Any]
):
    session = waiting["id"]
    assert cli("reject", session, CALL, "--reason", "too simple").code == 0
    (turn,) = cli("show", session, "--json").lines[0]["turns"]
    assert json.loads(turn["returns"][0]["observation"]) == {
        "ok": False,
        "error": "not approved: too simple",
        "kind": "blocked",
    }
    assert cli("replay", session, "--verify").code == 0


def test_a_session_is_paused_and_cancelled(cli: CommandLine, waiting: dict[str, Any]):
    session = waiting["id"]
    paused = cli("pause", session, "--reason", "noon")
    assert (paused.code, "is paused. Next: agent-runtime resume" in paused.err) == (0, True)
    state = cli("cancel", session, "--reason", "enough", "--json").lines[0]
    assert (state["status"], state["detail"]) == ("cancelled", "enough")
    assert cli("pause", session).code == 1
    assert cli("replay", session, "--verify").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (("approve", "9.0"), 3, "no call '9.0'"),
        (("approve", CALL, "--arguments", "7"), 2, "--arguments"),
        (("approve", CALL, "--arguments", "{"), 2, "--arguments"),
        (("approve", CALL, "--arguments", "@/nowhere"), 2, "/nowhere"),
        (("reconcile", CALL, "happened"), 1, "every call is known"),
        (("reconcile", CALL, "perhaps"), 2, "perhaps"),
        (("cancel", "--reason", "x" * 2001), 2, "reason"),
    ],
)
def test_what_can_not_be_said_is_told_in_a_line(
    cli: CommandLine, waiting: dict[str, Any], arguments: tuple[str, ...], code: int, named: str
):
    command, *rest = arguments
    done = cli(command, waiting["id"], *rest)
    assert (done.code, done.out) == (code, "")
    assert named in done.err


def test_only_tools_that_are_offered_can_be_approved(cli: CommandLine, tmp_path: Path):
    file = tmp_path / "agent.json"
    file.write_text(json.dumps({"model": "scripted:x", "tools": [], "approve": ["pay"]}))
    done = cli("agents", "define", "careless", "--file", str(file))
    assert (done.code, "approve: pay: is not among the tools" in done.err) == (2, True)


def test_a_session_that_has_spent_its_budget_pauses_and_is_given_more(
    cli: CommandLine, tmp_path: Path
):
    model = script(tmp_path, "spends", CALCULATION)
    file = tmp_path / "agent.json"
    said = {"model": model, "tools": ["calculator"], "budget": {"steps": 1}}
    file.write_text(json.dumps(said))
    cli("agents", "define", "thrifty", "--file", str(file))
    run = cli("run", "What is 17*23?", "--agent", "thrifty", "--json").lines[-1]
    assert (run["status"], run["cause"], run["detail"]) == (
        *("paused", "budget_reached", "1 of 1 steps are spent"),
    )
    shown = cli("show", run["id"])
    assert "budget       1 of 1 steps" in shown.out

    raised = cli("budget", run["id"], "--steps", "3", "--reason", "go on")

    assert (raised.code, "Next: agent-runtime resume" in raised.err) == (0, True)
    assert "may spend    3 steps: go on" in cli("show", run["id"]).out
    assert cli("replay", run["id"], "--verify").code == 0
    less = cli("budget", run["id"], "--steps", "2")
    assert (less.code, "--steps" in less.err) == (2, True)
    assert cli("budget", run["id"]).code == 2
