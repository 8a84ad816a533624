"""Verify finds what was changed, and nothing else."""

import asyncio
import time
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schema import events
from schema.errors import ProviderUnavailable, UnknownEvent
from schema.events import Erased, Event
from service.replay import Report, verify
from tests.scripted_sessions import (
    ACTION,
    ANSWER,
    MemoryLog,
    Said,
    asks,
    recorded,
    run,
    says,
    started,
)

NATIVE = started(protocol=events.Protocol.NATIVE)
ONE = asks(("calculator", {"expression": "1"}))
THREE = asks(("calculator", {"expression": "1"}), ("pay", {"bill": "2"}), ("teleport", "x"))
SAYINGS: list[Said] = [
    ACTION,
    ANSWER,
    ONE,
    THREE,
    says("?"),
    says(""),
    says("Action: f: x\nObservation: y"),
]
SAYINGS += [ProviderUnavailable("busy"), says("Thought", stop_reason="length")]
STARTS = [
    started(),
    NATIVE,
    started(limits=events.Limits(max_iterations=3)),
    started(protocol=events.Protocol.NATIVE, limits=events.Limits(calls_max=2)),
]
CANCEL: list[Event] = [events.SessionCancelled()]
BETWEEN: list[list[Event]] = [[], [], [events.CheckpointLabelled(label="x", at=1)], CANCEL]


def session(
    start: events.SessionStarted, script: list[Said], between: list[list[Event]]
) -> list[Event]:
    """The events of a session that the real loop ran; it answers when its script ends."""
    cancelled = between.index(CANCEL) + 1 if CANCEL in between else len(between)
    log = MemoryLog(facts=[start], interruptions=[*between[:cancelled]])
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
@settings(max_examples=60, deadline=None)
def test_what_the_loop_recorded_verifies(facts: list[Event]):
    report = found(facts)
    assert report.difference is None, str(report.difference)
    assert report.checked.events == len(facts)


@pytest.mark.parametrize(
    ("version", "change"),
    [
        (1, {"prompt": "another"}),
        (1, {"system_prompt": "another"}),
        (1, {"salt": "f" * 32}),
        (1, {"tools": ()}),
        (2, {"text": "Thought: b\nAction: pay {}"}),
        (2, {"text": ACTION.text.replace("I will", "I shall")}),
        (2, {"step": 2}),
        (2, {"prompt_digest": "0" * 64}),
        (2, {"stop_reason": "refusal"}),
        (3, {"call_id": "1.1"}),
        (3, {"tool": "pay"}),
        (3, {"arguments": {"expression": "17 * 24"}}),
        (3, {"effect": events.Effect.AT_MOST_ONCE}),
        (4, {"call_id": "1.1"}),
        (4, {"observation": '{"ok":true,"data":392}'}),
        (5, {"text": "FINAL_ANSWER: 392"}),
        (6, {"answer": "392"}),
    ],
)
async def test_a_changed_field_is_found(version: int, change: dict[str, Any]):
    _, log = await run(started(), ACTION, ANSWER)
    facts = list(log.facts)
    facts[version - 1] = replace(facts[version - 1], **change)
    difference = found(facts).difference
    assert difference is not None
    assert difference.version >= version


async def test_the_first_difference_is_said_in_words():
    _, log = await run(started(), ACTION, ANSWER)
    facts = [*log.facts[:5], events.SessionCompleted(answer="392")]
    assert str(found(facts).difference) == (
        'version 6 (session_completed): expected session_completed {"answer":"391"}, '
        'found session_completed {"answer":"392"}'
    )


async def test_a_changed_prompt_is_told_apart():
    _, log = await run(started(), ACTION, ANSWER)
    facts = list(log.facts)
    facts[3] = replace(facts[3], observation="{}")
    difference = found(facts).difference
    assert difference is not None
    assert (difference.kind, difference.version) == ("prompt", 5)


async def test_changed_bytes_are_told_apart():
    _, log = await run(started(), ACTION, ANSWER)
    difference = verify(log.recorded(), changed={4, 5}).difference
    assert difference is not None
    assert (difference.kind, difference.version) == ("data", 4)


async def test_missing_rules_are_told_apart():
    _, log = await run(started(), ANSWER)
    difference = found([started(rules=99), *log.facts[1:]]).difference
    assert difference is not None
    assert (difference.kind, difference.found) == ("rules", "rules 99")


async def test_a_gap_is_told_apart():
    _, log = await run(started(), ACTION, ANSWER)
    past = log.recorded()
    difference = verify([*past[:3], *past[4:]]).difference
    assert difference is not None
    assert (difference.kind, difference.version, difference.expected) == ("order", 5, "version 4")


@given(SESSIONS, st.data())
@settings(max_examples=100, deadline=None)
def test_a_dropped_event_is_found_though_the_rest_was_numbered_anew(
    facts: list[Event], data: st.DataObject
):
    middle = [
        n
        for n, fact in enumerate(facts[:-1])
        if not isinstance(fact, events.CheckpointLabelled | events.SessionCancelled)
    ]
    n = data.draw(st.sampled_from(middle))
    assert found(facts[:n] + facts[n + 1 :]).difference is not None


@given(SESSIONS, st.data())
@settings(max_examples=100, deadline=None)
def test_swapped_events_are_found_though_they_were_numbered_anew(
    facts: list[Event], data: st.DataObject
):
    n = data.draw(st.integers(0, len(facts) - 2))
    pair = {type(facts[n]), type(facts[n + 1])}
    # Returns may come in any order, and so may what other processes append.
    assume(pair != {events.ToolReturned})
    assume(not pair & {events.CheckpointLabelled, events.SessionCancelled})
    swapped = [*facts[:n], facts[n + 1], facts[n], *facts[n + 2 :]]
    assert found(swapped).difference is not None


@given(SESSIONS, st.data())
@settings(max_examples=100, deadline=None)
def test_a_decision_that_was_changed_is_found(facts: list[Event], data: st.DataObject):
    decisions = [n for n, fact in enumerate(facts) if fact.side is events.Side.DECISION]
    assume(decisions)
    n = data.draw(st.sampled_from(decisions))
    field = data.draw(st.sampled_from(facts[n].__struct_fields__))
    changed = replace(facts[n], **{field: "something else"})
    try:
        past = recorded([*facts[:n], changed, *facts[n + 1 :]])
    except UnknownEvent:
        return  # not even readable any more
    difference = verify(past).difference
    assert difference is not None
    assert (difference.kind, difference.version) == ("decision", n + 1)


async def test_an_end_without_what_it_decides_is_found():
    _, log = await run(started(), ACTION, ANSWER)
    difference = found(log.facts[:5]).difference
    assert difference is not None
    assert (difference.kind, difference.found) == ("end", "the end of the session")


@pytest.mark.parametrize(
    "intruder",
    [
        events.ToolReturned(call_id="9.9", ok=True, observation=""),
        events.SessionStarted(agent_id="a", prompt="", model="m:n", salt=""),
        events.DeadlinePassed(timeout_s=1.0),
        events.CheckpointLabelled(label="x", at=99),
        events.EventsErased(versions=(99,), reason=""),
        events.CompletionFailed(step=1, code="x", detail=""),
        events.SessionResumed(epoch=0),
        events.SessionPaused(cause="because"),
    ],
)
async def test_what_cannot_have_come_there_is_found(intruder: Event):
    _, log = await run(started(), ACTION, ANSWER)
    difference = found([*log.facts[:3], intruder]).difference
    assert difference is not None
    assert difference.version == 4


async def test_nothing_comes_after_the_end_but_labels_and_erasures():
    _, log = await run(started(), ANSWER)
    label = events.CheckpointLabelled(label="x", at=1)
    erased = events.EventsErased(versions=(2,), reason="")
    assert found([*log.facts, label, erased]).difference is None
    assert found([*log.facts, events.SessionCancelled()]).difference is not None


@given(SESSIONS, st.data())
@settings(max_examples=100, deadline=None)
def test_erased_events_are_no_differences(facts: list[Event], data: st.DataObject):
    gone = data.draw(st.sets(st.integers(0, len(facts) - 1)))
    past = [
        replace(fact, event=Erased(erased_type=fact.type)) if n in gone else fact
        for n, fact in enumerate(recorded(facts))
    ]
    report = verify(past)
    assert report.difference is None, str(report.difference)
    assert report.checked.erased == len(gone)


async def test_verifying_is_linear_in_the_events():
    async def seconds(steps: int) -> float:
        start = started(limits=events.Limits(max_iterations=steps + 1))
        _, log = await run(start, *[ACTION] * steps, ANSWER)
        past = log.recorded()
        begun_s = time.perf_counter()
        assert verify(past).difference is None
        return time.perf_counter() - begun_s

    few = min([await seconds(200) for _ in range(3)])
    assert await seconds(4000) < 20 * 4 * few
