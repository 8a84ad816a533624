from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.agent.tools import ToolContext
from service.agent.tools.jail import Jail
from service.agent.tools.search_files import HITS_MAX, search_files_tool

Search = Callable[..., Any]


@pytest.fixture
def search(tmp_path: Path, context: ToolContext) -> Search:
    def searched(text: str, timeout_s: float = 5.0, **arguments: Any) -> Any:
        patient = replace(context, timeout_s=timeout_s)
        return search_files_tool(Jail(tmp_path)).function(text, patient, **arguments)

    return searched


def test_hits_are_told_by_file_and_line(tmp_path: Path, search: Search):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.txt").write_text("nothing\n  Needle here\n")
    (tmp_path / "b.md").write_text("a needle")
    assert search("needle") == {
        "hits": [
            {"path": "a/x.txt", "line": 2, "text": "Needle here"},
            {"path": "b.md", "line": 1, "text": "a needle"},
        ],
        "searched": 2,
    }
    assert [hit["path"] for hit in search("needle", ignore_case=False)["hits"]] == ["b.md"]
    assert search("needle", pattern="*.txt")["searched"] == 1
    assert [hit["path"] for hit in search("needle", path="a")["hits"]] == ["a/x.txt"]


def test_the_text_is_literal(tmp_path: Path, search: Search):
    (tmp_path / "x").write_text("aaa\n(a+)+$\n")
    assert [hit["line"] for hit in search("(a+)+$")["hits"]] == [2]


def test_binary_files_are_skipped_and_links_not_followed(tmp_path: Path, search: Search):
    (tmp_path / "binary").write_bytes(b"needle\0")
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert search("needle") == {"hits": [], "searched": 0, "skipped": 1}
    assert search("root") == {"hits": [], "searched": 0, "skipped": 1}


def test_many_hits_are_cut_and_long_lines_are_shown_around_them(tmp_path: Path, search: Search):
    (tmp_path / "x").write_text(("x" * 5000 + "needle" + "y" * 5000 + "\n") * (HITS_MAX + 1))
    found = search("needle")
    assert (len(found["hits"]), found["more"]) == (HITS_MAX, True)
    assert "xneedley" in found["hits"][0]["text"]
    assert len(found["hits"][0]["text"]) < 300


def test_it_stops_by_itself_when_its_time_is_up(tmp_path: Path, search: Search):
    (tmp_path / "x").write_text("needle")
    assert search("needle", timeout_s=0.0) == {"hits": [], "searched": 0, "more": True}
