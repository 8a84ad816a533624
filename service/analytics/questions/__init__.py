"""The questions that the guide answers in SQL: one file each, the question in its first line."""

from functools import cache
from importlib.resources import files
from typing import Final

from msgspec import Struct

MARK: Final = "-- "


class Question(Struct, frozen=True):
    """Something that people want to know, and how to ask the views for it."""

    name: str
    text: str
    sql: str


@cache
def questions() -> tuple[Question, ...]:
    """All of them, in the order of the guide."""
    found = (file for file in files(__package__).iterdir() if file.name.endswith(".sql"))
    return tuple(
        _question(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8"))
        for file in sorted(found, key=lambda file: file.name)
    )


def _question(name: str, content: str) -> Question:
    text, _, sql = content.partition("\n")
    return Question(name.partition("_")[2], text.removeprefix(MARK), sql.strip())
