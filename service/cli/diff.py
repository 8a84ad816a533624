"""`agent-runtime diff`: two sessions, or two versions of one, side by side."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from rich.console import Console

from schema import json_text
from schema.envelope import RecordedEvent
from service.cli.console import counted, one_line, out, plain, print_heading
from service.cli.exits import Exit
from service.cli.output import print_json
from service.cli.sessions import caught_up
from service.cli.show import place
from service.config import Settings
from service.graph.answers import Changes as GraphChanges
from service.memories import Memories, open_memories
from service.memory.reading import Changes as MemoryChanges
from service.replay.diff import Aligned, Call, Comparison, Outcome, Step, compare
from service.replay.states import version_at
from service.sessions import find_session, read_session

SHOWN_MAX: Final = 20
"""Steps that differ, and changes of the mind, of each that are shown; `--json` has all steps."""


class Delta(Struct, frozen=True, kw_only=True):
    """What has changed in the one mind that both have read, between the two readings."""

    memory: MemoryChanges | None = None
    graph: GraphChanges | None = None


async def show_diff(settings: Settings, *, left: str, right: str, as_json: bool) -> Exit:
    """What tells the two apart; exit 4 where they said or did something else."""
    async with open_memories(settings) as opened:
        sides = [await _read(opened, name) for name in (left, right)]
        comparison = compare(*sides)
        delta = await _delta(opened, sides, comparison)
    if as_json:
        print_json(_message(comparison, delta))
    else:
        _print(out(), (left, right), comparison, delta)
    return Exit.DONE if comparison.is_alike else Exit.DIFFERENT


async def _read(opened: Memories, name: str) -> Sequence[RecordedEvent]:
    """The events of what was typed: a session, or `SESSION@N` or `SESSION@LABEL`."""
    session, _, at = name.partition("@")
    facts = await read_session(opened.log, await find_session(opened.log, session))
    return facts[: version_at(facts, place(at or None))]


async def _delta(
    opened: Memories, sides: Sequence[Sequence[RecordedEvent]], comparison: Comparison
) -> Delta:
    """Between two readings of one agent's mind; nothing where they are two agents'."""
    left, right = comparison.left, comparison.right
    agents = {facts[0].agent_id for facts in sides if facts}
    if len(agents) != 1:
        return Delta()
    (agent_id,) = agents
    memory: MemoryChanges | None = None
    graph: GraphChanges | None = None
    if left.memory is not None and right.memory is not None and left.memory != right.memory:
        await caught_up(opened.log, "memory")
        memory = await opened.memory.diff(agent_id, *sorted((left.memory, right.memory)))
    if left.graph is not None and right.graph is not None and left.graph != right.graph:
        await caught_up(opened.log, "graph")
        since, until = sorted((left.graph, right.graph))
        graph = await opened.graphs.diff(agent_id, since, until, SHOWN_MAX)
    return Delta(memory=memory, graph=graph)


def _message(comparison: Comparison, delta: Delta) -> dict[str, Any]:
    parts = comparison.parts_at
    return {
        "alike": comparison.is_alike,
        "parts_at": None if parts is None else {"step": parts.step, "differs": parts.differs},
        **msgspec.to_builtins(comparison),
        "mind": msgspec.to_builtins(delta),
    }


def _print(console: Console, names: tuple[str, str], comparison: Comparison, delta: Delta) -> None:
    for name, outcome in zip(names, (comparison.left, comparison.right), strict=True):
        console.print(plain(f"{name:<12} {_outcome(outcome)}"))
    for changed in comparison.began:
        sides = [_text(side) for side in (changed.left, changed.right)]
        _print_sides(console, f"began with another {changed.name}", *sides)
    parted = [aligned for aligned in comparison.steps if aligned.differs]
    alike = len(comparison.steps) - len(parted)
    console.print()
    console.print(plain(f"{counted(alike, 'step')} alike, {len(parted)} not", "bold"))
    for aligned in parted[:SHOWN_MAX]:
        _print_step(console, aligned)
    if len(parted) > SHOWN_MAX:
        console.print(plain(f"and {len(parted) - SHOWN_MAX} more: see --json", "dim"))
    if comparison.left.answer != comparison.right.answer:
        answers = [side.answer or "(none)" for side in (comparison.left, comparison.right)]
        _print_sides(console, "answer", *answers)
    _print_delta(console, delta)


def _outcome(outcome: Outcome) -> str:
    usage = outcome.usage
    tokens = f"{usage.input_tokens} + {usage.output_tokens} tokens"
    work = f"{outcome.busy_ms / 1000:.2f} s at work"
    place = f"{outcome.status} at version {outcome.version}"
    cost = "" if outcome.cost is None else f", ${outcome.cost:.6g}"
    return f"{place}, {counted(outcome.steps, 'step')}, {tokens}, {work}{cost}"


def _print_step(console: Console, aligned: Aligned) -> None:
    _print_sides(
        console,
        f"step {aligned.step}: another {', '.join(aligned.differs)}"
        if "missing" not in aligned.differs
        else f"step {aligned.step}: on one side alone",
        _step(aligned.left),
        _step(aligned.right),
    )


def _step(step: Step | None) -> str:
    if step is None:
        return "(none)"
    said = [step.text or ("(erased)" if step.text is None else ""), *map(_call, step.calls)]
    return " ".join(part for part in said if part)


def _call(call: Call) -> str:
    back = "" if call.observation is None else f" → {call.observation}"
    return f"[{call.tool} {json_text.encode(call.arguments)}{back}]"


def _print_sides(console: Console, title: str, left: str, right: str) -> None:
    print_heading(console, title)
    for sign, text, style in (("-", left, "red"), ("+", right, "green")):
        console.print(plain(sign, style), one_line(text))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json_text.encode(value)


def _print_delta(console: Console, delta: Delta) -> None:
    if delta.memory is not None:
        since, until = delta.memory.since, delta.memory.version
        print_heading(console, f"memory from version {since} to {until}")
        for change in delta.memory.differences[:SHOWN_MAX]:
            texts = " → ".join(text for text in (change.before, change.after) if text)
            console.print(plain(f"{change.what:<8}"), one_line(f"{change.kind} {texts}"))
    if delta.graph is not None:
        since, until = delta.graph.since, delta.graph.version
        print_heading(console, f"graph from version {since} to {until}")
        for one in delta.graph.differences[:SHOWN_MAX]:
            console.print(plain(f"{one.what:<8}"), one_line(f"{one.kind} {one.name}"))
