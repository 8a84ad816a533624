"""Verify finds what was changed, and nothing else."""

import asyncio
import time
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schema import events
from schema.envelope import RecordedEvent
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
    started(fallbacks=("scripted:second",), answer_stages=("trim",)),
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


def erased(past: list[RecordedEvent], *gone: int) -> list[RecordedEvent]:
    """*past* without the data of the versions *gone*; nothing says so yet."""
    return [
        replace(fact, event=Erased(erased_type=fact.type)) if fact.version in gone else fact
        for fact in past
    ]


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
    facts[3] = replace(facts[3], observation='{"ok":true,"data":392}')
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
    # What others append may come or not, and so may what returns behind a cancellation.
    end = facts.index(CANCEL[0]) if CANCEL[0] in facts else len(facts) - 1
    middle = [n for n in range(end) if not isinstance(facts[n], events.CheckpointLabelled)]
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
        events.SessionResumed(epoch=1),
        events.SessionPaused(cause="because"),
        events.FallbackChosen(step=1, model="m:n", cause="because"),
        events.AnswerPassed(step=1, answer="391"),
        events.AnswerWithheld(step=1, stage="s", code="c"),
    ],
)
async def test_what_cannot_have_come_there_is_found(intruder: Event):
    _, log = await run(started(), ACTION, ANSWER)
    difference = found([*log.facts[:3], intruder]).difference
    assert difference is not None
    assert difference.version == 4


async def test_a_choice_of_another_model_or_for_another_cause_is_found():
    start = started(fallbacks=("m:2", "m:3"))
    _, log = await run(start, ProviderUnavailable("busy"), ANSWER)
    chosen = events.FallbackChosen(step=1, model="m:2", cause="provider_unavailable")
    assert log.facts[2] == chosen
    for change in ({"model": "m:3"}, {"cause": "timeout"}, {"step": 2}):
        facts = [*log.facts[:2], replace(chosen, **change), *log.facts[3:]]
        difference = found(facts).difference
        assert difference is not None
        assert (difference.kind, difference.version) == ("decision", 3)


async def test_what_the_other_model_was_sent_is_proved_to_have_gone_to_it():
    _, log = await run(started(fallbacks=("m:2",)), ProviderUnavailable("busy"), ANSWER)
    _, alone = await run(started(), ANSWER)
    received, other = log.facts[3], alone.facts[1]
    assert isinstance(received, events.CompletionReceived)
    assert isinstance(other, events.CompletionReceived)
    same = replace(received, prompt_digest=other.prompt_digest)

    difference = found([*log.facts[:3], same, *log.facts[4:]]).difference

    assert difference is not None
    assert difference.kind == "prompt"


async def test_an_end_that_the_stages_did_not_let_pass_is_found():
    _, log = await run(started(answer_stages=("trim",)), ANSWER)
    assert isinstance(log.facts[2], events.AnswerPassed)
    skipped = [*log.facts[:2], *log.facts[3:]]
    other = [*log.facts[:2], replace(log.facts[2], answer="392"), *log.facts[3:]]
    wrong = [*log.facts[:2], replace(log.facts[2], step=2), *log.facts[3:]]

    differences = [found(facts).difference for facts in (skipped, other, wrong)]

    assert [d and (d.kind, d.version) for d in differences] == [
        ("decision", 3),
        ("decision", 4),
        ("input", 3),
    ]


async def test_nothing_comes_after_the_end_but_labels_and_erasures():
    _, log = await run(started(), ANSWER)
    label = events.CheckpointLabelled(label="x", at=1)
    erasure = events.EventsErased(versions=(2,), reason="")
    assert verify(erased(recorded([*log.facts, label, erasure]), 2)).difference is None
    assert found([*log.facts, events.SessionCancelled()]).difference is not None
    assert found([*log.facts, events.SessionResumed(epoch=2)]).difference is not None


@pytest.mark.parametrize("intruder", [*CANCEL, events.CheckpointLabelled(label="x", at=1)])
@pytest.mark.parametrize("said", [ANSWER, ACTION, says("x", stop_reason="refusal")])
async def test_nothing_comes_between_an_answer_and_what_it_decides(intruder: Event, said: Said):
    _, log = await run(started(limits=events.Limits(max_iterations=1)), said)
    difference = found([*log.facts[:2], intruder]).difference
    assert difference is not None
    assert (difference.kind, difference.version) == ("decision", 3)
    assert found([*log.facts[:2], intruder, *log.facts[2:]]).difference is not None


async def test_others_may_come_between_a_takeover_and_the_pause_that_it_leads_to():
    start = started(protocol=events.Protocol.NATIVE)
    _, log = await run(start, asks(("pay", {})), says("done"))
    taken_over = [*log.facts[:3], events.SessionResumed(epoch=2)]
    label = events.CheckpointLabelled(label="x", at=1)
    detail = "may have run before the process changed: pay (1.0)"
    pause = events.SessionPaused(cause="outcome_unknown", detail=detail)
    assert found([*taken_over, label, pause]).difference is None
    assert found([*taken_over, *CANCEL]).difference is None
    assert found([*taken_over, label]).difference is not None
    again = [*taken_over, pause, events.SessionResumed(epoch=3), pause]
    assert found(again).difference is None


async def test_what_was_paid_for_is_admitted_behind_the_end():
    log = MemoryLog(facts=[started()], interruptions=[CANCEL])
    await run(started(), ACTION, log=log)
    assert found(log.facts).difference is None
    assert isinstance(log.facts[-1], events.CompletionReceived)


@pytest.mark.parametrize(
    "change",
    [
        {"observation": "391"},
        {"observation": "[]"},
        {"observation": "{"},
        {"observation": "{}"},
        {"observation": '{"ok":false,"error":"x","kind":"permanent"}'},
        {"ok": False},
        {"observation": '{"ok":true,"data":"' + "x" * 300 + '"}'},
    ],
)
async def test_a_return_that_no_tool_can_have_given_is_found(change: dict[str, Any]):
    start = started(limits=events.Limits(observation_bytes_max=256))
    _, log = await run(start, ACTION, ANSWER)
    facts = [*log.facts[:3], replace(log.facts[3], **change)]
    difference = found(facts).difference
    assert difference is not None
    assert (difference.kind, difference.version) == ("input", 4)


@pytest.mark.parametrize("version", [1, 3, 6])
async def test_an_event_of_another_agent_is_found(version: int):
    _, log = await run(started(), ACTION, ANSWER)
    past = log.recorded()
    past[version - 1] = replace(past[version - 1], agent_id="bob")
    difference = verify(past).difference
    assert difference is not None
    assert (difference.kind, difference.version) == ("data", version)


@given(SESSIONS, st.data())
@settings(max_examples=100, deadline=None)
def test_erased_events_are_no_differences(facts: list[Event], data: st.DataObject):
    gone = sorted(data.draw(st.sets(st.integers(1, len(facts)))))
    erasure = events.EventsErased(versions=tuple(gone), reason="asked for")
    report = verify(erased(recorded([*facts, erasure]), *gone))
    assert report.difference is None, str(report.difference)
    assert report.checked.erased == len(gone)


async def test_what_an_erased_completion_was_counted_for_is_no_difference():
    _, log = await run(started(), says("?"), says("?"), says("?"))
    assert isinstance(log.facts[-1], events.SessionFailed)
    erasure = events.EventsErased(versions=(2,), reason="asked for")
    assert verify(erased(recorded([*log.facts, erasure]), 2)).difference is None


@given(SESSIONS, st.data())
@settings(max_examples=50, deadline=None)
def test_data_that_is_gone_without_a_record_of_it_is_found(facts: list[Event], data: st.DataObject):
    gone = sorted(data.draw(st.sets(st.integers(1, len(facts)), min_size=1)))
    named = tuple(version for version in gone[:-1])
    erasure = [events.EventsErased(versions=named, reason="")] if named else []
    difference = verify(erased(recorded([*facts, *erasure]), *gone)).difference
    assert difference is not None
    assert (difference.kind, difference.version) == ("data", gone[-1])


async def test_data_that_should_be_gone_is_found():
    _, log = await run(started(), ACTION, ANSWER)
    past = recorded([*log.facts, events.EventsErased(versions=(2, 4), reason="")])
    difference = verify(erased(past, 2)).difference
    assert difference is not None
    assert (difference.kind, difference.version) == ("data", 4)
    assert difference.event_type == "tool_returned"


async def test_the_record_of_an_erasure_is_never_erased():
    _, log = await run(started(), ANSWER)
    first = events.EventsErased(versions=(2,), reason="")
    second = events.EventsErased(versions=(3, 4), reason="")
    past = recorded([*log.facts, first, second])
    assert verify(erased(past, 2, 3)).difference is None
    difference = verify(erased(past, 3, 4)).difference
    assert difference is not None
    assert (difference.kind, difference.version) == ("data", 4)


async def test_up_to_a_version_later_events_only_say_what_was_erased():
    _, log = await run(started(), ACTION, ANSWER)
    facts = [*log.facts, events.EventsErased(versions=(4,), reason=""), *CANCEL]
    past = erased(recorded(facts), 4)
    report = verify(past, up_to=5)
    assert (report.difference, report.checked.events) == (None, 5)
    assert verify(past).difference is not None


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
