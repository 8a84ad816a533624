"""`run`, then what `sessions`, `show`, `replay` and `log` tell of it."""

from pathlib import Path

import pytest

from tests.command_line import CALCULATION, CommandLine, next_line, script

QUESTION = "What is 17*23?"


def test_a_session_is_told_step_by_step_and_ends_with_what_to_type_next(
    cli: CommandLine, calculation: str
):
    done = cli("run", QUESTION, "--model", calculation, "--tools", "calculator")

    assert done.code == 0
    said = ["task", "thought", "action", "observation", "answer", "agent-runtime replay"]
    places = [done.out.index(word) for word in said]
    assert places == sorted(places)
    assert 'calculator {"expression":"17*23"}' in done.out
    assert "completed after 2 steps" in done.out


def test_a_run_can_be_shown_and_replayed_without_any_model(cli: CommandLine, calculation: str):
    run = cli("run", QUESTION, "--model", calculation, "--tools", "calculator", "--json")
    *events, session = run.lines
    assert [event["version"] for event in events] == list(range(1, session["version"] + 1))
    assert session["answer"] == "391"

    shown = cli.unplugged("show", session["id"], "--json")
    replayed = cli.unplugged("replay", session["id"], "--verify", "--json")

    assert shown.lines[0]["usage"] == session["usage"]
    assert shown.lines[0]["prompt"][-1] != shown.lines[0]["prompt"][0]
    assert (replayed.code, replayed.lines[-1]["verified"]) == (0, True)
    assert [line["version"] for line in replayed.lines[:-1]] == [e["version"] for e in events]


def test_the_log_holds_what_run_has_printed(cli: CommandLine, model: str):
    run = cli("run", QUESTION, "--model", model, "--tools", "calculator", "--json")

    logged = cli("log", "--last", str(len(run.lines) - 1), "--json")

    assert logged.lines == run.lines[:-1]


def test_a_reader_of_the_log_goes_on_behind_a_token(cli: CommandLine, model: str):
    cli("run", QUESTION, "--model", model, "--tools", "calculator")
    one_before, last = cli("log", "--last", "2", "--json").lines

    assert cli("log", "--after", one_before["position"], "--json").lines == [last]
    assert cli("log", "--after", "nonsense").code == 2


def test_the_log_is_followed_from_one_process_while_another_writes(cli: CommandLine, model: str):
    options = ("--model", model, "--tools", "calculator", "--json")
    cli("run", QUESTION, *options)
    one_before, last = cli("log", "--last", "2", "--json").lines
    with cli.started("log", "--follow", "--after", one_before["position"], "--json") as following:
        assert next_line(following.stdout) == last
        run = cli("run", QUESTION, *options)
        heard = [next_line(following.stdout) for _ in run.lines[:-1]]
        following.terminate()
        assert following.wait(timeout=30) == 143

    assert [event["id"] for event in heard] == [event["id"] for event in run.lines[:-1]]


def test_a_session_is_found_by_either_end_of_its_id_and_as_the_last(cli: CommandLine, model: str):
    run = cli("run", QUESTION, "--model", model, "--tools", "calculator", "--json")
    session = run.lines[-1]["id"]

    names = ["last", session, session[-8:], session[:23], session.upper()]
    shown = [cli("show", name, "--json") for name in names]

    assert {done.lines[0]["id"] for done in shown} == {session}
    assert cli("sessions", "--limit", "1", "--json").lines[0]["id"] == session


def test_a_session_is_shown_as_it_was_at_any_version(cli: CommandLine, calculation: str):
    run = cli("run", QUESTION, "--model", calculation, "--tools", "calculator", "--json")
    session = run.lines[-1]["id"]

    at_3 = cli("show", session, "--at", "3", "--json").lines[0]

    assert (at_3["version"], at_3["status"], at_3["answer"]) == (3, "running", None)
    assert "running" in cli("show", session, "--at", "3").out
    assert cli("replay", session, "--at", "3", "--verify").code == 0


def test_a_run_that_ends_without_an_answer_fails_and_says_why(cli: CommandLine, tmp_path: Path):
    model = script(tmp_path, "endless", [CALCULATION[0]] * 2)

    options = ("--model", model, "--tools", "calculator", "--max-iterations", "2", "--json")
    run = cli("run", QUESTION, *options)

    assert run.code == 1
    assert (run.lines[-1]["status"], run.lines[-1]["cause"]) == ("failed", "out_of_steps")
    assert cli("replay", run.lines[-1]["id"], "--verify").code == 0


def test_files_are_read_below_the_root_that_was_given_and_nowhere_else(
    cli: CommandLine, tmp_path: Path
):
    root = tmp_path / "root"
    root.mkdir()
    (root / "note.txt").write_text("inside")
    (tmp_path / "secret.txt").write_text("outside")
    turns = [
        {"tool_calls": [{"name": "read_file", "arguments": {"path": path}}]}
        for path in ("note.txt", "../secret.txt")
    ]
    model = script(tmp_path, "reads", [*turns, {"text": "done"}])

    options = ("--model", model, "--tools", "read_file", "--files-root", str(root), "--json")
    run = cli("run", "Read.", *options)

    observed = [e["data"] for e in run.lines[:-1] if e["type"] == "tool_returned"]
    assert [back["ok"] for back in observed] == [True, False]
    assert "inside" in observed[0]["observation"]
    assert "outside" not in observed[1]["observation"]


@pytest.mark.model
@pytest.mark.timeout(300)
def test_the_small_model_calls_the_calculator_and_its_session_is_proven_without_it(
    cli: CommandLine,
):
    options = ("--model", "local:smollm2-135m", "--tools", "calculator", "--json")
    run = cli("run", QUESTION, *options)

    called = [event["data"] for event in run.lines[:-1] if event["type"] == "tool_called"]
    assert [call["tool"] for call in called] == ["calculator"]
    assert (run.code, run.lines[-1]["answer"]) == (0, "391")
    assert cli.unplugged("replay", run.lines[-1]["id"], "--verify").code == 0


def test_a_run_falls_back_and_says_upon_whom(cli: CommandLine, tmp_path: Path, model: str):
    refuses = script(tmp_path, "refuses", [{"error": {"status": 404}}])

    done = cli("run", QUESTION, "--model", refuses, "--fallback", model, "--tools", "calculator")

    assert done.code == 0
    assert f"fallback     {model} is asked from here on" in " ".join(done.out.split("\n"))
    shown = cli("show", "last")
    assert f"model        {model}" in shown.out
    assert cli("replay", "last", "--verify").code == 0
