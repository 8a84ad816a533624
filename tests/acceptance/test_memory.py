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
    lasting = ("--policy", "importance", "--min-score", "0.5")
    (best,) = house("memory", "house", "search", *lasting, "--json").lines
    assert [item["content"] for item in best["items"]] == ["Ana moved to Graz in May."]
    by_tag = house("memory", "house", "search", "--tag", "ana", "--json").lines[0]
    assert [item["content"] for item in by_tag["items"]] == ["Ana moved to Graz in May."]


def test_what_was_asked_before_is_found_without_opening_an_embedder(house: CommandLine):
    for _ in range(10):  # On a busy machine the first may be by words alone.
        if house("memory", "house", "search", "who moved", "--json").lines[0]["space"]:
            break
    found = house.unplugged("memory", "house", "search", "who moved", "--json")
    assert found.code == 0, found.err
    assert found.lines[0]["space"]


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


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("search", "x", "--since", "someday"), "--since"),
        (("search", "x", "--until", "2026-01-01"), "--until"),
        (("search", "x", "--kind", "fruit"), "--kind"),
        (("search", "x", "--policy", "newest"), "--policy"),
        (("search", "x", "--min-score", "nan"), "--min-score"),
        (("search", "x", "--as-of", "someday"), "--as-of"),
        (("remember", "x", "--at", "someday"), "--at"),
        (("remember", "x", "--tag", " "), "--tag"),
        (("remember", "x", "--expires-at", "someday"), "--expires-at"),
        (("store", " ", "x"), "KEY"),
        (("--as-of", "someday"), "--as-of"),
        (("--diff", "0", "someday"), "--diff"),
    ],
)
def test_what_was_typed_wrongly_is_named_as_it_was_typed(
    cli: CommandLine, arguments: tuple[str, ...], option: str
):
    done = cli("memory", "nobody", *arguments, "--json")
    assert (done.code, json.loads(done.err)["field"]) == (2, option)


def test_who_gives_an_option_too_little_is_sent_to_its_commands_help(cli: CommandLine):
    done = cli("memory", "nobody", "--diff", "1")
    assert done.code == 2
    assert "list --help`" in done.err
    told = cli("memory", "--help").out
    assert "--diff FROM TO" in told
    assert "--as-of" in told


def test_what_has_expired_is_marked(cli: CommandLine):
    cli("memory", "expires", "remember", "milk", "--expires-at", "2026-01-01T00:00:00Z")
    cli("memory", "expires", "remember", "wine", "--expires-at", "9000-01-01T00:00:00Z")
    cli("memory", "expires", "store", "bread", "stale", "--expires-at", "2026-01-01T00:00:00Z")
    told = cli("memory", "expires").out
    assert "(expired) milk" in told
    assert "(expired) stale" in told
    assert "(expired) wine" not in told
    found = cli("memory", "expires", "search", "milk wine bread", "--json").lines[0]
    assert [item["content"] for item in found["items"]] == ["wine"]


def test_an_empty_value_is_kept_and_what_else_may_be_meant_is_told(cli: CommandLine):
    done = cli("memory", "empty", "store", "colour", "")
    assert (done.code, "memory empty remove colour" in done.err) == (0, True)
    assert "(empty)" in cli("memory", "empty").out


def test_who_forgets_what_is_gone_is_told_why_it_went(cli: CommandLine):
    episode = cli("memory", "gone", "remember", "wrong", "--json").lines[0]["id"]
    assert cli("memory", "gone", "forget", episode[-8:], "--reason", "not true").code == 0
    for name in (episode, episode[-8:]):
        for action in ("forget", "pin"):
            done = cli("memory", "gone", action, name)
            assert (done.code, "forgotten at version 2" in done.err) == (3, True)
            assert "not true" in done.err


def test_a_memory_that_holds_nothing_is_not_moved(cli: CommandLine):
    done = cli("memory", "never-was", "reembed")
    assert (done.code, "remembers nothing" in done.err) == (0, True)
    assert "never-was" not in cli("agents").out


def test_a_step_of_a_session_shows_its_own_notes_as_they_were(cli: CommandLine, tmp_path: Path):
    note = {"key": "plan", "value": "ask Bob first"}
    model = script(
        tmp_path,
        "noter",
        [{"tool_calls": [{"name": "note", "arguments": note}]}, {"text": "Noted."}],
    )
    run = cli("run", "Note it.", "--agent", "notes", "--model", model, "--tools", "note", "--json")
    last = run.lines[-1]["version"]
    then, told = (
        cli("memory", "notes", "--as-of", f"last@{last}", *how) for how in (["--json"], [])
    )
    assert then.lines[0]["notes"] == [note]
    assert "ask Bob first" in told.out
    before = cli("memory", "notes", "--as-of", "last@1", "--json").lines[0]
    assert before["notes"] == []


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
