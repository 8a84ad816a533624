"""What to do next in a session."""

from typing import Any

import pytest
from msgspec.structs import replace

from schema import events
from schema.events import Event
from service.agent.moves import (
    QUERY_CHARS_MAX,
    Act,
    Decide,
    Move,
    Pass,
    Recall,
    Stop,
    Think,
    Transact,
    Wait,
    next_move,
)
from service.agent.session import fold
from tests.minds import AT
from tests.scripted_sessions import remembering, started

STARTED = started()
NATIVE = started(protocol=events.Protocol.NATIVE)


def said(text: str = "", step: int = 1, **changes: Any) -> events.CompletionReceived:
    return events.CompletionReceived(step=step, text=text, model="m", prompt_digest="", **changes)


def asked(*calls: tuple[str, str], **changes: Any) -> events.CompletionReceived:
    requested = tuple(
        events.RequestedCall(id=f"id-{n}", name=name, arguments=arguments)
        for n, (name, arguments) in enumerate(calls)
    )
    return said(calls=requested, **changes)


def after(*facts: Event) -> Move:
    return next_move(fold(facts))


def failed(move: Move) -> tuple[str, str]:
    assert isinstance(move, Decide)
    (fact,) = move.events
    assert isinstance(fact, events.SessionFailed)
    return fact.cause, fact.detail


CALLED = events.ToolCalled(call_id="1.0", tool="calculator", arguments={"expression": "1"})
RETURNED = events.ToolReturned(call_id="1.0", ok=True, observation="{}")
PAID = events.ToolCalled(call_id="1.0", tool="pay", arguments={}, effect=events.Effect.AT_MOST_ONCE)


def test_nothing_is_done_before_the_session_started():
    assert after() == Wait("not_started")


def test_a_started_session_thinks():
    assert after(STARTED) == Think(1)


def test_a_written_action_is_called_before_anything_else():
    move = after(STARTED, said('Action: calculator {"expression": "1"}'))
    assert move == Decide((CALLED,))


def test_native_calls_are_called_together_in_the_models_order():
    move = after(NATIVE, asked(("calculator", '{"expression":"1"}'), ("pay", "")))
    assert move == Decide(
        (
            CALLED,
            events.ToolCalled(
                call_id="1.1", tool="pay", arguments={}, effect=events.Effect.AT_MOST_ONCE
            ),
        )
    )


def test_native_calls_win_over_what_is_written_beside_them():
    move = after(STARTED, asked(("calculator", '{"expression":"1"}'), text="FINAL_ANSWER: 5"))
    assert move == Decide((CALLED,))


@pytest.mark.parametrize("arguments", ['{"a": ', "NaN", "[" * 300 + "]" * 300, '{"a": 1e999}', "x"])
def test_arguments_that_are_no_json_stay_as_the_model_wrote_them(arguments: str):
    move = after(NATIVE, asked(("calculator", arguments)))
    assert move == Decide((replace(CALLED, arguments=arguments),))


def test_an_unknown_tool_is_called_too_and_does_nothing():
    move = after(STARTED, said("Action: teleport home"))
    called = events.ToolCalled(call_id="1.0", tool="teleport", arguments="home")
    assert move == Decide((called,))
    assert called.effect is events.Effect.PURE


def test_a_called_tool_runs_before_the_next_thought():
    assert after(STARTED, said(), CALLED) == Act((CALLED,))


def test_a_returned_tool_makes_room_for_a_thought():
    assert after(STARTED, said(), CALLED, RETURNED) == Think(2)


def test_a_written_answer_completes_the_session():
    move = after(STARTED, said("FINAL_ANSWER: 391"))
    assert move == Decide((events.SessionCompleted(answer="391"),))


def test_a_native_answer_is_all_that_was_said():
    move = after(NATIVE, said("It is 391.\n"))
    assert move == Decide((events.SessionCompleted(answer="It is 391."),))


def test_a_model_that_pauses_goes_on_and_made_no_mistake():
    assert after(NATIVE, said("", stop_reason="pause")) == Think(2)
    assert fold([NATIVE, said(stop_reason="pause"), said(step=2)]).unreadable == 0


def test_unreadable_text_is_answered_a_bounded_number_of_times():
    limits = events.Limits(unreadable_max=2)
    start = started(limits=limits)
    assert after(start, said("?")) == Think(2)
    assert after(start, said("?"), said("?", 2)) == Think(3)
    cause, detail = failed(after(start, said("?"), said("?", 2), said("?", 3)))
    assert cause == "unreadable"
    assert "No line begins with" in detail


def test_too_many_calls_at_once_are_the_models_mistake():
    start = started(protocol=events.Protocol.NATIVE, limits=events.Limits(calls_max=1))
    assert after(start, asked(("a", "{}"), ("b", "{}"))) == Think(2)


def test_a_session_out_of_steps_fails():
    start = started(limits=events.Limits(max_iterations=1))
    assert failed(after(start, said(), CALLED, RETURNED))[0] == "out_of_steps"
    assert failed(after(start, said("?")))[0] == "out_of_steps"


def test_a_refusal_ends_the_session():
    assert failed(after(STARTED, said("No.", stop_reason="refusal"))) == ("refused", "No.")


@pytest.mark.parametrize("text", ["FINAL_ANSWER: 39", "Thought: I", "Action: calculator: 1"])
def test_what_was_cut_short_is_not_believed(text: str):
    assert failed(after(STARTED, said(text, stop_reason="length")))[0] == "cut_short"


def test_an_action_that_was_complete_counts_though_the_rest_was_cut():
    move = after(STARTED, said('Action: calculator {"expression": "1"}', stop_reason="length"))
    assert move == Decide((CALLED,))


def test_a_failing_world_pauses_the_session():
    failure = events.CompletionFailed(step=1, code="timeout", detail="slow", retryable=True)
    paused = events.SessionPaused(cause="timeout", detail="slow")
    assert after(STARTED, failure) == Decide((paused,))
    assert after(STARTED, failure, paused) == Wait("timeout")
    assert after(STARTED, failure, paused, events.SessionResumed(epoch=1)) == Think(1)


def test_a_refusing_provider_fails_the_session():
    failure = events.CompletionFailed(step=1, code="provider_refused", detail="no such model")
    assert failed(after(STARTED, failure)) == ("provider", "provider_refused: no such model")


def test_the_deadline_fails_the_session_whatever_is_under_way():
    deadline = events.DeadlinePassed(timeout_s=1800)
    assert failed(after(STARTED, deadline))[0] == "deadline"
    assert failed(after(STARTED, said(), CALLED, deadline))[0] == "deadline"


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (events.SessionCancelled(), "cancelled"),
        (events.SessionCompleted(answer=""), "completed"),
        (events.SessionFailed(cause="deadline"), "deadline"),
    ],
)
def test_an_ended_session_stops(end: Event, reason: str):
    assert after(STARTED, said(), CALLED, end) == Stop(reason)


def test_a_late_completion_changes_nothing_about_the_end():
    move = after(STARTED, events.SessionCancelled(), said("FINAL_ANSWER: 1"))
    assert move == Stop("cancelled")


def test_what_may_have_run_once_waits_for_somebody_to_decide():
    taken_over = (STARTED, said(), PAID, events.SessionResumed(epoch=2))
    pause = after(*taken_over)
    detail = "may have run before the process changed: pay (1.0)"
    assert isinstance(pause, Decide)
    assert pause.events == (events.SessionPaused(cause="outcome_unknown", detail=detail),)
    assert after(*taken_over, *pause.events, events.SessionResumed(epoch=3)) == pause
    assert after(*taken_over, *pause.events, events.SessionResumed(epoch=3), RETURNED) == Think(2)


def test_what_may_run_twice_is_run_again():
    assert after(STARTED, said(), CALLED, events.SessionResumed(epoch=2)) == Act((CALLED,))


def test_what_was_erased_is_not_guessed():
    erased = events.Erased(erased_type="completion_received")
    assert after(STARTED, erased) == Wait("erased")
    assert after(events.Erased(erased_type="session_started")) == Wait("erased")


RECALLED = events.MemoryRecalled(query="x", policy=events.MemoryPolicy(), version=0, at=AT)


def test_a_session_that_remembers_recalls_before_it_thinks():
    assert after(remembering()) == Recall("What is 17*23?")
    assert after(remembering(), RECALLED) == Think(1)
    assert after(remembering(), said()) == Think(2)


def test_what_a_tool_recalled_is_not_what_the_task_needs():
    assert after(remembering(), replace(RECALLED, call_id="1.0")) == Recall("What is 17*23?")


@pytest.mark.parametrize(
    ("policy", "move"),
    [
        (None, Think(1)),
        (events.MemoryPolicy(max_memory_recalls=0), Think(1)),
        (events.MemoryPolicy(max_memory_recalls=0, working_shared=True), Recall("What is 17*23?")),
    ],
)
def test_memory_is_asked_only_for_what_a_prompt_would_hold(
    policy: events.MemoryPolicy | None, move: Move
):
    assert after(remembering(memory=policy)) == move


def test_of_a_long_task_both_ends_are_asked_for():
    move = after(remembering(prompt="a" * 5000 + "b" * 5000))
    half = QUERY_CHARS_MAX // 2
    assert move == Recall("a" * half + "\n" + "b" * half)


def test_calls_that_change_memory_come_before_the_others_one_by_one():
    first, second = (
        events.ToolCalled(
            call_id=f"1.{n}", tool="note", arguments={}, effect=events.Effect.TRANSACTIONAL
        )
        for n in (1, 2)
    )
    facts = [STARTED, said(), CALLED, first, second]
    assert after(*facts) == Transact(first)
    assert after(*facts, replace(RETURNED, call_id="1.1")) == Transact(second)
    back = [replace(RETURNED, call_id=call) for call in ("1.1", "1.2")]
    assert after(*facts, *back) == Act((CALLED,))


# ---- other models, and the answer's stages ---------------------------------------------------

FALLING = started(rules=2, fallbacks=("m:2", "m:3"))


def in_vain(code: str, *, retryable: bool, step: int = 1) -> events.CompletionFailed:
    return events.CompletionFailed(step=step, code=code, detail=code, retryable=retryable)


def chosen(model: str, cause: str, step: int = 1) -> events.FallbackChosen:
    return events.FallbackChosen(step=step, model=model, cause=cause)


def test_the_next_model_is_asked_when_one_failed_for_good_and_stays_for_the_steps_that_follow():
    busy, refused = in_vain("busy", retryable=True), in_vain("refused", retryable=False)
    facts = [FALLING, refused, chosen("m:2", "refused")]

    assert after(FALLING, refused) == Decide((chosen("m:2", "refused"),))
    assert (after(*facts), fold(facts).model) == (Think(1), "m:2")
    assert after(*facts, busy) == Decide((chosen("m:3", "busy"),))
    assert fold([*facts, said("Action: calculator 1")]).model == "m:2"


def test_when_no_model_is_left_the_failure_that_time_may_mend_says_why_the_session_waits():
    all_failed = [
        FALLING,
        in_vain("busy", retryable=True),
        chosen("m:2", "busy"),
        in_vain("refused", retryable=False),
        chosen("m:3", "refused"),
        in_vain("unknown", retryable=False),
    ]
    paused = events.SessionPaused(cause="busy", detail="busy")
    resumed = fold([*all_failed, paused, events.SessionResumed(epoch=2)])

    assert after(*all_failed) == Decide((paused,))
    assert (next_move(resumed), resumed.model) == (Think(1), "scripted:test")
    for_good = [fact for fact in all_failed if fact != all_failed[1]]
    assert failed(after(*for_good))[0] == "provider"


def test_an_answer_passes_its_stages_before_it_is_given():
    staged = started(rules=2, answer_stages=("mask",))
    answered = said("FINAL_ANSWER: 391")
    passed = events.AnswerPassed(step=1, answer="***")
    held = events.AnswerWithheld(step=1, stage="mask", code="c", detail="d")
    later = replace(held, retryable=True)

    assert after(staged, answered) == Pass(1, "391")
    assert after(staged, answered, passed) == Decide((events.SessionCompleted(answer="***"),))
    assert failed(after(staged, answered, held)) == ("withheld", "d")
    paused = events.SessionPaused(cause="c", detail="d")
    assert after(staged, answered, later) == Decide((paused,))
    again = (staged, answered, later, paused, events.SessionResumed(epoch=2))
    assert after(*again) == Pass(1, "391")
