"""What tells two sessions apart, or two versions of one: where they part, and what they came to."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from schema.envelope import RecordedEvent
from schema.events import (
    Erased,
    GraphRecalled,
    MemoryRecalled,
    SessionStarted,
    ToolCalled,
    ToolReturned,
    Usage,
)
from service.agent.session import SessionState, fold
from service.agent.turn import Turn

What = Literal["thought", "action", "observation", "missing"]

_NO_MATTER: Final = frozenset({"salt", "epoch", "mind"})
"""Of a session's start: what shapes no answer by itself; what was read of the mind is compared."""


class Call(Struct, frozen=True, kw_only=True):
    """A tool that was asked for, and what came back."""

    tool: str
    arguments: Any = None
    observation: str | None = None
    """None until it returned, and where it was erased."""


class Step(Struct, frozen=True, kw_only=True):
    """One completion, and what it led to."""

    text: str | None
    """None where it was erased."""
    calls: tuple[Call, ...] = ()
    usage: Usage = Usage()
    latency_ms: float = 0.0


class Aligned(Struct, frozen=True, kw_only=True):
    """The steps of one number, and in what they differ."""

    step: int
    left: Step | None
    right: Step | None
    differs: tuple[What, ...] = ()


class Changed(Struct, frozen=True, kw_only=True):
    """Something that the sessions began with, or were told before their first step."""

    name: str
    left: Any
    right: Any


class Outcome(Struct, frozen=True, kw_only=True):
    """What one of the two had come to."""

    version: int
    status: str
    answer: str | None
    steps: int
    usage: Usage
    busy_ms: float
    """How long models and tools were at work."""
    cost: float | None
    """In dollars; None where the price of a completion is not known."""
    memory: int | None = None
    """The version at which its memory was read last."""
    graph: int | None = None


class Comparison(Struct, frozen=True, kw_only=True):
    """Two sessions side by side."""

    left: Outcome
    right: Outcome
    began: tuple[Changed, ...] = ()
    """In what they began differently, or were told something else."""
    steps: tuple[Aligned, ...] = ()

    @property
    def parts_at(self) -> Aligned | None:
        """The first step that differs; None where all are alike."""
        return next((aligned for aligned in self.steps if aligned.differs), None)

    @property
    def is_alike(self) -> bool:
        """Whether they said and did the same, whatever time that took."""
        return not self.began and self.came_alike

    @property
    def came_alike(self) -> bool:
        """The same, whatever they began with."""
        alike = self.left.answer == self.right.answer and self.left.status == self.right.status
        return alike and self.parts_at is None


def compare(left: Sequence[RecordedEvent], right: Sequence[RecordedEvent]) -> Comparison:
    """*left* and *right*, each a session's events up to some version; steps by their numbers."""
    states = [fold(fact.event for fact in facts) for facts in (left, right)]
    return Comparison(
        left=_outcome(left, states[0]),
        right=_outcome(right, states[1]),
        began=tuple(_began(*states)),
        steps=tuple(_aligned(*map(_steps, states))),
    )


def _aligned(left: Sequence[Step], right: Sequence[Step]) -> Iterator[Aligned]:
    for number, (one, other) in enumerate(zip_longest(left, right), start=1):
        yield Aligned(step=number, left=one, right=other, differs=_differs(one, other))


def _differs(left: Step | None, right: Step | None) -> tuple[What, ...]:
    if left is None or right is None:
        return ("missing",)
    asked = [[(call.tool, call.arguments) for call in step.calls] for step in (left, right)]
    came = [[call.observation for call in step.calls] for step in (left, right)]
    found: list[What] = []
    if left.text != right.text:
        found.append("thought")
    if asked[0] != asked[1]:
        found.append("action")
    if came[0] != came[1]:
        found.append("observation")
    return tuple(found)


def _steps(state: SessionState) -> list[Step]:
    turns = [*state.turns, *([] if state.turn is None else [state.turn])]
    return [_step(turn) for turn in turns]


def _step(turn: Turn) -> Step:
    completion = turn.completion
    calls = tuple(_call(call, back) for call, back in zip(turn.calls, turn.returns, strict=True))
    if isinstance(completion, Erased):
        return Step(text=None, calls=calls)
    return Step(
        text=completion.text,
        calls=calls,
        usage=completion.usage,
        latency_ms=completion.latency_ms,
    )


def _call(call: ToolCalled | Erased, back: ToolReturned | Erased | None) -> Call:
    observation = back.observation if isinstance(back, ToolReturned) else None
    if isinstance(call, Erased):
        return Call(tool="(erased)", observation=observation)
    return Call(tool=call.tool, arguments=call.arguments, observation=observation)


def _outcome(facts: Sequence[RecordedEvent], state: SessionState) -> Outcome:
    memory: int | None = None
    graph: int | None = None
    for fact in facts:
        if isinstance(fact.event, MemoryRecalled):
            memory = fact.event.version
        elif isinstance(fact.event, GraphRecalled):
            graph = fact.event.version
    return Outcome(
        version=state.version,
        status=state.status.value,
        answer=state.answer,
        steps=state.steps,
        usage=state.usage,
        busy_ms=round(state.busy_ms + state.tools_ms, 3),
        cost=state.cost,
        memory=memory,
        graph=graph,
    )


def _began(left: SessionState, right: SessionState) -> Iterator[Changed]:
    """In what the starts differ, field by field, and what mind was told first."""
    for name in SessionStarted.__struct_fields__:
        one, other = (getattr(state.started, name, None) for state in (left, right))
        if name not in _NO_MATTER and one != other:
            sides = (msgspec.to_builtins(one), msgspec.to_builtins(other))
            yield Changed(name=name, left=sides[0], right=sides[1])
    memories = [_memories(state.recalled) for state in (left, right)]
    if memories[0] != memories[1]:
        yield Changed(name="recalled", left=memories[0], right=memories[1])
    known = [_known(state.graph) for state in (left, right)]
    if known[0] != known[1]:
        yield Changed(name="known", left=known[0], right=known[1])


def _memories(recalled: MemoryRecalled | None) -> list[str]:
    return [] if recalled is None else [item.content for item in recalled.items if item.told]


def _known(recalled: GraphRecalled | None) -> list[str]:
    if recalled is None:
        return []
    entities = [f"{one.id} ({one.label})" for one in recalled.entities if one.told]
    return entities + [
        f"{one.source} {one.kind} {one.target}" for one in recalled.relationships if one.told
    ]
