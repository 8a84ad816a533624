from pathlib import Path
from typing import Any

import pytest

from service.agent.tools import ToolError
from service.agent.tools.jail import Jail
from service.agent.tools.list_files import ENTRIES_MAX, list_files_tool


def paths(root: Path, **arguments: Any) -> list[str]:
    listed = list_files_tool(Jail(root)).function(**arguments)
    return [entry["path"] for entry in listed["entries"]]


def test_a_folder_is_listed_with_sizes(tmp_path: Path):
    (tmp_path / "b.txt").write_text("four")
    (tmp_path / "a").mkdir()
    assert list_files_tool(Jail(tmp_path)).function() == {
        "entries": [
            {"path": "a", "kind": "folder"},
            {"path": "b.txt", "kind": "file", "bytes": 4},
        ]
    }


def test_it_goes_down_as_deep_as_asked_and_filters_by_name(tmp_path: Path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for path in ("1.md", "a/2.md", "a/b/3.md", "a/b/3.txt"):
        (tmp_path / path).touch()
    assert paths(tmp_path, depth=2) == ["1.md", "a", "a/2.md", "a/b"]
    assert paths(tmp_path, depth=3, pattern="*.md") == ["1.md", "a/2.md", "a/b/3.md"]
    assert paths(tmp_path, path="a", depth=2, pattern="3*") == ["a/b/3.md", "a/b/3.txt"]


def test_a_long_list_is_cut_and_says_so(tmp_path: Path):
    for number in range(ENTRIES_MAX + 1):
        (tmp_path / f"{number}").touch()
    listed = list_files_tool(Jail(tmp_path)).function()
    assert (len(listed["entries"]), listed["more"]) == (ENTRIES_MAX, True)


def test_a_missing_folder_is_not_found(tmp_path: Path):
    with pytest.raises(ToolError) as raised:
        paths(tmp_path, path="nowhere")
    assert raised.value.kind == "not_found"


def test_what_was_not_looked_at_is_told_and_the_first_by_name_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("service.agent.tools.jail.ENTRIES_MAX", 3)
    for number in range(50):
        (tmp_path / f"{number:02}").touch()
    listed = list_files_tool(Jail(tmp_path)).function()
    assert [entry["path"] for entry in listed["entries"]] == ["00", "01", "02"]
    assert listed["more"]


def test_a_search_for_names_that_gives_up_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.agent.tools.list_files.LOOKED_AT_MAX", 2)
    for name in ("a", "b", "wanted"):
        (tmp_path / name).touch()
    assert list_files_tool(Jail(tmp_path)).function(pattern="wanted") == {
        "entries": [],
        "more": True,
    }
