import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.errors import Invalid
from service.agent.tools import ToolError
from service.agent.tools.jail import Jail

SECRET = b"outside"


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """A jail's folder with every trick in it, and a secret beside it."""
    with tempfile.TemporaryDirectory() as made:
        outside = Path(made)
        (outside / "secret").write_bytes(SECRET)
        root = outside / "root"
        (root / "a" / "b").mkdir(parents=True)
        (root / "a" / "in").write_bytes(b"inside")
        (root / "a" / "up").symlink_to("../..")
        (root / "link").symlink_to("../secret")
        (root / "far").symlink_to(outside)
        (root / "loop").symlink_to("loop")
        (root / "near").symlink_to("a/in")
        os.mkfifo(root / "pipe")
        yield root


def content(root: Path, path: str) -> bytes:
    with Jail(root).file(path) as descriptor:
        return os.read(descriptor, 100)


def refusal(root: Path, path: str) -> ToolError:
    with pytest.raises(ToolError) as raised:
        content(root, path)
    assert str(root) not in str(raised.value)
    return raised.value


@pytest.mark.parametrize("path", ["a/in", "./a//in", "a/./in"])
def test_a_file_below_the_folder_is_opened(root: Path, path: str):
    assert content(root, path) == b"inside"


@pytest.mark.parametrize(
    "path",
    ["../secret", "a/../../secret", "/etc/passwd", "link", "far/secret", "a/up/secret", "near",
     "loop", "a/up/root/a/in"],
)  # fmt: skip
def test_no_path_leads_out_and_no_link_is_followed(root: Path, path: str):
    assert refusal(root, path).kind == "blocked"


def test_an_absolute_path_into_the_folder_is_refused_too(root: Path):
    with pytest.raises(ToolError) as raised:
        content(root, f"{root}/a/in")
    assert raised.value.kind == "blocked"


@pytest.mark.parametrize(
    "path", ["", ".", "a", "pipe", "a/in/x", "a\0b", "x" * 5000, "x/" * 100, "\ud800"]
)
def test_what_is_no_file_is_refused_without_waiting(root: Path, path: str):
    assert refusal(root, path).kind == "permanent"


def test_a_missing_file_is_told_with_the_nearest_name(root: Path):
    error = refusal(root, "a/inn")
    assert (error.kind, "did you mean in?" in str(error)) == ("not_found", True)


PARTS = st.sampled_from(
    ["..", ".", "", "a", "b", "in", "up", "link", "far", "near", "loop", "root", "secret", "~",
     "%2e%2e", "..\\", "\u2024\u2024", "a\0", "*", "etc", "passwd"]
)  # fmt: skip
PATHS = st.lists(PARTS, max_size=8).map("/".join) | st.text(max_size=20)


@settings(deadline=None)  # how busy the machine is, is no fault
@given(PATHS, st.sampled_from(["", "/", "//", "./", "../", "file:///"]))
def test_no_path_whatever_reaches_what_is_outside(root: Path, path: str, prefix: str):
    folders = {folder.stat().st_ino for folder in (root, root / "a", root / "a" / "b")}
    with suppress(ToolError):
        assert content(root, prefix + path) == b"inside"
    with suppress(ToolError), Jail(root).folder(prefix + path) as descriptor:
        assert os.fstat(descriptor).st_ino in folders


def test_a_folder_swapped_for_a_link_on_the_way_gains_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "door").mkdir()
    (tmp_path / "door" / "secret").write_bytes(b"inside")
    really_open = os.open

    def swap_before_the_last_step(path: str, flags: int, *, dir_fd: int | None = None) -> int:
        if path == "secret":
            (tmp_path / "door").rename(tmp_path / "moved")
            (tmp_path / "door").symlink_to(root.parent)
        return really_open(path, flags, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", swap_before_the_last_step)
    assert content(tmp_path, "door/secret") == b"inside"


def test_entries_are_sorted_and_links_are_listed_not_entered(root: Path):
    listed = [(entry.path, entry.kind) for entry in Jail(root).entries(".", 3, print)]
    assert listed == [
        ("a", "folder"),
        ("a/b", "folder"),
        ("a/in", "file"),
        ("a/up", "link"),
        ("far", "link"),
        ("link", "link"),
        ("loop", "link"),
        ("near", "link"),
        ("pipe", "other"),
    ]


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_nothing_stays_open(root: Path):
    before = open_descriptors()
    for path in ("a/in", "link", "a/missing", "pipe", "a/b"):
        with suppress(ToolError):
            content(root, path)
    list(Jail(root).entries(".", 3, print))
    assert open_descriptors() == before


def test_a_root_that_is_no_folder_is_refused(root: Path):
    for path in (root / "a" / "in", root / "missing"):
        with pytest.raises(Invalid, match="files: "):
            Jail(path)


def test_a_root_that_went_away_is_told_without_its_place(tmp_path: Path):
    jail = Jail(tmp_path)
    tmp_path.rmdir()
    with pytest.raises(ToolError) as raised, jail.folder("."):
        pass
    assert str(tmp_path) not in str(raised.value)
