"""`agent-runtime whatif`: sessions run once more, otherwise, beside what they were."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from rich.console import Console

from eventlog.log import EventLog
from eventlog.statements import statement
from schema import json_text
from schema.messages.checked import checked
from schema.messages.memory import MemorySettings
from schema.messages.whatif import AskWhatIf
from service.audit.backtest import Retried, retry_recalls
from service.audit.whatif import Tried, what_if
from service.cli.console import counted, one_line, out, plain
from service.cli.exits import Exit
from service.cli.output import print_json
from service.cli.run import Allowed, opened
from service.cli.sessions import caught_up
from service.config import Settings
from service.memories import open_memories
from service.replay.diff import Aligned, Outcome
from service.sessions import SHORT, find_session, read_session

OF_AGENT: Final = statement("service", "sessions_of_agent")


async def ask_what_if(
    settings: Settings,
    *,
    names: Sequence[str],
    agent: str | None,
    last: int,
    said: Mapping[str, object],
    allowed: Allowed,
    as_json: bool,
) -> Exit:
    """Each session once more with what was said; exit 4 where one came to something else."""
    command = checked(AskWhatIf, said)
    same = True
    async with opened(settings, allowed) as runtime:
        for session_id in await _sessions(runtime.log, names, agent, last):
            tried = await what_if(runtime, session_id, command)
            same = same and tried.comparison.came_alike and tried.missed is None
            _tell(tried, as_json=as_json)
    return Exit.DONE if same else Exit.DIFFERENT


async def backtest(
    settings: Settings,
    *,
    names: Sequence[str],
    agent: str | None,
    last: int,
    memory: Mapping[str, object],
    as_json: bool,
) -> Exit:
    """Each recorded recall under other settings of memory; exit 4 where one changes."""
    wanted = checked(MemorySettings, memory)
    asked = changed = 0
    async with open_memories(settings) as minds:
        await caught_up(minds.log, "memory")
        for session_id in await _sessions(minds.log, names, agent, last):
            facts = await read_session(minds.log, session_id)
            for retried in await retry_recalls(minds.memory, facts, wanted):
                asked, changed = asked + 1, changed + retried.changed
                _tell_retried(retried, as_json=as_json)
    if not as_json:
        out().print(plain(f"{changed} of {counted(asked, 'recall')} would change", "bold"))
    return Exit.DIFFERENT if changed else Exit.DONE


async def _sessions(
    log: EventLog, names: Sequence[str], agent: str | None, last: int
) -> list[UUID]:
    if agent is None:
        return [await find_session(log, name) for name in names]
    await caught_up(log, "sessions")
    async with log.database.acquire() as conn:
        return [row["id"] for row in await conn.fetch(OF_AGENT, agent, last)]


def _tell(tried: Tried, *, as_json: bool) -> None:
    parts = tried.comparison.parts_at
    if as_json:
        said: dict[str, Any] = msgspec.to_builtins(tried)
        print_json({**said, "parts_at": None if parts is None else parts.step})
        return
    console = out()
    console.print(plain(f"session {str(tried.session)[-SHORT:]}", "bold"), plain(_parted(parts)))
    _print_outcome(console, "was", tried.comparison.left)
    _print_outcome(console, "would be", tried.comparison.right)
    if tried.missed is not None:
        call = f"{tried.missed.tool} {json_text.encode(tried.missed.arguments)}"
        console.print(plain("  stopped  ", "yellow"), one_line(f"no answer recorded of {call}"))


def _parted(parts: Aligned | None) -> str:
    if parts is None:
        return "the same steps"
    return f"parts at step {parts.step} ({', '.join(parts.differs)})"


def _print_outcome(console: Console, name: str, outcome: Outcome) -> None:
    usage = outcome.usage
    spent = f"{usage.input_tokens} + {usage.output_tokens} tokens, {outcome.busy_ms / 1000:.2f} s"
    spent += "" if outcome.cost is None else f", ${outcome.cost:.6g}"
    head = f"  {name:<9}{outcome.status}, {counted(outcome.steps, 'step')}, {spent}:"
    console.print(plain(head), one_line(outcome.answer or "no answer"))


def _tell_retried(retried: Retried, *, as_json: bool) -> None:
    if as_json:
        print_json({**msgspec.to_builtins(retried), "changed": retried.changed})
        return
    if not retried.changed:
        return
    console = out()
    where = f"{retried.session[-SHORT:]}@{retried.version}"
    console.print(plain(where, "bold"), one_line(retried.query))
    for sign, items, style in (("-", retried.before, "red"), ("+", retried.after, "green")):
        for item in items:
            console.print(plain(f"  {sign} {item.score:.3f}", style), one_line(item.content))
