"""`agent-runtime sessions`: what ran here, and what runs."""

from collections.abc import Sequence

from rich.table import Table

from eventlog.log import EventLog
from service.cli.console import age, one_line, out, status_text
from service.cli.exits import Exit
from service.cli.output import print_json, print_note
from service.config import Settings
from service.sessions import SHORT, SessionRow, is_behind, list_sessions
from service.store import open_store


async def show_sessions(settings: Settings, *, limit: int, as_json: bool) -> Exit:
    """The newest sessions, the newest first."""
    async with open_store(settings) as log:
        await caught_up(log, "sessions")
        rows = await list_sessions(log, limit)
    if as_json:
        for row in rows:
            print_json(_session(row))
    elif rows:
        out().print(_table(rows))
    else:
        print_note('There is no session yet. Try: agent-runtime run "What is 17*23?"')
    return Exit.DONE


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
        "usage": {
            "input_tokens": row.input_tokens,
            "output_tokens": row.output_tokens,
            "cached_tokens": row.cached_tokens,
        },
        "prompt": row.prompt,
        "model": row.model,
        "steps": row.steps,
        "started_at": row.started_at,
        "updated_at": row.updated_at,
        "ended_at": row.ended_at,
    }


def _table(rows: Sequence[SessionRow]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("session", no_wrap=True)
    table.add_column("agent", no_wrap=True, max_width=20)
    table.add_column("status", no_wrap=True)
    table.add_column("steps", justify="right")
    table.add_column("last event", no_wrap=True)
    table.add_column("prompt", no_wrap=True, overflow="ellipsis", ratio=1)
    for row in rows:
        table.add_row(
            str(row.id)[-SHORT:],
            row.agent_id,
            status_text(row.status),
            str(row.steps),
            age(row.updated_at),
            one_line(row.prompt),
        )
    return table
