"""A table on a terminal, and in a pipe."""

from io import StringIO

from rich.console import Console
from rich.text import Text

from service.cli.table import Column, print_table

COLUMNS = (Column("name"), Column("steps", right=True), Column("prompt", rest=True))
ROWS = [[Text("ada"), Text("7"), Text("word " * 20)], [Text("bo"), Text("12"), Text("x")]]


def test_in_a_pipe_rows_are_whole_and_end_in_no_blanks():
    out = StringIO()

    print_table(Console(file=out, width=30, soft_wrap=True), COLUMNS, ROWS)

    assert out.getvalue().splitlines() == [
        "name  steps  prompt",
        f"ada       7  {'word ' * 20}".rstrip(),
        "bo       12  x",
    ]


def test_on_a_terminal_each_row_is_one_line():
    out = StringIO()

    print_table(Console(file=out, width=30, force_terminal=True), COLUMNS, ROWS)

    assert len(out.getvalue().splitlines()) == 1 + len(ROWS)
