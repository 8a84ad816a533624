"""The tool `read_file`: the text of a file, by lines."""

from itertools import islice
from typing import Annotated, Any, Final

from pydantic import Field

from schema.events import Effect, ToolExample
from service.agent.tools.jail import Jail
from service.agent.tools.text_file import lines_of, read_text
from service.agent.tools.tool import Tool, tool

LINES_MAX: Final = 2000
TEXT_BYTES_MAX: Final = 48 * 1024
"""How much text one call gives: less than an observation usually may have, so it is not cut."""


def read_file_tool(jail: Jail) -> Tool:
    """The tool `read_file`, below *jail*."""

    @tool(
        effect=Effect.PURE,
        examples=(
            ToolExample(
                task="What is in notes/todo.txt?",
                arguments={"path": "notes/todo.txt"},
                result={"text": "buy milk\ncall home", "lines": 2},
            ),
            ToolExample(
                task="Show me lines 40 and 41 of server.log.",
                arguments={"path": "server.log", "first_line": 40, "lines_max": 2},
                result={"text": "started\nstopped", "lines": 90, "next_line": 42},
            ),
        ),
    )
    def read_file(
        path: Annotated[str, "file, relative to the folder"],
        first_line: Annotated[int, "line to begin with, from 1", Field(ge=1)] = 1,
        lines_max: Annotated[int, "how many lines", Field(ge=1, le=LINES_MAX)] = LINES_MAX,
    ) -> dict[str, Any]:
        """Read a text file; `lines` is how many it has, `next_line` where to go on, if it does."""
        lines = lines_of(read_text(jail, path))
        given = _fitting(lines, first_line - 1, lines_max)
        following = first_line + len(given)
        result = {"text": "\n".join(given), "lines": len(lines)}
        return {**result, "next_line": following} if following <= len(lines) else result

    return read_file


def _fitting(lines: list[str], start: int, lines_max: int) -> list[str]:
    """Lines from *start* that fit into a result; of one that does not fit alone, its beginning."""
    given: list[str] = []
    room_bytes = TEXT_BYTES_MAX
    for line in islice(lines, start, start + lines_max):
        size_bytes = len(line.encode()) + 1
        if size_bytes > room_bytes:
            break
        given.append(line)
        room_bytes -= size_bytes
    if not given and start < len(lines):
        # The last character may be cut in two: what is left of it is dropped.
        return [lines[start].encode()[:TEXT_BYTES_MAX].decode(errors="ignore") + " …"]
    return given
