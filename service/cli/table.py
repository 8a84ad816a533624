"""Rows under their headings: fitted to a terminal, or whole for a program to read."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.cli.console import GAP


@dataclass(frozen=True)
class Column:
    """A column of a table, and how it gives way where a terminal is narrow."""

    name: str
    right: bool = False
    width_max: int | None = None
    rest: bool = False
    """Takes what the others leave, and is cut there."""


def print_table(
    console: Console, columns: Sequence[Column], rows: Sequence[Sequence[Text]]
) -> None:
    """*rows* under the names of their *columns*; off a terminal whole."""
    if console.is_terminal:
        console.print(_table(columns, rows))
        return
    named = [[Text(column.name) for column in columns], *rows]
    widths = [max(cell_len(row[n].plain) for row in named) for n in range(len(columns))]
    for row in named:
        cells = zip(columns, row, widths, strict=True)
        line = GAP.join(_padded(cell.plain, width, column) for column, cell, width in cells)
        console.print(Text(line.rstrip()))


def _table(columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, len(GAP), 0, 0))
    for column in columns:
        table.add_column(
            column.name,
            justify="right" if column.right else "left",
            no_wrap=True,
            max_width=column.width_max,
            ratio=1 if column.rest else None,
        )
    for row in rows:
        table.add_row(*row)
    return table


def _padded(text: str, width: int, column: Column) -> str:
    blanks = " " * (width - cell_len(text))
    return blanks + text if column.right else text + blanks
