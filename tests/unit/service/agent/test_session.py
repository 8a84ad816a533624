"""What a session's events add up to."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schema import events
from schema.events import Erased, Event
from service.agent.session import SessionState, Status, evolve, fold
from service.agent.shared import Shared
from tests.minds import AT
from tests.scripted_sessions import SALT, started

SAID = events.CompletionReceived(
    step=1, model="m", prompt_digest="", usage=events.Usage(input_tokens=7, output_tokens=3)
)
CALLED = events.ToolCalled(call_id="1.0", tool="calculator", arguments={})
ALSO_CALLED = events.ToolCalled(call_id="1.1", tool="calculator", arguments={})
RETURNED = events.ToolReturned(call_id="1.0", ok=True, observation="a")
ALSO_RETURNED = events.ToolReturned(call_id="1.1", ok=True, observation="b")
PAY_CALLED = events.ToolCalled(
    call_id="1.0", tool="pay", arguments={}, effect=events.Effect.AT_MOST_ONCE
)

RECALLED = events.MemoryRecalled(query="x", policy=events.MemoryPolicy(), version=0, at=AT)


class SomethingLater(Event, frozen=True, kw_only=True):
    """An event that the fold has no rule for."""


def test_every_event_raises_the_version_known_or_not():
    facts = [started(), SAID, CALLED, SomethingLater(), Erased(erased_type="who_knows")]
    assert fold(facts).version == len(facts)


def test_returns_fill_the_slots_of_their_calls_in_any_order():
    turn = fold([started(), SAID, CALLED, ALSO_CALLED, ALSO_RETURNED, RETURNED]).turn
    assert turn is not None
    assert turn.returns == (RETURNED, ALSO_RETURNED)
    assert turn.unreturned == ()


def test_a_return_that_nobody_asked_for_changes_nothing_but_the_version():
    before = fold([started(), SAID, CALLED])
    after = evolve(before, events.ToolReturned(call_id="9.9", ok=True, observation=""))
    assert (after.version, after.turn) == (4, before.turn)


def test_the_next_completion_seals_the_turn():
    state = fold([started(), SAID, CALLED, RETURNED, SAID])
    assert state.steps == 2
    assert [turn.calls for turn in state.turns] == [(CALLED,)]


def test_turns_that_asked_for_nothing_are_counted_until_one_does():
    assert fold([started(), SAID, SAID, SAID]).unreadable == 2
    assert fold([started(), SAID, SAID, CALLED, RETURNED, SAID]).unreadable == 0


def test_usage_adds_up():
    assert fold([started(), SAID, SAID]).usage == events.Usage(input_tokens=14, output_tokens=6)


@pytest.mark.parametrize(
    ("fact", "status", "cause"),
    [
        (events.SessionCompleted(answer="391"), Status.COMPLETED, None),
        (events.SessionFailed(cause="deadline"), Status.FAILED, "deadline"),
        (events.SessionCancelled(reason="enough"), Status.CANCELLED, "cancelled"),
        (events.SessionPaused(cause="timeout"), Status.PAUSED, "timeout"),
    ],
)
def test_every_end_keeps_its_steps_and_its_reason(fact: Event, status: Status, cause: str | None):
    state = fold([started(), SAID, CALLED, RETURNED, fact])
    assert (state.status, state.cause, state.steps) == (status, cause, 1)


def test_what_comes_after_the_end_is_kept_and_does_not_reopen_the_session():
    state = fold([started(), events.SessionCancelled(), SAID, events.SessionResumed(epoch=2)])
    assert (state.status, state.steps, state.epoch) == (Status.CANCELLED, 1, 2)


def test_a_resumed_session_runs_again():
    state = fold([started(), events.SessionPaused(cause="x"), events.SessionResumed(epoch=2)])
    assert (state.status, state.cause, state.epoch) == (Status.RUNNING, None, 2)


def test_a_process_that_takes_over_does_not_know_what_ran_once():
    taken_over = fold([started(), SAID, PAY_CALLED, events.SessionResumed(epoch=2)])
    assert taken_over.uncertain
    resumed = fold(
        [events.SessionPaused(cause="outcome_unknown"), events.SessionResumed(epoch=3)], taken_over
    )
    assert resumed.uncertain
    assert not evolve(resumed, RETURNED).uncertain
    assert not evolve(resumed, Erased(erased_type="tool_returned")).uncertain


def test_a_pause_of_another_kind_leaves_nothing_uncertain():
    paused = [started(), events.SessionPaused(cause="timeout"), events.SessionResumed(epoch=2)]
    assert not fold([*paused, SAID, PAY_CALLED]).uncertain


def test_a_takeover_that_was_erased_leaves_the_outcome_as_unknown():
    facts: list[Event] = [started(), SAID, PAY_CALLED, Erased(erased_type="session_resumed")]
    assert fold(facts).uncertain


def test_labels_are_kept():
    label = events.CheckpointLabelled(label="here", at=1)
    assert list(fold([started(), label]).labels) == [label]


def test_an_erased_return_gives_way_to_the_one_whose_place_is_known():
    erased = Erased(erased_type="tool_returned")
    turn = fold([started(), SAID, CALLED, ALSO_CALLED, erased, RETURNED]).turn
    assert turn is not None
    assert turn.returns == (RETURNED, erased)


def test_the_state_says_what_was_erased():
    facts: list[Event] = [started(), SAID, CALLED, RETURNED, events.SessionCompleted(answer="x")]
    gone: list[Event] = [Erased(erased_type=fact.type) for fact in facts]
    state = fold(gone)
    assert (state.version, state.status, state.steps) == (5, Status.COMPLETED, 1)
    assert list(state.missing) == [(n, fact.type) for n, fact in enumerate(facts, start=1)]


def test_working_memory_is_what_its_events_add_up_to():
    facts = [
        events.WorkingSet(key="b", value="1"),
        events.WorkingSet(key="a", value="2"),
        events.WorkingRead(key="b"),
        events.WorkingSet(key="c", value="3"),
        events.WorkingEvicted(key="a"),
        events.WorkingRemoved(key="c"),
    ]
    working = fold([started(), *facts]).working
    assert working.entries == (events.WorkingEntry(key="b", value="1"),)
    assert fold([started(), *facts[:3]]).working.least_recently_used == "a"


def test_what_was_recalled_for_the_task_is_kept_and_what_a_tool_recalled_is_not():
    state = fold([started(), RECALLED, replace(RECALLED, call_id="1.0")])
    assert (state.recalled, state.version) == (RECALLED, 3)


FACTS: list[Event] = [started(), SAID, CALLED, ALSO_CALLED, RETURNED, ALSO_RETURNED]
FACTS += [events.SessionResumed(epoch=2), events.SessionPaused(cause="x")]
FACTS += [events.DeadlinePassed(timeout_s=1), events.SessionCompleted(answer="a")]
FACTS += [RECALLED, events.WorkingSet(key="a", value="b"), events.WorkingEvicted(key="a")]
FACTS += [events.CompletionFailed(step=1, code="x", detail="y"), PAY_CALLED]


@given(st.lists(st.sampled_from([*FACTS, *(Erased(erased_type=fact.type) for fact in FACTS)])))
def test_no_order_of_events_breaks_the_fold_and_no_state_changes_later(
    facts: list[Event],
):
    states = [SessionState()]
    for fact in facts:
        states.append(evolve(states[-1], fact))
    assert [fold(facts[:n]) for n in range(len(facts) + 1)] == states


def test_a_shared_sequence_branches_without_its_holders_noticing():
    root = Shared([1])
    left, right = root.append(2), root.append(3)
    assert (list(root), list(left), list(right)) == ([1], [1, 2], [1, 3])
    assert left.append(4)[1:] == [2, 4]
    assert root[-1] == 1
    with pytest.raises(IndexError):
        root[1]


def steps(count: int) -> list[Event]:
    turn: list[Event] = [SAID, CALLED, RETURNED]
    return [started(salt=SALT), *(turn * (count // 3))]


def seconds(facts: list[Event]) -> float:
    begun_s = time.perf_counter()
    fold(facts)
    return time.perf_counter() - begun_s


def test_folding_is_linear_in_the_events():
    few, many = steps(5_000), steps(100_000)
    # The best of some, and a wide margin: a quadratic fold would take twenty times too long.
    assert min(seconds(many) for _ in range(3)) < 20 * 4 * min(seconds(few) for _ in range(5))
