"""`agent-runtime replay`: a session's states from its log alone, and the proof that they follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from eventlog.digests import altered_versions
from eventlog.log import EventLog
from schema.envelope import RecordedEvent
from schema.errors import UnknownEvent
from schema.ids import session_stream
from service.agent.moves import Act, Decide, Move, Recall, Stop, Think, Transact, Wait
from service.agent.rules import rules_of
from service.agent.session import SessionState
from service.cli.console import counted, out, plain
from service.cli.exits import Exit
from service.cli.output import print_json, print_text
from service.cli.show import place
from service.config import Settings
from service.replay import Difference, Report, states, verify
from service.replay.states import version_at
from service.sessions import find_session, head_of, read_session
from service.store import open_store

UNREADABLE: Final = "unreadable"


@dataclass(frozen=True)
class Past:
    """What the log holds of one session, and what it says of its own integrity."""

    facts: Sequence[RecordedEvent]
    changed: frozenset[int]
    """Versions whose digest is not that of their bytes."""
    head: int
    """The version that the stream has come to by its own account."""


async def replay_session(
    settings: Settings, *, name: str, at: str | None, verifying: bool, as_json: bool
) -> Exit:
    """Walk the recorded states up to a version; *verifying*, compare them with their rules."""
    async with open_store(settings) as log:
        session_id = await find_session(log, name)
        try:
            past = await _past(log, session_id)
        except (UnknownEvent, msgspec.ValidationError):  # In an event's data, or its metadata.
            report = await _unreadable(log, session_id) if verifying else None
            if report is None:
                raise
            return _tell_report(report, as_json=as_json)
    version = version_at(past.facts, place(at))
    for fact, state in zip(past.facts[:version], states(past.facts[:version]), strict=True):
        _tell_state(fact, state, as_json=as_json)
    return _tell_report(_verified(past, version), as_json=as_json) if verifying else Exit.DONE


async def _past(log: EventLog, session_id: UUID) -> Past:
    changed = await _changed(log, session_id)
    return Past(await read_session(log, session_id), changed, await head_of(log, session_id))


async def _changed(log: EventLog, session_id: UUID) -> frozenset[int]:
    stream = session_stream(session_id)
    async with log.database.acquire() as conn:
        altered = altered_versions(conn, log.partition_of(stream), stream)
        return frozenset([version async for version in altered])


async def _unreadable(log: EventLog, session_id: UUID) -> Report | None:
    """The first difference where an event was altered until it could not be read: it, at most."""
    changed = await _changed(log, session_id)
    if not changed:
        return None
    first = min(changed)
    before = await read_session(log, session_id, up_to=first - 1) if first > 1 else []
    report = _of_a_part(verify(before))
    return Report(report.difference or _data_changed(first), report.checked)


def _data_changed(version: int) -> Difference:
    return Difference(
        kind="data",
        version=version,
        event_type=UNREADABLE,
        expected="the bytes that were appended",
        found="other bytes",
    )


def _verified(past: Past, version: int) -> Report:
    """The first difference up to *version*; what lies behind it is not asked for."""
    report = verify(past.facts, changed=past.changed, up_to=version)
    if version < len(past.facts):
        return _of_a_part(report)
    if report.difference is None and past.head != len(past.facts):
        return Report(_cut_off(past), report.checked)
    return report


def _of_a_part(report: Report) -> Report:
    """*report* without the one difference that comes of having read a part only: the end."""
    cut = report.difference is not None and report.difference.kind == "end"
    return Report(None, report.checked) if cut else report


def _cut_off(past: Past) -> Difference:
    return Difference(
        kind="order",
        version=len(past.facts) + 1,
        event_type="missing",
        expected=f"{past.head} events, as the stream's head says",
        found=f"{len(past.facts)}",
    )


def _tell_state(fact: RecordedEvent, state: SessionState, *, as_json: bool) -> None:
    move = _words(_next_move(state))
    if as_json:
        print_json(
            {
                "version": fact.version,
                "type": fact.type,
                "status": state.status.value,
                "steps": state.steps,
                "next": move,
            }
        )
    else:
        print_text(f"{fact.version:>5}  {fact.type:<20}  {state.status:<9}  {move}")


def _next_move(state: SessionState) -> Move:
    if state.started is None:
        return Wait("erased")
    return rules_of(state.started).next_move(state)


def _words(move: Move) -> str:
    match move:
        case Recall():
            return "asks memory"
        case Think(step):
            return f"asks the model for step {step}"
        case Transact(call):
            return f"runs {call.tool} ({call.call_id})"
        case Act(calls):
            return "runs " + ", ".join(f"{call.tool} ({call.call_id})" for call in calls)
        case Decide(owed):
            return "decides " + ", ".join(event.type for event in owed)
        case Wait(reason):
            return f"waits: {reason}"
        case Stop(reason):
            return f"has ended: {reason}"


def _tell_report(report: Report, *, as_json: bool) -> Exit:
    difference = report.difference
    if as_json:
        found = None if difference is None else msgspec.to_builtins(difference)
        checked = msgspec.to_builtins(report.checked)
        print_json({"verified": difference is None, "checked": checked, "difference": found})
    else:
        _print_report(report)
    return Exit.DONE if difference is None else Exit.DIFFERENT


def _print_report(report: Report) -> None:
    console, checked = out(), report.checked
    if report.difference is not None:
        console.print(plain(f"different ({report.difference.kind})", "bold red"))
        console.print(plain(str(report.difference)), soft_wrap=True)
        return
    erased = f", {checked.erased} erased" if checked.erased else ""
    console.print(
        plain("verified", "bold green"),
        plain(
            f"{counted(checked.events, 'event')}: digests, "
            f"{counted(checked.decisions, 'decision')} and {counted(checked.prompts, 'prompt')} "
            f"are what the rules make of {counted(checked.inputs, 'input')}{erased}"
        ),
    )
