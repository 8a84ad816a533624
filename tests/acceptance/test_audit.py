"""The audit on the command line: shown, compared, forked, traced, proved, and taken away."""

from pathlib import Path

import pytest

from tests.command_line import CommandLine, script

SAYS = (
    {"text": 'Thought: I note it.\nAction: remember {"content": "Ana likes tea."}\n'},
    {"text": 'Thought: I look.\nAction: recall {"query": "tea"}\n'},
    {"text": "Thought: I know.\nFINAL_ANSWER: tea"},
)
OTHERWISE = (
    {"text": "Thought: I know better.\nFINAL_ANSWER: milk"},
    {"text": "Thought: I know better.\nFINAL_ANSWER: milk"},
    {"text": "Thought: I know better.\nFINAL_ANSWER: milk"},
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("models")
    return script(folder, "says", SAYS), script(folder, "otherwise", OTHERWISE)


@pytest.fixture(scope="module")
def session(cli: CommandLine, models: tuple[str, str]) -> str:
    """What an agent of its own did."""
    cli("memory", "audited", "remember", "Ana is 40.")
    asked = ("What does Ana like?", "--agent", "audited", "--model", models[0])
    run = cli("run", *asked, "--tools", "remember,recall", "--json")
    return str(run.lines[-1]["id"])


@pytest.fixture(scope="module")
def fork(cli: CommandLine, session: str, models: tuple[str, str]) -> str:
    """Another future of it, from behind its first observation."""
    changes = ("--model", models[1], "--system-prompt", "Be brief.")
    done = cli("fork", session, "--at", "5", *changes, "--json")
    assert done.code == 0, done.err
    return str(done.lines[-1]["id"])


def test_a_step_is_shown_with_the_whole_mind_that_it_stood_on(cli: CommandLine, session: str):
    shown = cli("show", session, "--at", "8")
    told = cli("show", session, "--at", "8", "--json").lines[0]

    assert "recalled from memory at version 3" in shown.out
    assert "words=" in shown.out
    assert "memory at version 3: 2 episodes, 0 facts" in shown.out
    assert (told["mind"]["memory"]["version"], told["mind"]["memory"]["episodes"]) == (3, 2)
    assert told["recalled"]["items"][0]["content"] == "Ana likes tea."


def test_a_fork_has_its_parents_past_and_its_own_end(cli: CommandLine, session: str, fork: str):
    shown = cli("show", fork).out
    compared = cli("diff", session, fork, "--json")

    assert f"from session {session} at version 5 with another model, system_prompt" in shown
    assert cli("replay", fork, "--verify").code == 0
    assert compared.code == 4
    assert compared.lines[0]["parts_at"] == {
        "step": 2,
        "differs": ["thought", "action", "observation"],
    }
    assert (compared.lines[0]["left"]["answer"], compared.lines[0]["right"]["answer"]) == (
        "tea",
        "milk",
    )


def test_a_session_is_like_itself(cli: CommandLine, session: str):
    assert cli("diff", session, session).code == 0


def test_what_if_the_model_were_another_is_told_and_written_nowhere(
    cli: CommandLine, session: str, models: tuple[str, str]
):
    before = len(cli("log", "--json").lines)

    done = cli("whatif", session, "--model", models[1])

    assert done.code == 4
    assert "parts at step 1" in done.out
    assert len(cli("log", "--json").lines) == before


def test_everything_is_verified_at_once(cli: CommandLine, session: str, fork: str):
    done = cli("verify", "--agent", "audited", "--json")

    assert done.code == 0
    assert {session, fork} <= {line.get("session") for line in done.lines}
    assert done.lines[-1]["summary"]["different"] == 0


def test_the_audit_of_the_past_needs_nothing_that_could_ask_a_model(
    cli: CommandLine, session: str, fork: str, tmp_path: Path
):
    bundle = str(tmp_path / "audited.bundle")
    nowhere = CommandLine({"AGENT_RUNTIME_HOME": str(tmp_path / "nowhere")})

    traced = cli.unplugged("provenance", f"{fork}@6", "--json")
    assert cli.unplugged("verify", session, fork).code == 0
    assert cli.unplugged("diff", session, fork).code == 4
    assert cli.unplugged("export", "--agent", "audited", "--to", bundle).code == 0
    replayed = nowhere.unplugged("replay", fork, "--bundle", bundle, "--verify")

    assert replayed.code == 0, replayed.err
    assert "verified" in replayed.out
    assert not (tmp_path / "nowhere").exists()
    assert {"stream": "memory-audited", "version": 1}.items() <= traced.lines[0]["events"][
        0
    ].items()
    assert cli("import", bundle).code == 1
    assert cli("export", "--to", bundle).code == 2


def test_what_is_not_there_is_told_in_a_line(cli: CommandLine, session: str, tmp_path: Path):
    for code, arguments in [
        (2, ("fork", session, "--at", "-1")),
        (3, ("export", "--agent", "nosuch", "--to", str(tmp_path / "none.bundle"))),
        (3, ("verify", "--agent", "nosuch")),
    ]:
        told = cli(*arguments)
        assert (told.code, told.err.count("\n")) == (code, 1), told.err
    assert not (tmp_path / "none.bundle").exists()


def test_another_prompt_that_leads_to_the_same_is_no_difference(cli: CommandLine, session: str):
    told = cli("whatif", session, "--system-prompt", "Be brief.")
    assert (told.code, "the same steps" in told.out) == (0, True), told.err
