"""The tools that come with the house."""

from pathlib import Path

from service.agent.tools.calculator import calculator
from service.agent.tools.http_get import http_get_tool
from service.agent.tools.jail import Jail
from service.agent.tools.list_files import list_files_tool
from service.agent.tools.now import now_tool
from service.agent.tools.read_file import read_file_tool
from service.agent.tools.search_files import search_files_tool
from service.agent.tools.tool import Tool


def builtin_tools(files_root: Path | None, *, allow_http: bool) -> tuple[Tool, ...]:
    """The built-in tools, those that reach outside only where they are allowed to.

    - `calculator`: exact arithmetic, bounded in time and size
    - `now`: the date and time in any time zone
    - `read_file`, `list_files`, `search_files`: text below *files_root* and nowhere else
    - `http_get`: web pages as text, from the public internet only; where *allow_http*
    """
    tools: tuple[Tool, ...] = (calculator, now_tool())
    if files_root is not None:
        jail = Jail(files_root)
        tools += (read_file_tool(jail), list_files_tool(jail), search_files_tool(jail))
    return (*tools, http_get_tool()) if allow_http else tools
