"""A file's text, bounded, or the news that it is none."""

import os
from typing import Final

from service.agent.tools.jail import Jail
from service.agent.tools.observation import ToolError

FILE_BYTES_MAX: Final = 8 * 1024 * 1024
"""Larger files are refused."""
_HEAD_BYTES: Final = 8192
"""Where a NUL is looked for, to tell text from the rest."""


def read_text(jail: Jail, path: str) -> str:
    """The text of *path*; what is not UTF-8 in it becomes U+FFFD.

    `ToolError` (permanent) for a file that is too large or not text.
    """
    with jail.file(path) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
        content = file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise ToolError("permanent", f'"{path}" is larger than {FILE_BYTES_MAX} bytes')
    if b"\0" in content[:_HEAD_BYTES]:
        raise ToolError("permanent", f'"{path}" is not text')
    return content.decode(errors="replace")


def lines_of(text: str) -> list[str]:
    """The lines of *text* as editors and compilers count them."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]
