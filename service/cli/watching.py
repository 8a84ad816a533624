"""Looks on while a session runs: for people on a terminal, in a pipe, and for machines."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.live import Live

from eventlog.tokens import to_token
from schema.envelope import RecordedEvent
from service.cli.console import plain
from service.cli.messages import event_message
from service.cli.output import print_json
from service.cli.story import Story
from service.effects import Watcher

LINES_SHOWN: Final = 12
"""Lines of what the model is saying that are seen at once."""
REFRESHES_PER_S: Final = 12


class JsonWatcher:
    """Writes each event as a line of JSON once it is in the log; its position is a token."""

    def __init__(self, epoch: int, heads: Mapping[int, int]) -> None:
        """*epoch* is the log's; *heads* is where its partitions stood before the first event."""
        self._epoch = epoch
        self._positions = dict(heads)

    def thinking(self) -> None:
        """Nothing: only what is recorded counts."""

    def said(self, delta: str) -> None:
        """Nothing, as above."""

    def recorded(self, fact: RecordedEvent) -> None:
        """Write the line, of what is new."""
        if fact.position <= self._positions.get(fact.partition, 0):
            return  # It was there before us: a session that goes on.
        self._positions[fact.partition] = fact.position
        print_json(event_message(fact, to_token(self._epoch, self._positions)))


class StoryWatcher:
    """Tells the story; while the model speaks, its words are seen as they come."""

    def __init__(self, console: Console, live: Live) -> None:
        self._story = Story(console)
        self._live = live
        self._words = ""

    def thinking(self) -> None:
        """Show that the model is at it."""
        self._show("")

    def said(self, delta: str) -> None:
        """Show the words so far."""
        self._show(self._words + delta)

    def recorded(self, fact: RecordedEvent) -> None:
        """Tell it for good, in place of the words."""
        self._words = ""
        self._live.update(plain(""))
        self._story.tell(fact)

    def _show(self, words: str) -> None:
        self._words = words
        tail = "\n".join(f"{words}▍".splitlines()[-LINES_SHOWN:])
        self._live.update(plain(tail, "dim italic"))


@contextmanager
def telling(console: Console) -> Iterator[Watcher]:
    """A teller of stories; the terminal is put right when the block ends."""
    with Live(
        console=console,
        transient=True,
        refresh_per_second=REFRESHES_PER_S,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as live:
        yield StoryWatcher(console, live)
