"""`agent-runtime sessions`: what ran here, and what runs."""

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from eventlog.log import EventLog
from schema.errors import NotFound
from service.cli.console import age, dollars, one_line, out, plain, status_text
from service.cli.exits import Exit
from service.cli.output import print_json, print_note
from service.cli.table import Column, print_table
from service.config import Settings
from service.sessions import SHORT, SessionRow, find_session, is_behind, list_sessions
from service.store import open_store

COLUMNS: Final = (
    Column("session"),
    Column("agent", width_max=20),
    Column("status"),
    Column("steps", right=True),
    Column("cost", right=True),
    Column("last event"),
    Column("prompt", rest=True),
)


async def show_sessions(settings: Settings, *, limit: int, as_json: bool) -> Exit:
    """The newest sessions, the newest first."""
    async with open_store(settings) as log:
        await caught_up(log, "sessions")
        await caught_up(log, "steps")
        rows = await list_sessions(log, limit)
        unseen = not rows and await _any_begun(log)
    tell_sessions(rows, unseen=unseen, as_json=as_json)
    return Exit.DONE


def tell_sessions(rows: Sequence[SessionRow], *, unseen: bool, as_json: bool) -> None:
    """The sessions of *rows*; *unseen*: there are some, of which no row tells."""
    if as_json:
        for row in rows:
            print_json(_session(row))
    elif rows:
        print_table(out(), COLUMNS, [_cells(row) for row in rows])
    elif unseen:
        print_note(
            "The log has sessions, the list of them is empty: "
            "run `agent-runtime projections rebuild sessions`."
        )
    else:
        print_note('There is no session yet. Try: agent-runtime run "What is 17*23?"')


async def caught_up(log: EventLog, projection: str) -> None:
    """Return when *projection* tells of all that the log holds, with a bar if that takes long."""
    if await is_behind(log, projection):
        # Projections bring SQLModel along, which takes longer to load than all else together.
        from service.cli.catching_up import catch_up_with_bar

        await catch_up_with_bar(log)


def _session(row: SessionRow) -> dict[str, object]:
    return {
        "id": row.id,
        "agent": row.agent_id,
        "status": row.status,
        "version": row.version,
        "answer": row.answer,
        "cause": row.cause,
        "detail": row.detail or "",
        "usage": {
            "input_tokens": row.input_tokens,
            "output_tokens": row.output_tokens,
            "cached_tokens": row.cached_tokens,
        },
        "cost": row.cost,
        "prompt": row.prompt,
        "model": row.model,
        "steps": row.steps,
        "started_at": row.started_at,
        "updated_at": row.updated_at,
        "ended_at": row.ended_at,
    }


async def _any_begun(log: EventLog) -> bool:
    """Whether the log, which knows better than its read models, has a session."""
    try:
        await find_session(log, "last")
    except NotFound:
        return False
    return True


def _cells(row: SessionRow) -> Sequence[Text]:
    return (
        plain(str(row.id)[-SHORT:]),
        plain(row.agent_id),
        status_text(row.status),
        plain(str(row.steps)),
        plain(dollars(row.cost)),
        plain(age(row.updated_at)),
        one_line(row.prompt),
    )
