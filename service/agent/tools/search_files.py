"""The tool `search_files`: where a text stands.

It looks for the text itself, not for a regular expression: Python's can take exponential time,
hold the interpreter while they do, and can't be stopped.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from typing import Annotated, Any, Final

from pydantic import Field

from schema.events import Effect, ToolExample
from service.agent.tools.context import ToolContext
from service.agent.tools.jail import Entry, Jail
from service.agent.tools.observation import ToolError
from service.agent.tools.text_file import lines_of, read_text
from service.agent.tools.tool import Tool, tool

HITS_MAX: Final = 100
FILES_MAX: Final = 10_000
DEPTH_MAX: Final = 16
_AROUND: Final = 120
"""Characters shown before and behind a hit in its line."""


@dataclass(frozen=True, slots=True)
class _Hit:
    path: str
    line: int
    text: str


@dataclass(slots=True)
class _Search:
    """One search, and how far it came."""

    jail: Jail
    text: str
    ignore_case: bool
    searched: int = 0
    skipped: int = 0
    unfinished: bool = field(default=False)

    def hits(self, path: str, pattern: str, deadline: float) -> Iterator[_Hit]:
        """Every hit below *path*, by file and line, until *deadline* (of the monotonic clock)."""
        for entry in self.jail.entries(path, DEPTH_MAX, self._cut):
            if entry.kind != "file" or not fnmatchcase(entry.name, pattern):
                continue
            if time.monotonic() > deadline or self.searched + self.skipped >= FILES_MAX:
                self.unfinished = True
                return
            yield from self._hits_in(entry)

    def _cut(self, _folder: str) -> None:
        self.unfinished = True

    def _hits_in(self, entry: Entry) -> Iterator[_Hit]:
        try:
            lines = lines_of(read_text(self.jail, entry.path))
        except ToolError:  # binary, large, gone, locked: told as a number
            self.skipped += 1
            return
        self.searched += 1
        wanted = self._folded(self.text)
        for number, line in enumerate(lines, start=1):
            at = self._folded(line).find(wanted)
            if at >= 0:
                shown = line[max(0, at - _AROUND) : at + len(self.text) + _AROUND]
                yield _Hit(entry.path, number, shown.strip())

    def _folded(self, text: str) -> str:
        return text.lower() if self.ignore_case else text


def search_files_tool(jail: Jail) -> Tool:
    """The tool `search_files`, below *jail*."""

    @tool(
        effect=Effect.PURE,
        examples=(
            ToolExample(
                task="Where do I mention milk?",
                arguments={"text": "milk"},
                result={
                    "hits": [{"path": "notes/todo.txt", "line": 1, "text": "buy milk"}],
                    "searched": 3,
                },
            ),
            ToolExample(
                task="Is there a TODO in the Python files of src?",
                arguments={"text": "TODO", "path": "src", "pattern": "*.py"},
                result={"hits": [], "searched": 12},
            ),
        ),
    )
    def search_files(
        text: Annotated[str, "what to look for, literally", Field(min_length=1, max_length=200)],
        context: ToolContext,
        path: Annotated[str, "folder to look in"] = ".",
        pattern: Annotated[str, "file names, such as *.md", Field(max_length=200)] = "*",
        ignore_case: Annotated[bool, "whether A finds a"] = True,  # noqa: FBT002  # the model's
    ) -> dict[str, Any]:
        """Search text files line by line; `more` says that not everything was looked at."""
        search = _Search(jail, text, ignore_case)
        # Stops by itself, well before it would be given up: a thread can't be stopped.
        deadline = time.monotonic() + context.timeout_s / 2
        hits = list(islice(search.hits(path, pattern, deadline), HITS_MAX + 1))
        return _told(search, hits)

    return search_files


def _told(search: _Search, hits: list[_Hit]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "hits": [{"path": h.path, "line": h.line, "text": h.text} for h in hits[:HITS_MAX]],
        "searched": search.searched,
    }
    if search.skipped:
        result["skipped"] = search.skipped
    if search.unfinished or len(hits) > HITS_MAX:
        result["more"] = True
    return result
