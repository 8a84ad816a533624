"""The terminal, for people: rich where there is one, plain text where there is none."""

import sys
from datetime import datetime

from rich.console import Console
from rich.text import Text

from service.cli.output import printable

STYLES = {
    "running": "yellow",
    "waiting": "yellow",
    "paused": "yellow",
    "completed": "green",
    "failed": "red",
    "cancelled": "red",
}
"""Status → how it is shown."""

PIPE_WIDTH = 120
"""Columns where no terminal says how many there are."""


def out() -> Console:
    """Standard output."""
    return Console(
        width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False, soft_wrap=False
    )


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


def age(moment: datetime) -> str:
    """How long ago *moment* was, in the unit that says most."""
    seconds = max(0, round((datetime.now(moment.tzinfo) - moment).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"
