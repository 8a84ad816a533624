"""Values of PostgreSQL as they are shown: in a table, as JSON, in CSV."""

import base64
import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from rich.text import Text

from schema import json_text
from service.cli.console import plain

CELL_CHARACTERS_MAX: Final = 2000
"""A cell of a table is cut there; JSON and CSV have all of it."""

_QUOTED: Final = re.compile(r'[",\r\n]|^\s|\s$')


def table_cell(cell: Any) -> Text:
    """*cell* in a line of its own; a dash for null."""
    if cell is None:
        return plain("–", "dim")
    return plain(" ".join(_text(cell)[:CELL_CHARACTERS_MAX].splitlines()).rstrip())


def csv_line(cells: list[Any]) -> str:
    """*cells* as RFC 4180 has them; null is nothing at all, an empty text is in quotes."""
    return ",".join("" if cell is None else _csv(_text(cell)) for cell in cells) + "\r\n"


def json_value(cell: Any) -> Any:
    """*cell* as JSON has it; what is neither number nor structure there is a string."""
    match cell:
        case None | bool() | int() | str():
            return cell
        case float():
            return cell if math.isfinite(cell) else str(cell)
        case Decimal():
            return _number(cell)
        case bytes():
            return base64.b64encode(cell).decode()
        case list() | tuple():
            return [json_value(inner) for inner in cell]
        case Mapping():
            return {str(name): json_value(inner) for name, inner in cell.items()}
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def _text(cell: Any) -> str:
    match cell:
        case str():
            return cell
        case float():
            return f"{cell:.15g}"
        case Decimal():
            return str(cell)
        case datetime():
            return cell.isoformat(" ")
        case bool() | list() | tuple() | Mapping():
            return json_text.encode(json_value(cell))
        case _:
            return str(json_value(cell))


def _csv(text: str) -> str:
    if text and _QUOTED.search(text) is None:
        return text
    return '"' + text.replace('"', '""') + '"'


def _number(cell: Decimal) -> int | float | str:
    if not cell.is_finite():
        return str(cell)
    return int(cell) if cell == cell.to_integral_value() else float(cell)
