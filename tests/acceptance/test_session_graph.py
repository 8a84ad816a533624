"""What an agent knows of its world: its sessions write it, and later ones are told."""

import json
from pathlib import Path
from typing import Any

from tests.command_line import CommandLine, script


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"tool_calls": [{"name": name, "arguments": arguments}]}


def test_what_one_session_relates_the_next_one_is_told_and_a_replay_needs_neither(
    cli: CommandLine, tmp_path: Path
):
    works = {"from": "Ana", "kind": "works at", "to": "Acme"}
    writes = [
        call("relate", **works),
        call("describe", id="Acme", label="firm", properties={"city": "Graz"}),
        call("path", **{"from": "Ana", "to": "acme"}),
        {"text": "Noted."},
    ]
    writer = script(tmp_path, "writer", writes)
    tools = "relate,describe,path"
    run = cli("run", "Note it.", "--agent", "knows", "--model", writer, "--tools", tools, "--json")
    assert run.code == 0, run.err
    returned = [
        json.loads(line["data"]["observation"])
        for line in run.lines[:-1]
        if line["type"] == "tool_returned"
    ]
    assert returned[0]["data"] == works | {"weight": 1.0, "created": ["Ana", "Acme"]}
    assert (returned[2]["kind"], "did you mean 'Acme'?" in returned[2]["error"]) == (
        "not_found",
        True,
    )
    definition = tmp_path / "agent.json"
    reader = script(tmp_path, "reader", [{"text": "In Graz."}])
    definition.write_text(json.dumps({"model": reader, "graph": {"max_tokens": 100}}))
    assert cli("agents", "define", "knows", "--file", str(definition)).code == 0

    run = cli("run", "Where does Ana work?", "--agent", "knows", "--no-memory", "--json")

    (recalled,) = [line["data"] for line in run.lines[:-1] if line["type"] == "graph_recalled"]
    assert [one["id"] for one in recalled["entities"]] == ["Ana", "Acme"]
    assert recalled["version"] == 4
    shown = cli("show", "last", "--json").lines[0]
    assert '"Acme", a "firm" {"city":"Graz"}' in "".join(
        segment["text"] for segment in shown["prompt"]
    )
    story = cli("show", "last").out
    assert "2 entities, 1 relationship at version 4" in story
    assert "Ana — works at → Acme" in story
    assert cli.unplugged("replay", "last", "--verify").code == 0
    (then,) = cli("graph", "knows", "--as-of", "last@2", "--json").lines
    assert then["version"] == 4


def test_a_session_without_a_graph_policy_is_told_nothing_of_it(cli: CommandLine, tmp_path: Path):
    model = script(tmp_path, "model", [{"text": "No idea."}])
    run = cli("run", "Where does Ana work?", "--agent", "knows", "--model", model, "--json")
    assert run.code == 0, run.err
    other = cli("run", "Where does Ana work?", "--agent", "knows-not", "--model", model, "--json")
    assert "graph_recalled" not in {line.get("type") for line in other.lines}


def test_what_was_recalled_of_memory_is_told_with_its_score_and_the_end_of_its_id(
    cli: CommandLine, tmp_path: Path
):
    cli("memory", "scored", "remember", "The safe opens with 4711.")
    model = script(tmp_path, "model", [{"text": "4711"}])
    run = cli("run", "How does the safe open?", "--agent", "scored", "--model", model, "--json")
    (recalled,) = [line["data"] for line in run.lines[:-1] if line["type"] == "memory_recalled"]
    (item,) = recalled["items"]
    story = cli("show", "last").out
    assert f"1 memory at version {recalled['version']}" in story
    assert f"…{item['id'][-8:]}  {item['score']:.3f}  The safe opens with 4711." in story
