"""Verify finds what memory cannot have given, and what was not made of it."""

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
from tests.minds import AT, ListedMinds
from tests.scripted_sessions import (
    ACTION,
    ANSWER,
    MemoryLog,
    Said,
    asks,
    recorded,
    remembering,
    run,
    says,
    started,
)

TEXTS = ("What is it", "What else", "unrelated")
SMALL = events.MemoryPolicy(capacity=3, working_capacity=1, max_memory_tokens=3)
SHARED = events.MemoryPolicy(working_shared=True)
NATIVE = events.Protocol.NATIVE
STARTS = [
    remembering(),
    remembering(protocol=NATIVE, memory=SMALL),
    remembering(protocol=NATIVE, memory=SHARED),
    remembering(protocol=NATIVE, memory=None),
]
CALLS: list[tuple[str, Any]] = [
    ("remember", {"content": "x"}),
    ("recall", {"query": "What is"}),
    ("recall", "what"),
    ("note", {"key": "a", "value": "1"}),
    ("note", {"key": "b", "value": "2"}),
    ("note", {"key": "a"}),
    ("note", {"key": "a", "remove": True}),
    ("forget", {"id": "x"}),
    ("calculator", {}),
]
SAYINGS: list[Said] = [ACTION, says("?"), *(asks(call) for call in CALLS), asks(*CALLS)]
CANCEL: list[Event] = [events.SessionCancelled()]
BETWEEN: list[list[Event]] = [[], [], [], [events.CheckpointLabelled(label="x", at=1)], CANCEL]


def session(
    start: events.SessionStarted, script: list[Said], between: list[list[Event]]
) -> list[Event]:
    """The events of a session with memory that the real loop ran."""
    cancelled = between.index(CANCEL) + 1 if CANCEL in between else len(between)
    log = MemoryLog(facts=[start], interruptions=[*between[:cancelled]])
    log.minds.remember(*TEXTS)
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


TOLD = (
    events.MemoryRecalled,
    events.WorkingSet,
    events.WorkingRead,
    events.WorkingRemoved,
    events.WorkingEvicted,
)


@given(SESSIONS, st.data())
@settings(max_examples=80, deadline=None)
def test_what_is_told_of_memory_cannot_be_moved_or_told_twice(
    facts: list[Event], data: st.DataObject
):
    places = [n for n, fact in enumerate(facts) if isinstance(fact, TOLD)]
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


async def recalled_at_first() -> list[Event]:
    log = MemoryLog()
    log.minds.remember(*TEXTS)
    await run(remembering(), ANSWER, log=log)
    return log.facts


def retold(content: str) -> Callable[[events.MemoryRecalled], dict[str, Any]]:
    return lambda event: {"items": (replace(event.items[0], content=content), *event.items[1:])}


CHANGES: list[tuple[Callable[[events.MemoryRecalled], dict[str, Any]], str]] = [
    (retold("What was it"), "prompt"),
    (lambda event: {"items": event.items[:1]}, "prompt"),
    (lambda event: {"items": event.items[::-1]}, "prompt"),
    (lambda event: {"items": (*event.items, *event.items)}, "input"),
    (lambda event: {"items": (replace(event.items[0], told=False), *event.items[1:])}, "input"),
    (lambda _: {"query": "What?"}, "input"),
    (lambda _: {"policy": SMALL}, "input"),
    (lambda event: {"at": event.at + timedelta(seconds=1)}, "input"),
    (lambda _: {"call_id": "1.0"}, "input"),
    (lambda _: {"working": (events.WorkingEntry(key="a", value="b"),)}, "input"),
]


@pytest.mark.parametrize(("change", "kind"), CHANGES)
async def test_a_changed_recall_is_found(
    change: Callable[[events.MemoryRecalled], dict[str, Any]], kind: str
):
    facts = await recalled_at_first()
    recall = facts[1]
    assert isinstance(recall, events.MemoryRecalled)
    difference = found([facts[0], replace(recall, **change(recall)), *facts[2:]]).difference
    assert difference is not None
    assert (difference.kind, difference.version) == (kind, 3 if kind == "prompt" else 2)


async def test_a_tools_recall_gives_no_more_than_was_asked_for():
    minds = ListedMinds()
    minds.remember("Ana likes red", "Ana likes tea")
    asked = asks(("recall", {"query": "Ana", "limit": 1}))
    start, log = remembering(protocol=NATIVE), MemoryLog(minds=minds)
    await run(start, asked, says("done"), log=log)
    n, recall = next(
        (n, fact)
        for n, fact in enumerate(log.facts)
        if isinstance(fact, events.MemoryRecalled) and fact.call_id
    )
    more = replace(recall, items=recall.items * 2)
    difference = found([*log.facts[:n], more, *log.facts[n + 1 :]]).difference
    assert difference is not None
    assert (difference.version, difference.expected) == (n + 1, "at most 1 memories")


async def test_a_recall_that_nobody_asked_for_is_found():
    facts = await recalled_at_first()
    _, log = await run(started(), ACTION, ANSWER)
    for n in range(1, len(log.facts) + 1):
        assert found([*log.facts[:n], facts[1], *log.facts[n:]]).difference is not None
    difference = found([*facts[:2], *facts[1:]]).difference
    assert difference is not None
    assert (difference.kind, difference.version, difference.found) == (
        "input",
        3,
        "memory_recalled",
    )


async def test_a_session_that_thinks_without_having_recalled_is_found():
    facts = await recalled_at_first()
    difference = found([facts[0], *facts[2:]]).difference
    assert difference is not None
    assert (difference.kind, difference.version) == ("input", 2)


async def noted(policy: events.MemoryPolicy) -> list[Event]:
    start = remembering(protocol=NATIVE, memory=policy)
    first = [asks(("note", {"key": key, "value": "1"})) for key in ("a", "b")]
    _, log = await run(start, *first, asks(("note", {"key": "c", "value": "2"})), says("done"))
    return log.facts


TWO = events.MemoryPolicy(working_capacity=2, max_memory_recalls=0)


@pytest.mark.parametrize(
    "forged",
    [
        lambda facts, n: [replace(facts[n], key="b")],
        lambda facts, n: [replace(facts[n], key="c")],
        lambda facts, n: [replace(facts[n], key="zzz")],
        lambda facts, n: [facts[n], replace(facts[n], key="b")],
        lambda _facts, _n: [],
        lambda facts, n: [facts[n], events.WorkingSet(key="c", value="2")],
        lambda facts, n: [facts[n], events.CheckpointLabelled(label="x", at=1)],
        lambda facts, n: [events.CheckpointLabelled(label="x", at=1), facts[n]],
    ],
)
async def test_a_forged_eviction_is_found(forged: Callable[[list[Event], int], list[Event]]):
    facts = await noted(TWO)
    (n,) = [n for n, fact in enumerate(facts) if isinstance(fact, events.WorkingEvicted)]
    assert found(facts).difference is None
    difference = found([*facts[:n], *forged(facts, n), *facts[n + 1 :]]).difference
    assert difference is not None
    assert difference.kind == "input"
    assert difference.version in (n + 1, n + 2)


@pytest.mark.parametrize(
    "forged",
    [
        events.WorkingSet(key="a", value="2"),
        events.WorkingSet(key="b", value="9"),
        events.WorkingRead(key="a"),
        events.WorkingRead(key="b"),
        events.WorkingRemoved(key="a"),
        events.WorkingEvicted(key="a"),
        events.SessionCancelled(),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
async def test_a_forged_note_is_found(forged: Event, place: int):
    facts = await noted(TWO)
    n = [n for n, fact in enumerate(facts) if isinstance(fact, events.WorkingSet)][place]
    difference = found([*facts[:n], forged, *facts[n + 1 :]]).difference
    assert difference is not None
    assert difference.version in (n + 1, n + 2)


async def test_a_change_of_working_memory_outside_of_a_note_is_found():
    start = remembering(protocol=NATIVE, memory=TWO)
    _, log = await run(start, asks(("remember", {"content": "x"})), says("done"))
    for n in range(1, len(log.facts) + 1):
        facts = [*log.facts[:n], events.WorkingSet(key="a", value="1"), *log.facts[n:]]
        assert found(facts).difference is not None


async def test_a_change_without_the_return_that_goes_with_it_is_found():
    facts = await noted(TWO)
    n = next(n for n, fact in enumerate(facts) if isinstance(fact, events.WorkingSet))
    difference = found(facts[: n + 1]).difference
    assert difference is not None
    assert (difference.kind, difference.event_type) == ("end", "tool_returned")


async def test_a_change_behind_the_end_is_found():
    facts = await noted(TWO)
    n = next(n for n, fact in enumerate(facts) if isinstance(fact, events.WorkingSet))
    cancelled = [*facts[:n], events.SessionCancelled()]
    assert found(cancelled).difference is None
    assert found([*cancelled, facts[n], facts[n + 1]]).difference is not None
    assert found([*cancelled, facts[n + 1]]).difference is not None


async def test_the_time_of_a_tools_recall_is_that_of_its_call():
    start = remembering(protocol=NATIVE, memory=TWO)
    _, log = await run(start, asks(("recall", {"query": "x"})), says("done"))
    past = log.recorded()
    assert verify(past).difference is None
    past[2] = replace(past[2], recorded_at=AT + timedelta(hours=1))
    difference = verify(past).difference
    assert difference is not None
    assert (difference.kind, difference.version) == ("input", 4)
