"""Verify finds what a graph cannot have given, and what was not made of it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schema import events
from schema.events import Erased, Event
from service.replay import Report, verify
from tests.minds import AT
from tests.scripted_sessions import (
    ACTION,
    ANSWER,
    MemoryLog,
    Said,
    asks,
    knowing,
    recorded,
    remembering,
    run,
    says,
    started,
)

TASK = "Where does ana work? And bob?"
NATIVE = events.Protocol.NATIVE
SMALL = events.GraphPolicy(max_entities=1, max_relationships=1, max_tokens=12)
BOTH = remembering(graph=SMALL, prompt=TASK, protocol=NATIVE)
BOTH = replace(BOTH, tools=(*BOTH.tools, *knowing().tools[2:]))
STARTS = [
    knowing(prompt=TASK),
    knowing(prompt=TASK, graph=SMALL, protocol=NATIVE),
    knowing(graph=None, protocol=NATIVE),
    BOTH,
    replace(BOTH, memory=events.MemoryPolicy(max_memory_recalls=0)),
]
CALLS: list[tuple[str, Any]] = [
    ("relate", {"from": "ana", "kind": "likes", "to": "carl"}),
    ("relate", {"from": "ana", "kind": "likes", "to": "carl", "remove": True}),
    ("describe", {"id": "ana"}),
    ("describe", "bob"),
    ("describe", {"id": "ana", "properties": {"age": 40}}),
    ("describe", {"id": "bob", "remove": True}),
    ("neighbours", {"id": "ana", "limit": 1}),
    ("neighbours", {"id": "nobody"}),
    ("path", {"from": "bob", "to": "graz"}),
    ("recall", {"query": "ana"}),
    ("calculator", {}),
]
SAYINGS: list[Said] = [ACTION, says("?"), *(asks(call) for call in CALLS), asks(*CALLS)]
CANCEL: list[Event] = [events.SessionCancelled()]
BETWEEN: list[list[Event]] = [[], [], [], [events.CheckpointLabelled(label="x", at=1)], CANCEL]


def session(
    start: events.SessionStarted, script: list[Said], between: list[list[Event]]
) -> list[Event]:
    """The events of a session with a graph that the real loop ran."""
    cancelled = between.index(CANCEL) + 1 if CANCEL in between else len(between)
    log = MemoryLog(facts=[start], interruptions=[*between[:cancelled]])
    log.minds.remember("Where ana does work")
    log.graphs.knows("ana works_at acme", "bob likes ana", "acme is_in graz")
    asyncio.run(run(start, *script, *[ANSWER] * 10, log=log))
    return log.facts


SESSIONS = st.builds(
    session,
    st.sampled_from(STARTS),
    st.lists(st.sampled_from(SAYINGS), max_size=6),
    st.lists(st.sampled_from(BETWEEN), max_size=4),
)


def found(facts: list[Event]) -> Report:
    return verify(recorded(facts))


@given(SESSIONS)
@settings(max_examples=80, deadline=None)
def test_what_the_loop_recorded_verifies(facts: list[Event]):
    report = found(facts)
    assert report.difference is None, str(report.difference)
    assert report.checked.events == len(facts)


@given(SESSIONS, st.data())
@settings(max_examples=80, deadline=None)
def test_erased_events_are_no_differences(facts: list[Event], data: st.DataObject):
    gone = sorted(data.draw(st.sets(st.integers(1, len(facts)))))
    erasure = events.EventsErased(versions=tuple(gone), reason="asked for")
    past = [
        replace(fact, event=Erased(erased_type=fact.type)) if fact.version in gone else fact
        for fact in recorded([*facts, erasure])
    ]
    report = verify(past)
    assert report.difference is None, str(report.difference)


@given(SESSIONS, st.data())
@settings(max_examples=80, deadline=None)
def test_a_dropped_event_is_found(facts: list[Event], data: st.DataObject):
    end = facts.index(CANCEL[0]) if CANCEL[0] in facts else len(facts) - 1
    middle = [n for n in range(end) if not isinstance(facts[n], events.CheckpointLabelled)]
    n = data.draw(st.sampled_from(middle))
    assert found(facts[:n] + facts[n + 1 :]).difference is not None


@given(SESSIONS, st.data())
@settings(max_examples=80, deadline=None)
def test_what_is_told_of_the_graph_cannot_be_moved_or_told_twice(
    facts: list[Event], data: st.DataObject
):
    places = [n for n, fact in enumerate(facts) if isinstance(fact, events.GraphRecalled)]
    assume(places)
    n = data.draw(st.sampled_from(places))
    to = data.draw(st.integers(0, len(facts)))
    twice = [*facts[:to], facts[n], *facts[to:]]
    assert found(twice).difference is not None
    labelled = any(isinstance(fact, events.CheckpointLabelled) for fact in facts)
    if to not in (n, n + 1) and not labelled:  # A label may come before or behind it.
        rest = facts[:n] + facts[n + 1 :]
        moved = [*rest[: to - (to > n)], facts[n], *rest[to - (to > n) :]]
        assert found(moved).difference is not None


FIRST = events.KnownEntity(id="x", label="y")
MANY = (events.KnownRelationship(source="ana", target="x", kind="k"),) * 11
CHANGES: list[tuple[Callable[[events.GraphRecalled], dict[str, Any]], str]] = [
    (lambda event: {"entities": event.entities[:1]}, "prompt"),
    (lambda event: {"entities": event.entities[::-1]}, "prompt"),
    (lambda event: {"entities": (FIRST, *event.entities)}, "prompt"),
    (lambda _: {"relationships": ()}, "prompt"),
    (lambda event: {"relationships": (*event.relationships, *MANY * 5)}, "input"),
    (lambda _: {"entities": (FIRST,) * 56}, "input"),
    (lambda event: {"entities": (replace(FIRST, told=False), *event.entities)}, "input"),
    (lambda _: {"policy": None}, "input"),
    (lambda _: {"policy": SMALL}, "input"),
    (lambda event: {"at": event.at + timedelta(seconds=1)}, "input"),
    (lambda _: {"call_id": "1.0"}, "input"),
]


@pytest.mark.parametrize(("change", "kind"), CHANGES)
def test_a_changed_recall_is_found(
    change: Callable[[events.GraphRecalled], dict[str, Any]], kind: str
):
    facts = session(STARTS[0], [], [])
    recall = facts[1]
    assert isinstance(recall, events.GraphRecalled)
    difference = found([facts[0], replace(recall, **change(recall)), *facts[2:]]).difference
    assert difference is not None
    assert (difference.kind, difference.version) == (kind, 3 if kind == "prompt" else 2)


OTHERS = events.KnownRelationship(source="acme", target="graz", kind="is_in")


@pytest.mark.parametrize(
    ("call", "change"),
    [
        (("describe", {"id": "ana"}), {"relationships": (OTHERS,)}),
        (("describe", {"id": "ana"}), {"policy": SMALL}),
        (("describe", {"id": "ana"}), {"at": AT + timedelta(seconds=1)}),
        (("describe", {"id": "ana"}), {"call_id": None}),
        (("describe", {"id": "ana"}), {"call_id": "2.0"}),
        (("describe", {"id": "ana"}), {"entities": (replace(FIRST, told=False),)}),
        (("neighbours", {"id": "ana", "limit": 1}), {"relationships": MANY[:2]}),
        (("neighbours", {"id": "ana", "limit": 1.0}), {"relationships": MANY[:2]}),
        (("neighbours", {"id": "ana"}), {"relationships": MANY}),
        (("describe", "ana"), {"relationships": MANY * 2}),
        (("neighbours", {"id": "ana", "kind": "likes"}), {"relationships": MANY[:1]}),
        (("path", {"from": "bob", "to": "ana"}), {"relationships": (OTHERS,)}),
        (("path", {"from": "ana", "to": "graz"}), {"relationships": (MANY[0], OTHERS)}),
        (("path", {"from": "ana", "to": "graz"}), {"relationships": MANY[:1]}),
    ],
)
def test_a_changed_answer_to_a_tool_is_found(call: tuple[str, Any], change: dict[str, Any]):
    facts = session(STARTS[2], [asks(call)], [])
    (n,) = [n for n, fact in enumerate(facts) if isinstance(fact, events.GraphRecalled)]
    recall = facts[n]
    assert isinstance(recall, events.GraphRecalled)
    difference = found([*facts[:n], replace(recall, **change), *facts[n + 1 :]]).difference
    assert difference is not None
    assert (difference.kind, difference.version) == ("input", n + 1)


@pytest.mark.parametrize("call", [CALLS[0], CALLS[1], CALLS[4], CALLS[5]])
def test_a_tool_that_writes_tells_nothing(call: tuple[str, Any]):
    facts = session(STARTS[2], [asks(call)], [])
    n = next(n for n, fact in enumerate(facts) if isinstance(fact, events.ToolReturned))
    forged = events.GraphRecalled(version=7, at=AT, call_id="1.0")
    difference = found([*facts[:n], forged, *facts[n:]]).difference
    assert difference is not None
    assert (difference.kind, difference.version) == ("input", n + 1)


def test_a_recall_that_nobody_asked_for_is_found():
    recall = session(STARTS[0], [], [])[1]
    _, log = asyncio.run(run(started(), ACTION, ANSWER))
    for n in range(1, len(log.facts) + 1):
        assert found([*log.facts[:n], recall, *log.facts[n:]]).difference is not None


@pytest.mark.parametrize(
    "forged",
    [
        lambda memory, graph: [graph, memory],
        lambda memory, graph: [memory, events.CheckpointLabelled(label="x", at=1), graph],
        lambda memory, graph: [memory, memory, graph],
        lambda memory, graph: [memory, graph, graph],
        lambda memory, _: [memory],
        lambda _, graph: [graph],
    ],
)
def test_memory_comes_first_and_the_graph_right_behind_it(
    forged: Callable[[Event, Event], list[Event]],
):
    start, memory, graph, *rest = session(BOTH, [], [])
    assert found([start, memory, graph, *rest]).difference is None
    assert found([start, *forged(memory, graph), *rest]).difference is not None
    ends = found([start, memory]).difference
    assert ends is not None
    assert (ends.kind, ends.event_type) == ("end", "graph_recalled")


def test_memory_that_the_task_is_not_put_to_cannot_answer():
    start, graph, *rest = session(STARTS[4], [], [])
    memory = session(BOTH, [], [])[1]
    assert found([start, graph, *rest]).difference is None
    forged = replace(memory, policy=events.MemoryPolicy(max_memory_recalls=0), items=())
    assert found([start, forged, graph, *rest]).difference is not None


def test_a_recall_behind_the_end_is_found():
    start, graph, *_ = session(STARTS[0], [], [])
    cancelled = [start, events.SessionCancelled()]
    assert found(cancelled).difference is None
    assert found([*cancelled, graph]).difference is not None
