"""`agent-runtime replay`: a session's states from its log alone, and the proof that they follow."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from schema.envelope import RecordedEvent
from schema.errors import UnknownEvent
from service.agent.moves import Act, Decide, Move, Pass, Recall, Stop, Think, Transact, Wait
from service.agent.rules import rules_of
from service.agent.session import SessionState
from service.cli.console import counted, out, plain
from service.cli.exits import Exit
from service.cli.output import print_json, print_text
from service.cli.show import place
from service.config import Settings
from service.replay import Report, bundle, states
from service.replay.bundled import found_session, past_of
from service.replay.past import Past, read_past, verified
from service.replay.states import version_at
from service.sessions import find_session
from service.store import open_store


async def replay_session(
    settings: Settings, *, name: str, at: str | None, verifying: bool, as_json: bool
) -> Exit:
    """Walk the recorded states up to a version; *verifying*, compare them with their rules."""
    async with open_store(settings) as log:
        session_id = await find_session(log, name)
        past = await read_past(log, session_id)
    return _tell_past(past, at=at, verifying=verifying, as_json=as_json)


def replay_bundle(*, path: Path, name: str, at: str | None, verifying: bool, as_json: bool) -> Exit:
    """The same of a session in a bundle: no database is opened."""
    with bundle.opened(path) as opened:
        past = past_of(opened, found_session(opened, name))
    return _tell_past(past, at=at, verifying=verifying, as_json=as_json)


def _tell_past(past: Past | Report, *, at: str | None, verifying: bool, as_json: bool) -> Exit:
    if isinstance(past, Report):
        if verifying:
            return tell_report(past, as_json=as_json)
        raise UnknownEvent(str(past.difference))
    version = version_at(past.facts, place(at))
    tell_states(past.facts[:version], as_json=as_json)
    return tell_report(verified(past, version), as_json=as_json) if verifying else Exit.DONE


def tell_states(facts: Sequence[RecordedEvent], *, as_json: bool) -> None:
    """What each of *facts* made of the session, and what came next by its rules."""
    for fact, state in zip(facts, states(facts), strict=True):
        _tell_state(fact, state, as_json=as_json)


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
            return "asks memory and graph"
        case Think(step):
            return f"asks the model for step {step}"
        case Pass(step):
            return f"passes the answer of step {step} through its stages"
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


def tell_report(report: Report, *, as_json: bool) -> Exit:
    """What verifying found, and the exit code that says so."""
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
