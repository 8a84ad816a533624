"""`memory`: what an agent remembers, looked at, searched and changed from the command line."""

import json
from pathlib import Path

import pytest

from tests.command_line import CommandLine, script


@pytest.fixture(scope="module")
def house(cli: CommandLine) -> CommandLine:
    """An agent that remembers three episodes and a fact, in that order."""
    for content, importance, tag in (
        ("The front door is red.", "0.4", "door"),
        ("Ana moved to Graz in May.", "0.9", "ana"),
        ("The red car was sold.", "0.2", "car"),
    ):
        done = cli(
            *("memory", "house", "remember", content),
            *("--importance", importance, "--tag", tag),
        )
        assert (done.code, done.out) == (0, ""), done.err
    assert cli("memory", "house", "store", "colour", "red").code == 0
    return cli


def test_everything_is_listed_the_newest_first(house: CommandLine):
    (seen,) = house("memory", "house", "--json").lines

    contents = [episode["content"] for episode in seen["episodes"]]
    assert contents[0] == "The red car was sold."
    assert contents[-1] == "The front door is red."
    assert [(fact["key"], fact["value"]) for fact in seen["facts"]] == [("colour", "red")]
    told = house("memory", "house").out
    assert "3 episodes" in told
    assert "Ana moved to Graz" in told


def test_a_search_tells_each_score_and_what_it_is_made_of(house: CommandLine):
    found = house("memory", "house", "search", "red door", "--json").lines[0]

    assert found["items"][0]["content"] == "The front door is red."
    assert found["items"][0]["parts"]
    assert "score" in house("memory", "house", "search", "red door").out
    by_tag = house("memory", "house", "search", "--tag", "ana", "--json").lines[0]
    assert [item["content"] for item in by_tag["items"]] == ["Ana moved to Graz in May."]


def test_a_memory_is_looked_at_as_it_was(house: CommandLine):
    (first,) = house("memory", "house", "--as-of", "1", "--json").lines
    assert [episode["content"] for episode in first["episodes"]] == ["The front door is red."]
    assert (first["version"], first["facts"]) == (1, [])

    found = house("memory", "house", "search", "red", "--as-of", "1", "--json").lines[0]
    assert [item["content"] for item in found["items"]] == ["The front door is red."]

    nothing = house("memory", "house", "--as-of", "0")
    assert (nothing.code, "nothing at version 0" in nothing.err) == (0, True)


def test_what_changed_between_two_versions_is_told_with_the_reason(cli: CommandLine):
    first = cli("memory", "diffed", "remember", "wrong", "--json").lines[0]
    cli("memory", "diffed", "store", "colour", "red")
    before = str(cli("memory", "diffed", "--json").lines[0]["version"])
    cli("memory", "diffed", "store", "colour", "blue")
    cli("memory", "diffed", "forget", first["id"][-12:], "--reason", "not true")
    cli("memory", "diffed", "remember", "right")
    now = str(cli("memory", "diffed", "--json").lines[0]["version"])

    told = cli("memory", "diffed", "--diff", before, now, "--json").lines

    changes = {(line["kind"], line["what"]): line for line in told}
    assert changes["episode", "gone"]["why"] == "forgotten: not true"
    assert changes["episode", "added"]["after"] == "right"
    colour = changes["fact", "changed"]
    assert (colour["before"], colour["after"]) == ("red", "blue")
    assert "- episode" in cli("memory", "diffed", "--diff", before, now).out
    assert cli("memory", "diffed", "--diff", now, before).code == 2


def test_episodes_are_pinned_and_facts_removed_by_their_names(cli: CommandLine):
    episode = cli("memory", "pinned", "remember", "stay", "--json").lines[0]["id"]
    cli("memory", "pinned", "store", "key", "value")

    assert cli("memory", "pinned", "pin", episode[-8:]).code == 0
    (seen,) = cli("memory", "pinned", "--json").lines
    assert seen["episodes"][0]["pinned"] is True
    assert cli("memory", "pinned", "pin", episode[-8:], "--off").code == 0
    assert cli("memory", "pinned", "remove", "key").code == 0
    (seen,) = cli("memory", "pinned", "--json").lines
    assert (seen["episodes"][0]["pinned"], seen["facts"]) == (False, [])


def test_what_cannot_be_is_refused_and_nothing_is_appended(cli: CommandLine):
    before = cli("psql", "-Atc", "select count(*) from eventlog.events").out
    for arguments, code in (
        (("forget", "0123abcd"), 3),
        (("remove", "nothing"), 3),
        (("remember", "x", "--importance", "nan"), 2),
        (("remember", "x", "--tag", "x" * 10_240), 2),
        (("store", " ", "x"), 2),
        (("search", "x", "--limit", "0"), 2),
        (("--as-of", "someday"), 2),
    ):
        assert cli("memory", "nobody", *arguments).code == code, arguments
    assert cli("psql", "-Atc", "select count(*) from eventlog.events").out == before


def test_an_action_explains_itself_and_so_do_all_together(cli: CommandLine):
    assert "--expires-at" in cli("memory", "a-1", "remember", "--help").out
    for arguments in (("memory", "--help"), ("memory", "a-1", "--help")):
        assert "reembed" in cli(*arguments).out


def test_what_an_agent_remembers_it_is_told_in_its_next_session(cli: CommandLine, tmp_path: Path):
    remembers = {"content": "The safe opens with 4711.", "tags": ["safe"]}
    writer = script(
        tmp_path,
        "writer",
        [{"tool_calls": [{"name": "remember", "arguments": remembers}]}, {"text": "Done."}],
    )
    run = cli(
        "run", "Keep it.", "--agent", "recalls", "--model", writer, "--tools", "remember", "--json"
    )
    assert run.code == 0, run.err
    reader = script(tmp_path, "reader", [{"text": "4711"}])

    run = cli("run", "How does the safe open?", "--agent", "recalls", "--model", reader, "--json")

    (recalled,) = [line["data"] for line in run.lines[:-1] if line["type"] == "memory_recalled"]
    assert [item["content"] for item in recalled["items"]] == ["The safe opens with 4711."]
    shown = cli("show", "last", "--json").lines[0]
    assert "The safe opens with 4711." in json.dumps(shown["prompt"])
    assert cli.unplugged("replay", "last", "--verify").code == 0
    (seen,) = cli("memory", "recalls", "--json").lines
    assert seen["episodes"][0]["recall_count"] == 1
    (then,) = cli("memory", "recalls", "--as-of", "last@2", "--json").lines
    assert (then["version"], then["episodes"][0]["recall_count"]) == (recalled["version"], 0)
    elsewhere = cli(
        "run", "How does the safe open?", "--agent", "other", "--model", reader, "--json"
    )
    (recalled,) = [d["data"] for d in elsewhere.lines[:-1] if d["type"] == "memory_recalled"]
    assert "items" not in recalled


def test_a_session_without_memory_recalls_nothing(cli: CommandLine, tmp_path: Path):
    cli("memory", "forgetful", "remember", "The safe opens with 4711.")
    model = script(tmp_path, "model", [{"text": "No idea."}])
    run = cli("run", "The safe?", "--agent", "forgetful", "--model", model, "--no-memory", "--json")
    assert "memory_recalled" not in {line.get("type") for line in run.lines}
