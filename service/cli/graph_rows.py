"""Entities and relationships as tables and as JSON: the same wherever they are shown."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from rich.console import Console
from rich.text import Text

from schema import json_text
from service.cli.console import one_line, plain
from service.cli.table import Column, print_table

Row: TypeAlias = Mapping[str, Any]
"""An entity or a relationship as the API gives it."""

ID: Final = 40
"""Characters of an id that a terminal shows."""
WORD: Final = 24
"""The same of a label or a kind."""

ENTITIES: Final = (
    Column("entity", width_max=ID),
    Column("label", width_max=WORD),
    Column("properties", rest=True),
)
RELATIONSHIPS: Final = (
    Column("from", width_max=ID),
    Column("kind", width_max=WORD),
    Column("to", width_max=ID),
    Column("weight", right=True),
)


def print_entities(console: Console, rows: Sequence[Row]) -> None:
    """Each with its properties."""
    cells = [
        (one_line(row["id"]), one_line(row["label"]), properties_text(row["properties"]))
        for row in rows
    ]
    print_table(console, ENTITIES, cells)


def print_relationships(console: Console, rows: Sequence[Row]) -> None:
    """Each with its weight."""
    cells = [
        (*(one_line(row[name]) for name in ("from", "kind", "to")), weight_text(row["weight"]))
        for row in rows
    ]
    print_table(console, RELATIONSHIPS, cells)


def properties_text(properties: Mapping[str, Any]) -> Text:
    """As JSON in a line; nothing where there are none."""
    return one_line(json_text.encode(dict(properties)) if properties else "", "dim")


def weight_text(weight: float) -> Text:
    """As short as it can be said."""
    return plain(f"{weight:g}")
