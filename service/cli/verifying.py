"""`agent-runtime verify`: many sessions, each with its first difference, and what that came to."""

from collections.abc import AsyncIterator, Sequence

import msgspec
from rich.progress import Progress, SpinnerColumn, TextColumn

from eventlog.log import EventLog
from schema.errors import NotFound
from schema.messages.base import Message, Moment
from schema.messages.checked import checked
from service.cli.console import counted, err, out, plain
from service.cli.exits import Exit
from service.cli.output import print_json
from service.config import Settings
from service.replay.many import Summary, Verified, Wanted, verify_many
from service.replay.past import read_past, verified
from service.replay.report import Report
from service.sessions import SHORT, find_session
from service.store import open_store


class _Bounds(Message):
    """From when to when sessions began."""

    since: Moment | None = None
    until: Moment | None = None


async def verify_sessions(
    settings: Settings,
    *,
    names: Sequence[str],
    agent: str | None,
    since: str | None,
    until: str | None,
    as_json: bool,
) -> Exit:
    """Those that are named, else an agent's, those of some time, or all; exit 4 on a difference."""
    bounds = checked(_Bounds, {"since": since, "until": until})
    wanted = Wanted(agent_id=agent, since=bounds.since, until=bounds.until)
    summary = Summary()
    async with open_store(settings) as log:
        found = _named(log, names) if names else verify_many(log, wanted)
        with _progress() as progress:
            task = progress.add_task("", total=None)
            async for one in found:
                summary.add(one.report.difference, one.report.checked)
                progress.update(task, description=_so_far(summary))
                _tell(one, as_json=as_json)
    if agent is not None and not summary.sessions:
        raise NotFound(f"no session of agent {agent!r} began then: nothing was verified")
    _tell_summary(summary, as_json=as_json)
    return Exit.DIFFERENT if summary.different else Exit.DONE


async def _named(log: EventLog, names: Sequence[str]) -> AsyncIterator[Verified]:
    for name in names:
        session_id = await find_session(log, name)
        past = await read_past(log, session_id)
        report = past if isinstance(past, Report) else verified(past, len(past.facts))
        yield Verified(session=session_id, report=report)


def _progress() -> Progress:
    """On stderr, where that is a terminal."""
    console = err()
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _so_far(summary: Summary) -> str:
    return f"{counted(summary.sessions, 'session')}, {summary.different} different"


def _tell(one: Verified, *, as_json: bool) -> None:
    """A session that differs; for machines, every one."""
    difference = one.report.difference
    if as_json:
        print_json(
            {
                "session": one.session,
                "verified": difference is None,
                "checked": msgspec.to_builtins(one.report.checked),
                "difference": None if difference is None else msgspec.to_builtins(difference),
            }
        )
    elif difference is not None:
        head = f"session {str(one.session)[-SHORT:]}: different ({difference.kind})"
        out().print(plain(head, "bold red"), plain(str(difference)), soft_wrap=True)


def _tell_summary(summary: Summary, *, as_json: bool) -> None:
    if as_json:
        print_json({"summary": msgspec.to_builtins(summary)})
        return
    checked_ = summary.checked
    erased = f", {checked_.erased} erased" if checked_.erased else ""
    state = f"{summary.different} different" if summary.different else "verified"
    out().print(
        plain(state, "bold red" if summary.different else "bold green"),
        plain(
            f"{counted(summary.sessions, 'session')}: {counted(checked_.events, 'event')}, "
            f"{counted(checked_.decisions, 'decision')}, {counted(checked_.prompts, 'prompt')}"
            f"{erased}"
        ),
    )
