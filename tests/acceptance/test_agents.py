"""`agents`: definitions, which sessions begin with, and who there is."""

import json
from pathlib import Path

from tests.command_line import CALCULATION, CommandLine, script


def definition(folder: Path, **said: object) -> str:
    file = folder / "agent.json"
    file.write_text(json.dumps(said))
    return str(file)


def test_an_agent_is_defined_in_versions_and_each_can_be_shown(cli: CommandLine, tmp_path: Path):
    first = definition(tmp_path, model="scripted:x", tools=["calculator"], max_iterations=3)
    assert cli("agents", "define", "defined-1", "--file", first).code == 0
    again = cli("agents", "define", "defined-1", "--file", first, "--json")
    assert again.lines[0]["version"] == 1

    second = definition(tmp_path, model="scripted:y", memory={"capacity": 7})
    assert "version 2" in cli("agents", "define", "defined-1", "--file", second).err

    now = cli("agents", "show", "defined-1", "--json").lines[0]
    before = cli("agents", "show", "defined-1", "--version", "1", "--json").lines[0]
    assert (now["version"], now["model"], now["memory"]["capacity"]) == (2, "scripted:y", 7)
    assert (before["tools"], before["limits"]["max_iterations"]) == (["calculator"], 3)
    assert "memory.capacity" in cli("agents", "show", "defined-1").out


def test_a_session_begins_with_what_its_agent_is_defined_as(cli: CommandLine, tmp_path: Path):
    model = script(tmp_path, "model", CALCULATION)
    file = definition(tmp_path, model=model, tools=["calculator"], system_prompt="Be brief.")
    cli("agents", "define", "defined-2", "--file", file)

    run = cli("run", "What is 17*23?", "--agent", "defined-2", "--json")

    started = run.lines[0]["data"]
    assert (run.code, run.lines[-1]["answer"]) == (0, "391")
    assert (started["model"], started["system_prompt"]) == (model, "Be brief.")
    assert [tool["name"] for tool in started["tools"]] == ["calculator"]
    assert started["definition"] == 1

    brief = cli(
        *("run", "What is 17*23?", "--agent", "defined-2", "--json"),
        *("--max-iterations", "1", "--system-prompt", "Else."),
    )
    assert brief.lines[0]["data"]["system_prompt"] == "Else."
    assert brief.lines[0]["data"]["limits"]["max_iterations"] == 1


def test_what_is_no_definition_is_refused_by_its_field(cli: CommandLine, tmp_path: Path):
    for said, field in (
        ({"model": "nonsense"}, "model"),
        ({"model": "scripted:x", "memory": {"capacity": 0}}, "memory.capacity"),
        ({"model": "scripted:x", "memory": {"half_life_hours": -1}}, "memory.half_life_hours"),
        ({"model": "scripted:x", "memory": {"recall": "newest"}}, "memory.recall.policy"),
        ({"model": "scripted:x", "surprise": 1}, "surprise"),
        ({}, "model"),
    ):
        file = definition(tmp_path, **said)
        done = cli("agents", "define", "defined-3", "--file", file, "--json")
        assert (done.code, json.loads(done.err)["field"]) == (2, field)
    (tmp_path / "agent.json").write_text("{")
    assert cli("agents", "define", "defined-3", "--file", file).code == 2
    assert cli("agents", "show", "defined-3").code == 3


def test_agents_are_listed_with_how_much_of_them_there_is(cli: CommandLine, tmp_path: Path):
    file = definition(tmp_path, model=script(tmp_path, "model", CALCULATION))
    cli("agents", "define", "defined-4", "--file", file)
    cli("run", "What is 17*23?", "--agent", "defined-4", "--tools", "calculator")
    for value in ("red", "blue"):
        cli("memory", "defined-4", "store", "colour", value)

    listed = {line["id"]: line for line in cli("agents", "--json").lines}

    assert listed["defined-4"]["definitions"] == 1
    assert listed["defined-4"]["sessions"] == 1
    assert listed["defined-4"]["memories"] == 1
    assert "defined-4" in cli("agents").out
