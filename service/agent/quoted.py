"""Texts of others in a prompt: each in quotes and in one line, so that none can speak for us."""

from collections.abc import Iterable
from typing import Any, Final

from schema import json_text

_LINE_ENDS: Final = str.maketrans({end: f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"})
"""What ends a line although JSON lets it stand in a string."""


def quoted(value: Any) -> str:
    """*value* as JSON in one line."""
    return json_text.encode(value).translate(_LINE_ENDS)


def listed(title: str, lines: Iterable[str]) -> str:
    """*lines* as a list under *title*; nothing where there are none."""
    items = "".join(f"- {line}\n" for line in lines)
    return title + items if items else ""
