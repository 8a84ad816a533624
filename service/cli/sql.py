"""`agent-runtime sql`: a question to the views, and its answer as a table, JSON lines or CSV."""

import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from asyncpg import Record

from eventlog.log import EventLog
from service.analytics.asking import Answer, Bounds, asked
from service.cli.cells import csv_line, json_value, table_cell
from service.cli.console import out
from service.cli.exits import Exit
from service.cli.output import print_json, print_note
from service.cli.sessions import caught_up
from service.cli.table import Column, print_table
from service.config import Settings
from service.store import open_store

CELL_WIDTH_MAX: Final = 60
NUMBERS: Final = (int, float, Decimal)
READ_MODELS: Final = ("sessions", "steps", "changes", "memory", "graph")


async def answer_query(
    settings: Settings, *, query: str, bounds: Bounds, as_json: bool, as_csv: bool
) -> Exit:
    """The rows that *query* gives."""
    async with open_store(settings) as log:
        await level_with_log(log)
        async with asked(log.database, query, bounds) as answer:
            if as_json:
                await _print_json(answer)
            elif as_csv:
                await _print_csv(answer)
            else:
                await _print_table(answer)
    if answer.more:
        print_note(f"There are more than {bounds.rows_max} rows: give --limit.")
    return Exit.DONE


async def level_with_log(log: EventLog) -> None:
    """Return when the views tell of all that the log holds, with a bar if that takes long."""
    for name in READ_MODELS:
        await caught_up(log, name)


async def _print_json(answer: Answer) -> None:
    """A line for each row; of columns with one name the last counts, as in JSON itself."""
    async for rows in answer.blocks():
        for row in rows:
            cells = zip(answer.columns, row.values(), strict=True)
            print_json({name: json_value(cell) for name, cell in cells})


async def _print_csv(answer: Answer) -> None:
    _write(csv_line(list(answer.columns)))
    async for rows in answer.blocks():
        _write("".join(csv_line(list(row.values())) for row in rows))


async def _print_table(answer: Answer) -> None:
    found: list[Record] = []
    async for rows in answer.blocks():
        found.extend(rows)
    columns = [
        Column(name, right=_is_number(found, place), width_max=CELL_WIDTH_MAX)
        for place, name in enumerate(answer.columns)
    ]
    print_table(out(), columns, [[table_cell(cell) for cell in row.values()] for row in found])


def _is_number(rows: Sequence[Record], place: int) -> bool:
    cells = [row[place] for row in rows if row[place] is not None]
    return bool(cells) and all(isinstance(cell, NUMBERS) for cell in cells)


def _write(text: str) -> None:
    """*text* as it is: it is for programs."""
    sys.stdout.buffer.write(text.encode(errors="backslashreplace"))
    sys.stdout.flush()
