"""`graph`: what an agent knows of things, looked at, asked and changed from the command line."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.command_line import CommandLine

HOUSE: list[dict[str, Any]] = [
    {"id": "ana", "label": "person", "properties": {"name": "Ana Berg", "age": 41}},
    {"id": "bob", "label": "person"},
    {"id": "graz", "label": "city"},
    {"id": "vienna", "label": "city"},
    {"id": "pot", "label": "thing"},
    {"from": "ana", "to": "bob", "kind": "knows", "weight": 2.5},
    {"from": "bob", "to": "ana", "kind": "knows"},
    {"from": "ana", "to": "graz", "kind": "lives in"},
    {"from": "graz", "to": "vienna", "kind": "leads to", "weight": 200},
    {"from": "bob", "to": "vienna", "kind": "lives in", "weight": 1},
]


def lines(said: Iterable[object]) -> str:
    return "".join(json.dumps(one) + "\n" for one in said)


@pytest.fixture(scope="module")
def house(cli: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """An agent that knows of five things, imported from a file."""
    file = tmp_path_factory.mktemp("house") / "house.jsonl"
    file.write_text(lines(HOUSE))
    done = cli("graph", "flat", "import", str(file))
    assert (done.code, done.out) == (0, ""), done.err
    assert "10 lines: the graph of flat has gone from version 0 to 10." in done.err
    return cli


def test_everything_is_listed_in_the_order_of_ids(house: CommandLine):
    (seen,) = house("graph", "flat", "--json").lines

    assert [entity["id"] for entity in seen["entities"]] == ["ana", "bob", "graz", "pot", "vienna"]
    assert seen["entities"][0]["properties"] == {"name": "Ana Berg", "age": 41}
    assert {"from": "ana", "to": "bob", "kind": "knows", "weight": 2.5} in seen["relationships"]
    assert (seen["version"], seen["sizes"]["entities"], seen["sizes"]["relationships"]) == (
        10,
        5,
        5,
    )
    told = house("graph", "flat", "show").out
    assert "5 entities:" in told
    assert "Ana Berg" in told
    assert told == house("graph", "flat").out
    assert "and 3 more: see --limit" in house("graph", "flat", "--limit", "2").out


def test_labels_and_kinds_narrow_a_list(house: CommandLine):
    (seen,) = house("graph", "flat", "--label", "city", "--kind", "knows", "--json").lines

    assert [entity["id"] for entity in seen["entities"]] == ["graz", "vienna"]
    assert {one["kind"] for one in seen["relationships"]} == {"knows"}


def test_the_graph_is_looked_at_and_asked_as_it_was(house: CommandLine):
    (early,) = house("graph", "flat", "--as-of", "6", "--json").lines
    assert (early["version"], len(early["relationships"])) == (6, 1)

    (found,) = house("graph", "flat", "path", "bob", "graz", "--as-of", "8", "--json").lines
    assert (found["version"], found["result"]["path"]) == (8, ["bob", "ana", "graz"])
    (none,) = house("graph", "flat", "path", "bob", "graz", "--as-of", "6", "--json").lines
    assert (none["version"], none["result"]) == (6, None)
    assert "holds nothing at version 0" in house("graph", "flat", "--as-of", "0").err


def test_a_path_tells_its_steps_by_hops_or_by_weight(house: CommandLine):
    told = house("graph", "flat", "path", "ana", "vienna")
    assert "ana — knows → bob — lives in → vienna" in told.out
    assert "2 hops" in told.err

    (found,) = house("graph", "flat", "path", "ana", "vienna", "--weighted", "--json").lines
    assert (found["result"]["path"], found["result"]["total"]) == (["ana", "bob", "vienna"], 3.5)
    nowhere = house("graph", "flat", "path", "ana", "pot")
    assert (nowhere.code, "No way leads there." in nowhere.err) == (0, True)


def test_questions_about_the_whole_are_answered(house: CommandLine):
    (degree,) = house("graph", "flat", "central", "--json").lines
    assert degree["result"]["scores"][0] == {"id": "ana", "score": 0.75}
    assert "score" in house("graph", "flat", "central", "--betweenness").out
    estimated = house("graph", "flat", "central", "--betweenness", "--samples", "3")
    assert "estimated from 3 entities" in estimated.err

    (cycles,) = house("graph", "flat", "cycles", "--json").lines
    assert cycles["result"]["cycles"] == [["ana", "bob"]]
    assert "ana → bob → ana" in house("graph", "flat", "cycles").out
    (groups,) = house("graph", "flat", "communities", "--json").lines
    assert sum(len(group) for group in groups["result"]["communities"]) == 5
    assert "members" in house("graph", "flat", "communities").out


def test_what_stands_around_an_entity_is_a_list_or_a_tree(house: CommandLine):
    (near,) = house("graph", "flat", "neighbours", "ana", "--direction", "in", "--json").lines
    assert [one["id"] for one in near["result"]["neighbours"]] == ["bob"]
    assert "lives in" in house("graph", "flat", "neighbours", "ana").out

    tree = house("graph", "flat", "around", "ana", "--depth", "2").out.splitlines()
    assert tree[0].startswith("ana  person")
    assert any("knows → bob (2.5)  person" in line for line in tree)
    assert any("vienna" in line for line in tree)
    near = house("graph", "flat", "around", "ana", "--json").lines[0]
    assert [entity["id"] for entity in near["entities"]] == ["ana", "bob", "graz"]


def test_any_question_may_be_asked_as_json(house: CommandLine):
    bfs = json.dumps({"op": "bfs", "start": "bob"})
    (answer,) = house("graph", "flat", "query", bfs, "--json").lines
    reached = ["ana", "vienna", "graz"]
    assert answer == {"result": {"entities": reached, "complete": True}, "version": 10}
    assert house("graph", "flat", "query", bfs).out.split() == reached
    assert house("graph", "flat", "query", '{"op": "has_cycle"}').out == "yes\n"


def test_a_picture_shows_the_graph_and_says_what_is_left_out(house: CommandLine, tmp_path: Path):
    def texts(*arguments: str) -> set[str]:
        file = tmp_path / "house.svg"
        done = house("graph", "flat", *arguments, "--svg", str(file))
        assert (done.code, done.out) == (0, ""), done.err
        assert str(file) in done.err
        root = ET.parse(file).getroot()  # noqa: S314 - we have just drawn it.
        return {element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")}

    assert {"ana", "vienna", "pot", "person (2)", "lives in"} <= texts()
    assert "pot" not in texts("--as-of", "4")
    assert {"ana", "graz"} <= texts("around", "ana")
    assert "pot" not in texts("--kind", "knows", "--label", "person")
    left_out = texts("--limit", "2")
    assert any(text.startswith("2 entities") and "there are more" in text for text in left_out)
    (told,) = house(
        *("graph", "flat", "--svg", str(tmp_path / "again.svg"), "--limit", "2", "--json")
    ).lines
    assert (told["entities"], told["version"]) == (2, 10)


def test_what_changed_between_two_versions_is_told_with_the_reason(cli: CommandLine):
    for arguments in (
        ("add", "a", "thing"),
        ("add", "b", "thing"),
        ("relate", "a", "is", "b"),
        ("add", "a", "person", "--property", "age=41", "--property", "name=Ana", "--replace"),
        ("remove", "b", "--reason", "never was"),
    ):
        assert cli("graph", "diffed", *arguments).code == 0, arguments

    told = cli("graph", "diffed", "--diff", "3", "5", "--json").lines

    changes = {(line["kind"], line["what"]): line for line in told}
    assert "never was" in changes["entity", "gone"]["why"]
    assert ("relationship", "gone") in changes
    assert "41" in changes["entity", "changed"]["after"]
    assert "- entity" in cli("graph", "diffed", "--diff", "3", "5").out
    assert cli("graph", "diffed", "--diff", "5", "3").code == 2
    (seen,) = cli("graph", "diffed", "--json").lines
    assert seen["entities"] == [
        {"id": "a", "label": "person", "properties": {"age": 41, "name": "Ana"}}
    ]


def test_what_is_there_is_replaced_only_if_that_is_said(cli: CommandLine):
    assert cli("graph", "twice", "add", "a", "thing").code == 0
    again = cli("graph", "twice", "add", "a", "person")
    assert (again.code, "is there already" in again.err) == (1, True)
    assert cli("graph", "twice", "add", "a", "person", "--replace").code == 0
    assert cli("graph", "twice", "relate", "a", "is", "a").code == 0
    assert cli("graph", "twice", "relate", "a", "is", "a", "--weight", "2").code == 1
    assert cli("graph", "twice", "relate", "a", "is", "a", "--weight", "2", "--replace").code == 0
    assert cli("graph", "twice", "unrelate", "a", "is", "a").code == 0
    assert cli("graph", "twice", "unrelate", "a", "is", "a").code == 3


def test_an_import_that_was_refused_goes_on_once_its_line_is_mended(
    cli: CommandLine, tmp_path: Path
):
    file = tmp_path / "many.jsonl"
    entities = [{"id": f"e{number}", "label": "thing"} for number in range(1500)]
    wrong = {"from": "e0", "to": "nowhere", "kind": "is"}
    last = {"from": "e0", "to": "e1499", "kind": "is"}

    file.write_text(lines([*entities, wrong, last]))
    refused = cli("graph", "many", "import", str(file))
    assert (refused.code, "line 1501: no entity 'nowhere'" in refused.err) == (3, True), refused.err

    file.write_text(lines([*entities, last]))
    (done,) = cli("graph", "many", "import", str(file), "--json").lines
    assert done == {"lines": 1501, "since": 1000, "version": 1501}
    again = cli("graph", "many", "import", str(file))
    assert "is as they say already, at version 1501" in again.err


def test_what_is_exported_can_be_imported(house: CommandLine, tmp_path: Path):
    file = tmp_path / "out.jsonl"
    done = house("graph", "flat", "export", str(file), "--as-of", "10")
    assert (done.code, done.out) == (0, ""), done.err
    assert "graph of flat at version 10; 5 entities, 5 relationships." in done.err
    assert house("graph", "copy", "import", str(file)).code == 0
    told = house("graph", "copy", "export")
    assert told.out == file.read_text()
    assert json.loads(told.out.splitlines()[0]) == HOUSE[0]
    assert len(told.out.splitlines()) == len(HOUSE)
    assert house("graph", "flat", "export", "/nowhere/x").code == 2


def test_a_file_may_be_a_pipe(cli: CommandLine):
    piped = (
        "import os\n"
        "read, write = os.pipe()\n"
        """os.write(write, b'{"id": "a", "label": "x"}')\n"""
        "os.close(write)\n"
        "os.dup2(read, 0)\n"
    )
    first = cli.changed(piped, "graph", "piped", "import", "-")
    assert (first.code, "from version 0 to 1" in first.err) == (0, True), first.err
    again = cli.changed(piped, "graph", "piped", "import", "/dev/stdin")
    assert "is as they say already, at version 1" in again.err


def test_a_line_that_cannot_be_is_named(cli: CommandLine, tmp_path: Path):
    file = tmp_path / "wrong.jsonl"
    for line, said in (
        ("nonsense", "line 2: is no JSON"),
        ('{"id": "x"}', "line 2: label"),
        ('{"from": "a", "to": "b", "kind": "k", "weight": "much"}', "line 2: weight"),
    ):
        file.write_text(f"\n{line}\n")
        done = cli("graph", "wrong", "import", str(file))
        assert (done.code, said in done.err) == (2, True), done.err


def test_a_graph_takes_in_another_agents(house: CommandLine):
    assert house("graph", "guest", "add", "ana", "cat").code == 0
    (merged,) = house("graph", "guest", "merge", "flat", "--json").lines

    assert (merged["events"], merged["version"]) == (10, 11)
    assert house("graph", "guest", "path", "ana", "vienna").code == 0
    assert house("graph", "guest", "merge", "flat", "--json").lines[0]["events"] == 0


def test_what_cannot_be_is_refused_and_nothing_is_appended(house: CommandLine):
    before = house("psql", "-Atc", "select count(*) from eventlog.events").out
    for arguments, code, said in (
        (("path", "ana", "nobody"), 3, "nobody"),
        (("around", "nobody"), 3, "nobody"),
        (("remove", "nobody"), 3, "nobody"),
        (("add", " ", "x"), 2, "ENTITY"),
        (("relate", "ana", "knows", "bob", "--weight", "nan"), 2, "--weight"),
        (("--as-of", "someday"), 2, "--as-of"),
        (("--as-of", "999"), 3, "999"),
        (("--diff", "1", "someday"), 2, "--diff"),
        (("central", "--betweenness", "--samples", "1"), 2, "--samples"),
        (("query", "guess"), 2, "QUERY"),
        (("query", '{"op": "topological_sort"}'), 1, "ana"),
        (("--svg", "/nowhere/x.svg"), 2, "--svg"),
        (("import", "/nowhere.jsonl"), 2, "/nowhere.jsonl"),
        (("import", "/"), 2, "FILE"),
    ):
        done = house("graph", "flat", *arguments)
        assert (done.code, said in done.err) == (code, True), (arguments, done.err)
    assert house("psql", "-Atc", "select count(*) from eventlog.events").out == before
