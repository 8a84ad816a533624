"""A folder that file tools can't leave.

Every path is walked from the folder down, one component at a time, each opened relative to the
descriptor of the one before and never through a link (`openat` with `O_NOFOLLOW`). So there is no
moment between checking a path and opening it, and moving things about meanwhile gains nothing.
What it can't see: hard links and mounts that somebody placed inside the folder.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from schema.errors import Invalid
from service.agent.tools.nearest import no_such
from service.agent.tools.observation import ToolError

ENTRIES_MAX: Final = 10_000
"""Entries of one folder that are looked at: the first by name."""
NAMES_MAX: Final = 100_000
"""Names of one folder that are read to find those."""
PARTS_MAX: Final = 64
"""Components of a path."""

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Non-blocking, because opening a pipe would wait for somebody to write.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a folder."""

    path: str
    """Relative to the jail, with `/`."""
    kind: str
    """`file`, `folder`, `link` or `other`; a link is never followed."""
    size_bytes: int

    @property
    def name(self) -> str:
        """The last component of the path."""
        return self.path.rpartition("/")[2]


class Jail:
    """Reads below one folder; every message speaks of paths relative to it."""

    def __init__(self, root: Path) -> None:
        """*root* is resolved now; `Invalid` where it is no folder that can be read."""
        try:
            self._root = root.resolve(strict=True)
            os.close(os.open(self._root, _FOLDER))
        except OSError as error:
            raise Invalid("files", f"{root} is no readable folder: {error.strerror}") from error

    @contextmanager
    def folder(self, path: str) -> Iterator[int]:
        """A descriptor of the folder *path*, open within the block."""
        with self._walk(_parts(path), path) as descriptor:
            yield descriptor

    @contextmanager
    def file(self, path: str) -> Iterator[int]:
        """A descriptor of the regular file *path*, open within the block."""
        parts = _parts(path)
        if not parts:
            raise ToolError("permanent", f'"{path}" is a folder')
        with self._walk(parts[:-1], path) as parent:
            descriptor = _opened(parts[-1], _FILE, parent, path)
            try:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise ToolError("permanent", f'"{path}" is no file')
                yield descriptor
            finally:
                os.close(descriptor)

    def entries(self, path: str, depth: int, on_cut: Callable[[str], object]) -> Iterator[Entry]:
        """What is in the folder *path* and, below it, down to *depth* levels; sorted by name.

        *on_cut* is told of each folder that holds more than is looked at.
        """
        prefix = "/".join(_parts(path))
        with self.folder(path) as descriptor:
            found, cut = _scanned(descriptor, prefix)
        if cut:
            on_cut(path)
        for entry in found:
            yield entry
            if entry.kind == "folder" and depth > 1:
                try:
                    yield from self.entries(entry.path, depth - 1, on_cut)
                except ToolError:  # gone, replaced or locked since it was listed
                    continue

    @contextmanager
    def _walk(self, parts: list[str], path: str) -> Iterator[int]:
        descriptor = self._opened_root()
        try:
            for part in parts:
                inner = _opened(part, _FOLDER, descriptor, path)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)

    def _opened_root(self) -> int:
        try:
            return os.open(self._root, _FOLDER)
        except OSError as error:  # whose own words would tell where the folder is
            raise ToolError("transient", f"the folder can't be read: {error.strerror}") from error


def _parts(path: str) -> list[str]:
    """The components of *path*; `ToolError` (blocked) where it does not stay below the jail."""
    if "\0" in path:
        raise ToolError("permanent", "a path holds no NUL")
    if path.startswith("/"):
        raise ToolError("blocked", f'"{path}" is absolute: paths are relative to the folder')
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ToolError("blocked", f'"{path}" holds "..": paths only lead down')
    if len(parts) > PARTS_MAX:
        raise ToolError("permanent", f"the path has more than {PARTS_MAX} components")
    return parts


def _opened(part: str, flags: int, parent: int, path: str) -> int:
    try:
        return os.open(part, flags, dir_fd=parent)
    except FileNotFoundError as error:
        names = (entry.path for entry in _scanned(parent, "")[0])
        raise ToolError("not_found", f'no "{path}": {no_such("entry", part, names)}') from error
    except OSError as error:
        if _is_link(part, parent):
            raise ToolError("blocked", f'"{path}" leads over a link: none is followed') from error
        raise ToolError("permanent", f'"{path}" can\'t be opened: {error.strerror}') from error
    except ValueError as error:
        raise ToolError("permanent", f'"{path}" is no path') from error


def _is_link(part: str, parent: int) -> bool:
    """Whether it is one by now; only the words of a refusal rest on the answer."""
    try:
        return stat.S_ISLNK(os.stat(part, dir_fd=parent, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _scanned(descriptor: int, prefix: str) -> tuple[list[Entry], bool]:
    """The first entries of a folder by name, and whether there are more."""
    with os.scandir(descriptor) as scan:
        items = sorted(islice(scan, NAMES_MAX), key=lambda item: item.name)
        return [_entry(item, prefix) for item in items[:ENTRIES_MAX]], len(items) > ENTRIES_MAX


def _entry(item: os.DirEntry[str], prefix: str) -> Entry:
    path = f"{prefix}/{item.name}" if prefix else item.name
    try:
        status = item.stat(follow_symlinks=False)
    except OSError:  # gone since it was listed
        return Entry(path, "other", 0)
    return Entry(path, _kind(status.st_mode), status.st_size)


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "other"
