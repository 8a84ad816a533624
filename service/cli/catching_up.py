"""The bar that is seen while read models catch up with the log."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from eventlog.log import EventLog
from eventlog.progress import Status
from service.cli.console import err
from service.projecting import catch_up_all


class Bars:
    """A bar for each projection, over all partitions."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}
        self._places: dict[tuple[str, int], tuple[int, int]] = {}

    def move(self, projection: str, partition: int, position: int, head: int) -> None:
        """*projection* has come to *position* of *head* in *partition*."""
        if projection not in self._bars:
            self._bars[projection] = self._progress.add_task(projection, total=head)
        self._places[projection, partition] = (position, head)
        places = [place for (name, _), place in self._places.items() if name == projection]
        self._progress.update(
            self._bars[projection],
            completed=sum(position for position, _ in places),
            total=sum(head for _, head in places),
        )


async def catch_up_with_bar(log: EventLog) -> None:
    """Bring every read model up to where the log stands now."""
    with bars() as shown:
        await catch_up_all(log, lambda status: _move(shown, status))


@contextmanager
def bars() -> Iterator[Bars]:
    """Bars on stderr while the block runs; nothing where that is no terminal."""
    console = err()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        yield Bars(progress)


def _move(shown: Bars, status: Status) -> None:
    shown.move(status.projection, status.partition, status.position, status.head)
