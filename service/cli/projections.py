"""`agent-runtime projections`: how far read models have come, and making one anew."""

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from eventlog.block import BlockLimits
from eventlog.progress import Status, status
from eventlog.rebuild import RebuildProgress, rebuild
from eventlog.routines import apply_views
from schema.errors import NotFound
from service.cli.catching_up import bars
from service.cli.console import counted, out, plain
from service.cli.exits import Exit
from service.cli.output import print_json, print_note
from service.cli.table import Column, print_table
from service.config import Settings
from service.projections import PROJECTIONS
from service.store import open_store

COLUMNS: Final = (
    Column("projection"),
    *(Column(name, right=True) for name in ("partition", "position", "of", "lag", "parked")),
)


async def show_projections(settings: Settings, *, as_json: bool) -> Exit:
    """How far each projection has come in each partition."""
    async with open_store(settings) as log, log.database.acquire() as conn:
        rows = await status(conn, list(PROJECTIONS))
    if as_json:
        for row in rows:
            print_json(_projection(row))
    else:
        print_table(out(), COLUMNS, [_cells(row) for row in rows])
        _tell_parked(rows)
    return Exit.DONE


async def rebuild_projection(settings: Settings, *, name: str, as_json: bool) -> Exit:
    """Fold a read model again from the first event, and put it in the old one's place."""
    if name not in PROJECTIONS:
        raise NotFound(f"there is no projection {name!r}: there are {', '.join(PROJECTIONS)}")
    come_to: dict[int, int] = {}
    async with open_store(settings) as log:
        with bars() as shown:

            def move(at: RebuildProgress) -> None:
                come_to[at.partition] = at.position
                shown.move(at.projection, at.partition, at.position, at.head)

            await rebuild(
                log.database,
                PROJECTIONS[name],
                move,
                limits=BlockLimits(),
                reapply=apply_views,
            )
    events = sum(come_to.values())
    if as_json:
        print_json({"projection": name, "events": events, "rebuilt": True})
    else:
        print_note(f"{name} was rebuilt from {counted(events, 'event')}.")
    return Exit.DONE


def _projection(row: Status) -> dict[str, object]:
    return {
        "projection": row.projection,
        "partition": row.partition,
        "position": row.position,
        "head": row.head,
        "lag": row.lag,
        "parked": row.parked,
    }


def _cells(row: Status) -> Sequence[Text]:
    numbers = (row.partition, row.position, row.head, row.lag, len(row.parked))
    return [plain(row.projection), *(plain(str(number)) for number in numbers)]


def _tell_parked(rows: Sequence[Status]) -> None:
    for row in rows:
        for stream in row.parked:
            line = f"{row.projection} has parked {stream}: see eventlog.parked for the reason"
            out().print(plain(line, "red"))
