"""The tool `list_files`: what is in a folder."""

from fnmatch import fnmatchcase
from itertools import islice
from typing import Annotated, Any, Final

from pydantic import Field

from schema.events import Effect, ToolExample
from service.agent.tools.jail import Entry, Jail
from service.agent.tools.tool import Tool, tool

ENTRIES_MAX: Final = 500
"""Entries in one result."""
DEPTH_MAX: Final = 8
LOOKED_AT_MAX: Final = 20_000
"""Entries that one call looks at, whether they match or not."""


def list_files_tool(jail: Jail) -> Tool:
    """The tool `list_files`, below *jail*."""

    @tool(
        effect=Effect.PURE,
        examples=(
            ToolExample(
                task="Which text files are in notes?",
                arguments={"path": "notes", "pattern": "*.txt"},
                result={"entries": [{"path": "notes/todo.txt", "kind": "file", "bytes": 120}]},
            ),
            ToolExample(
                task="What is there?",
                arguments={},
                result={"entries": [{"path": "notes", "kind": "folder"}]},
            ),
        ),
    )
    def list_files(
        path: Annotated[str, "folder, relative to the folder of all files"] = ".",
        depth: Annotated[int, "levels of folders to go down", Field(ge=1, le=DEPTH_MAX)] = 1,
        pattern: Annotated[str, "names to list, such as *.md", Field(max_length=200)] = "*",
    ) -> dict[str, Any]:
        """List files and folders; `more` says that there are others that were not listed."""
        cuts: list[str] = []
        seen = list(islice(jail.entries(path, depth, cuts.append), LOOKED_AT_MAX + 1))
        matching = [e for e in seen[:LOOKED_AT_MAX] if fnmatchcase(e.name, pattern)]
        listed = {"entries": [_shown(entry) for entry in matching[:ENTRIES_MAX]]}
        more = bool(cuts) or len(seen) > LOOKED_AT_MAX or len(matching) > ENTRIES_MAX
        return {**listed, "more": True} if more else listed

    return list_files


def _shown(entry: Entry) -> dict[str, Any]:
    if entry.kind != "file":
        return {"path": entry.path, "kind": entry.kind}
    return {"path": entry.path, "kind": "file", "bytes": entry.size_bytes}
