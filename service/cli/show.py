"""`agent-runtime show`: one session as the log tells it, at any of its versions."""

import re
from collections.abc import Iterator, Sequence
from uuid import UUID

from rich.console import Console

from schema import json_text
from schema.completions import Segment
from schema.envelope import RecordedEvent
from schema.errors import Invalid
from schema.events import CompletionReceived, SessionForked, ToolCalled
from service.agent.budgets import KINDS, most, spent
from service.agent.rules import rules_of
from service.agent.session import SessionState
from service.cli.console import age, clock, counted, dollars, out, plain, print_heading, style_of
from service.cli.exits import Exit
from service.cli.messages import session_message
from service.cli.output import print_json
from service.cli.sessions import caught_up
from service.cli.show_mind import WholeMind, mind_message, print_mind, whole_mind
from service.cli.story import Story, print_line, shortened
from service.cli.telling import Line
from service.config import Settings
from service.memories import Memories, open_memories
from service.replay.mind_read import mind_read
from service.replay.states import state_at, version_at
from service.sessions import find_session, read_session


async def show_session(settings: Settings, *, name: str, at: str | None, as_json: bool) -> Exit:
    """Status, prompt as sent, steps and usage, as they were at that version."""
    wanted = place(at)
    async with open_memories(settings) as opened:
        session_id = await find_session(opened.log, name)
        facts = await read_session(opened.log, session_id)
        version = version_at(facts, wanted)
        seen = facts[:version]
        mind = None  # As it stands now, `memory` and `graph` tell.
        if at is not None and seen:
            mind = await _mind(opened, seen)
    tell_shown(session_id, facts, version, mind, as_json=as_json)
    return Exit.DONE


def tell_shown(
    session_id: UUID,
    facts: Sequence[RecordedEvent],
    version: int,
    mind: WholeMind | None,
    *,
    as_json: bool,
) -> None:
    """The session of *facts* as it was at *version*, and its agent's *mind* then, if it is told."""
    seen, state = facts[:version], state_at(facts, version)
    if as_json:
        print_json(
            {
                **session_message(session_id, state),
                **_more(seen, state),
                **mind_message(seen, state, mind),
            }
        )
    else:
        print_session(out(), facts, state)
        if mind is not None:
            print_mind(out(), seen, state, mind)


async def _mind(opened: Memories, seen: Sequence[RecordedEvent]) -> WholeMind:
    """The agent's mind, by rows that are level."""
    for part in ("memory", "graph"):
        await caught_up(opened.log, part)
    return await whole_mind(opened, seen[0].agent_id, mind_read(seen))


def place(at: str | None) -> int | str | None:
    """*at* as a version where it is a number, else as a label."""
    if at is not None and re.fullmatch(r"-[0-9]+", at):
        raise Invalid("--at", "a version is 0 or more")
    return int(at) if at is not None and at.isascii() and at.isdigit() else at


def prompt_as_sent(seen: Sequence[RecordedEvent], state: SessionState) -> Sequence[Segment]:
    """What the model was told before its last completion; before any, what it will be told."""
    if state.started is None:
        return ()
    asked = _asked_at(seen)
    before = state_at(seen, asked[-1] - 1) if asked else state
    prompt = rules_of(state.started).prompt(None, before)
    return () if prompt is None else prompt.segments


def _asked_at(seen: Sequence[RecordedEvent]) -> list[int]:
    """The versions of the completions since the session was forked last, if it ever was."""
    asked: list[int] = []
    for fact in seen:
        if isinstance(fact.event, CompletionReceived):
            asked.append(fact.version)
        elif isinstance(fact.event, SessionForked):
            asked = []
    return asked


def _more(seen: Sequence[RecordedEvent], state: SessionState) -> dict[str, object]:
    return {
        "model": state.model or None,
        "prompt": list(prompt_as_sent(seen, state)),
        "turns": [*state.turns, *([] if state.turn is None else [state.turn])],
        "waiting_for": state.waiting_for,
        "doubtful": state.doubtful,
        "updated_at": seen[-1].recorded_at if seen else None,
    }


def print_session(console: Console, facts: Sequence[RecordedEvent], state: SessionState) -> None:
    """The session of *facts* as it stood in *state*; the answer first, the long prompt last."""
    seen = facts[: state.version]
    if not seen:
        console.print(plain("Before its first event a session is nothing yet.", "dim"))
        return
    _print_head(console, facts, state)
    story = Story(console)
    for fact in seen:
        story.tell(fact)
    print_heading(console, "prompt as sent")
    for segment in prompt_as_sent(seen, state):
        console.print(plain(f"[{segment.role}]", "dim"))
        console.print(plain(shortened(_text(segment))))


def _print_head(console: Console, facts: Sequence[RecordedEvent], state: SessionState) -> None:
    first, usage = facts[0], state.usage
    tokens = f"{usage.input_tokens} in ({usage.cached_tokens} cached), {usage.output_tokens} out"
    rows = [
        Line("session", facts[-1].stream.removeprefix("session-"), "bold"),
        Line("agent", first.agent_id),
        Line("model", state.model or "(erased)"),
        Line("status", _standing(facts, state), style_of(state.status)),
        Line("version", f"{state.version}, after {counted(state.steps, 'step')}"),
        Line("tokens", tokens),
        Line("cost", _cost(state)),
        *_budget(state),
        *_asked(state),
    ]
    for row in rows:
        print_line(console, row)


def _cost(state: SessionState) -> str:
    """In dollars; what nobody knows the price of is told apart from what costs nothing."""
    known = dollars(state.cost_micro_usd / 1_000_000)
    if not state.unpriced:
        return known
    return f"{known} and {counted(state.unpriced, 'completion')} whose price is not known"


def _budget(state: SessionState) -> Iterator[Line]:
    so_far, limits = spent(state), most(state.budget)
    told = [f"{so_far[k]:.15g} of {limits[k]:.15g} {k}" for k in KINDS if limits[k] is not None]
    if told:
        yield Line("budget", ", ".join(told))


def _asked(state: SessionState) -> Iterator[Line]:
    """The calls that somebody must say something about, with what they are to do."""
    for call in () if state.turn is None else state.turn.unreturned:
        if not isinstance(call, ToolCalled):
            continue
        said = f"{call.call_id} {call.tool} {json_text.encode(call.arguments)}"
        if call.call_id in state.waiting_for:
            yield Line("approve?", said, "yellow")
        if call.call_id in state.doubtful:
            yield Line("happened?", said, "yellow")


def _standing(facts: Sequence[RecordedEvent], state: SessionState) -> str:
    """The status and why; of a version that is past, its place; of no end, how long ago it was."""
    why = ": ".join(part for part in (state.cause, state.detail) if part)
    status = f"{state.status} ({why})" if why else str(state.status)
    moment = facts[state.version - 1].recorded_at
    if state.version < len(facts):
        return f"{status} at version {state.version} ({_since(facts, state)}), {clock(moment)}"
    return status if state.ended else f"{status}; its last event is {age(moment)}"


def _since(facts: Sequence[RecordedEvent], state: SessionState) -> str:
    """How many versions there are by now, and what the session has come to after *state*."""
    now = state_at(facts)
    came_to = f"; {now.status} since" if now.ended and not state.ended else ""
    return f"of {len(facts)}{came_to}"


def _text(segment: Segment) -> str:
    asked = [f"{call.name} {call.arguments}" for call in segment.calls]
    told = [result.observation for result in segment.results]
    return "\n".join([segment.text, *asked, *told]).strip("\n")
