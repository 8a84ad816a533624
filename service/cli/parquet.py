"""`agent-runtime export --parquet`: the views as files, for DuckDB and its like."""

from pathlib import Path

from schema.messages.base import Message, Moment
from schema.messages.checked import checked
from service.analytics.parquet import Written, write_parquet
from service.cli.exits import Exit
from service.cli.output import print_json, print_note
from service.cli.sql import level_with_log
from service.config import Settings
from service.store import open_store


class _Bounds(Message):
    """From when to when."""

    since: Moment | None = None
    until: Moment | None = None


async def export_parquet(
    settings: Settings, *, folder: Path, since: str | None, until: str | None, as_json: bool
) -> Exit:
    """Write every view into *folder*, a folder for each view and day."""
    bounds = checked(_Bounds, {"since": since, "until": until})
    tell = _tell_json if as_json else _tell
    async with open_store(settings) as log:
        await level_with_log(log)
        await write_parquet(
            log.database, folder, since=bounds.since, until=bounds.until, on_view=tell
        )
    if not as_json:
        print_note(f"Read them as '{folder}/sessions/**/*.parquet', for example with DuckDB.")
    return Exit.DONE


def _tell_json(written: Written) -> None:
    print_json(written)


def _tell(written: Written) -> None:
    print_note(f"{written.view}: {written.rows} rows, {written.files} files")
