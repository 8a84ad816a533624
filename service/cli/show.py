"""`agent-runtime show`: one session as the log tells it, at any of its versions."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.rule import Rule

from schema.completions import Segment
from schema.envelope import RecordedEvent
from schema.events import CompletionReceived
from service.agent.rules import rules_of
from service.agent.session import SessionState
from service.cli.console import age, out, plain, style_of
from service.cli.exits import Exit
from service.cli.messages import session_message
from service.cli.output import print_json
from service.cli.story import Story, labelled, shortened
from service.cli.telling import Line
from service.config import Settings
from service.replay.states import state_at, version_at
from service.sessions import find_session, read_session
from service.store import open_store


async def show_session(settings: Settings, *, name: str, at: str | None, as_json: bool) -> Exit:
    """Status, prompt as sent, steps and usage, as they were at that version."""
    async with open_store(settings) as log:
        session_id = await find_session(log, name)
        facts = await read_session(log, session_id)
    version = version_at(facts, place(at))
    seen = facts[:version]
    state = state_at(facts, version)
    if as_json:
        shown = {**session_message(session_id, state), **_more(seen, state)}
        print_json(shown)
    else:
        _print(out(), seen, state)
    return Exit.DONE


def place(at: str | None) -> int | str | None:
    """*at* as a version where it is a number, else as a label."""
    return int(at) if at is not None and at.isascii() and at.isdigit() else at


def prompt_as_sent(seen: Sequence[RecordedEvent], state: SessionState) -> Sequence[Segment]:
    """What the model was told before its last completion; before any, what it will be told."""
    if state.started is None:
        return ()
    asked = [fact.version for fact in seen if isinstance(fact.event, CompletionReceived)]
    before = state_at(seen, asked[-1] - 1) if asked else state
    rules = rules_of(state.started)
    return rules.extend(rules.begin(state.started), before).segments


def _more(seen: Sequence[RecordedEvent], state: SessionState) -> dict[str, object]:
    started = state.started
    return {
        "model": None if started is None else started.model,
        "prompt": list(prompt_as_sent(seen, state)),
        "turns": [*state.turns, *([] if state.turn is None else [state.turn])],
        "updated_at": seen[-1].recorded_at if seen else None,
    }


def _print(console: Console, seen: Sequence[RecordedEvent], state: SessionState) -> None:
    if not seen:
        console.print(plain("Before its first event a session is nothing yet.", "dim"))
        return
    _print_head(console, seen, state)
    console.print(Rule("prompt as sent", align="left", style="dim"))
    for segment in prompt_as_sent(seen, state):
        console.print(plain(f"[{segment.role}]", "dim"))
        console.print(plain(shortened(_text(segment))))
    console.print(Rule("steps", align="left", style="dim"))
    story = Story(console)
    for fact in seen:
        story.tell(fact)


def _print_head(console: Console, seen: Sequence[RecordedEvent], state: SessionState) -> None:
    last, usage = seen[-1], state.usage
    tokens = f"{usage.input_tokens} in ({usage.cached_tokens} cached), {usage.output_tokens} out"
    rows = [
        Line("session", last.stream.removeprefix("session-"), "bold"),
        Line("agent", last.agent_id),
        Line("model", state.started.model if state.started else "(erased)"),
        Line("status", _standing(state, last.recorded_at), style_of(state.status)),
        Line("version", f"{state.version}, after {state.steps} steps"),
        Line("tokens", tokens),
    ]
    for row in rows:
        console.print(labelled(row))


def _standing(state: SessionState, since: datetime) -> str:
    """The status and why; of one that has no end, how long it has been silent."""
    why = ": ".join(part for part in (state.cause, state.detail) if part)
    if state.ended:
        return f"{state.status} ({why})" if why else str(state.status)
    return f"{state.status}{f' ({why})' if why else ''}; its last event is {age(since)}"


def _text(segment: Segment) -> str:
    asked = [f"{call.name} {call.arguments}" for call in segment.calls]
    told = [result.observation for result in segment.results]
    return "\n".join([segment.text, *asked, *told]).strip("\n")
