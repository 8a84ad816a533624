"""A session's story on the terminal: thought, action, observation, each as it comes."""

from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from schema import events
from schema.envelope import RecordedEvent
from schema.events import Protocol
from service.cli.console import GAP, plain
from service.cli.telling import Line, told

LABEL_WIDTH: Final = 11
LINES_MAX: Final = 40
"""Lines of one text that are shown; `--json` has all of them."""


class Story:
    """Prints events, one after the other, as parts of one session's story."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._protocol = Protocol.TEXT

    def tell(self, fact: RecordedEvent) -> None:
        """Print what *fact* adds."""
        if isinstance(fact.event, events.SessionStarted):
            self._protocol = fact.event.protocol
        for line in told(fact.event, self._protocol):
            print_line(self._console, line)


def print_line(console: Console, line: Line) -> None:
    """A label in a column of its own, and the text beside it."""
    if line.label == "step":
        console.print(plain(f"\nstep {line.text}", "dim"))
    elif console.is_terminal:
        console.print(_folded(line))
    else:
        console.print(_unfolded(line), soft_wrap=True)


def _folded(line: Line) -> Table:
    """As wide as the terminal."""
    table = Table.grid(padding=(0, len(GAP), 0, 0))
    table.add_column(width=LABEL_WIDTH, no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(Text(line.label, style="dim"), plain(shortened(line.text), line.style))
    return table


def _unfolded(line: Line) -> Text:
    """As many lines as the text has, and no blanks at their ends."""
    first, *others = shortened(line.text).split("\n")
    beside = [line.label.ljust(LABEL_WIDTH) + GAP + first]
    beside += [" " * LABEL_WIDTH + GAP + other for other in others]
    return plain("\n".join(text.rstrip() for text in beside))


def shortened(text: str) -> str:
    """The first lines of *text*, and how many more there are."""
    lines = text.splitlines()
    if len(lines) <= LINES_MAX:
        return text
    left_out = len(lines) - LINES_MAX
    return "\n".join([*lines[:LINES_MAX], f"… {left_out} more lines (see --json)"])
