from pathlib import Path
from typing import Any

import pytest

from service.agent.tools import ToolError
from service.agent.tools.jail import Jail
from service.agent.tools.read_file import TEXT_BYTES_MAX, read_file_tool
from service.agent.tools.text_file import FILE_BYTES_MAX


def read(root: Path, content: bytes, **arguments: Any) -> Any:
    (root / "file").write_bytes(content)
    return read_file_tool(Jail(root)).function("file", **arguments)


def test_a_small_file_is_read_whole(tmp_path: Path):
    assert read(tmp_path, "é\r\nb\n".encode()) == {"text": "é\nb", "lines": 2}
    assert read(tmp_path, b"") == {"text": "", "lines": 0}


def test_a_range_of_lines_says_where_to_go_on(tmp_path: Path):
    content = b"1\n2\n3\n4"
    assert read(tmp_path, content, first_line=2, lines_max=2) == {
        "text": "2\n3",
        "lines": 4,
        "next_line": 4,
    }
    assert read(tmp_path, content, first_line=4) == {"text": "4", "lines": 4}
    assert read(tmp_path, content, first_line=9) == {"text": "", "lines": 4}


def test_a_long_file_is_read_in_pieces_that_add_up(tmp_path: Path):
    content = "\n".join(f"line {n} " + "é" * 100 for n in range(1000))
    pieces, following = [], 1
    while following:
        piece = read(tmp_path, content.encode(), first_line=following)
        assert len(piece["text"].encode()) <= TEXT_BYTES_MAX
        pieces.append(piece["text"])
        following = piece.get("next_line", 0)
    assert "\n".join(pieces) == content


def test_a_line_that_does_not_fit_is_shown_in_part(tmp_path: Path):
    piece = read(tmp_path, "é".encode() * TEXT_BYTES_MAX + b"\nnext")
    assert piece["text"].endswith("é …")
    assert piece["next_line"] == 2


def test_what_is_not_text_is_refused(tmp_path: Path):
    with pytest.raises(ToolError, match="is not text"):
        read(tmp_path, b"ELF\0\1")
    assert read(tmp_path, b"caf\xe9")["text"] == "caf�"


def test_a_huge_file_is_refused(tmp_path: Path):
    with pytest.raises(ToolError, match="larger than"):
        read(tmp_path, b"x" * (FILE_BYTES_MAX + 1))
