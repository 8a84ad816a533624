"""The terminal, for people: rich where there is one, plain text where there is none."""

import sys
from datetime import datetime
from shutil import get_terminal_size
from typing import Final

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from service.cli.output import print_text
from service.printable import printable

STYLES = {
    "running": "yellow",
    "waiting": "yellow",
    "paused": "yellow",
    "completed": "green",
    "failed": "red",
    "cancelled": "red",
}
"""Status → how it is shown."""

GAP: Final = "  "
"""Between two columns."""


def out() -> Console:
    """Standard output; off a terminal, nothing that is printed there is folded."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def err() -> Console:
    """Standard error, for what stands beside the output."""
    return Console(stderr=True, highlight=False)


def plain(text: str, style: str = "") -> Text:
    """*text* as it is: no markup in it counts, nothing in it steers the terminal."""
    return Text(printable(text), style=style)


def one_line(text: str | None, style: str = "") -> Text:
    """*text* in a line of its own, however many it has; a dash where it was erased."""
    if text is None:
        return Text("(erased)", style="dim")
    return Text(" ".join(printable(text).split()), style=style)


def style_of(status: str) -> str:
    """The colour of a session's status."""
    return STYLES.get(status, "")


def status_text(status: str) -> Text:
    """A session's status, in its colour."""
    return Text(status, style=style_of(status))


def print_clipped(line: str) -> None:
    """*line* on standard output; a terminal is given what fits into its width."""
    text = Text(printable(line).rstrip())
    if sys.stdout.isatty():
        text.truncate(get_terminal_size().columns, overflow="ellipsis")
    print_text(text.plain)


def print_heading(console: Console, title: str) -> None:
    """*title* over what follows; a rule across the terminal, where there is one."""
    console.print()
    console.print(Rule(title, align="left", style="dim") if console.is_terminal else f"{title}:")


def dollars(cost: float | None) -> str:
    """What something cost; nobody knows is another thing than nothing."""
    return "–" if cost is None else f"${cost:.6g}"


def counted(number: int, thing: str) -> str:
    """*number* and what there are so many of, in the plural if it is not one."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def clock(moment: datetime) -> str:
    """*moment* to the second, as clocks here show it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def age(moment: datetime) -> str:
    """How long ago *moment* was, in the unit that says most."""
    seconds = max(0, round((datetime.now(moment.tzinfo) - moment).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"
