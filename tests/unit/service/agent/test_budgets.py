"""What a session spends, and that it pauses when it has spent what it may."""

from typing import Any

import pytest

from schema import events
from schema.events import Budget, Erased, Event
from service.agent.budgets import spent
from service.agent.moves import Act, Decide, Move, Think, Wait, next_move
from service.agent.session import Status, fold
from tests.scripted_sessions import started

CALLED = tuple(
    events.ToolCalled(call_id=f"1.{n}", tool="calculator", arguments={}) for n in range(2)
)
RESUMED = events.SessionResumed(epoch=2)


def begun(**budget: Any) -> events.SessionStarted:
    return started(protocol=events.Protocol.NATIVE, budget=Budget(**budget))


def said(step: int = 1) -> events.CompletionReceived:
    return events.CompletionReceived(
        step=step,
        calls=tuple(
            events.RequestedCall(id=str(n), name="calculator", arguments="{}") for n in range(2)
        ),
        stop_reason="tool_calls",
        model="m",
        usage=events.Usage(input_tokens=70, output_tokens=30, cached_tokens=60),
        latency_ms=1000.0,
        prompt_digest="",
    )


def back(index: int, latency_ms: float) -> events.ToolReturned:
    return events.ToolReturned(
        call_id=f"1.{index}", ok=True, observation='{"ok":true,"data":1}', latency_ms=latency_ms
    )


TURN = (said(), *CALLED, back(0, 500.0), back(1, 2000.0))


def after(*facts: Event) -> Move:
    return next_move(fold(facts))


def reached(kind: Any, most: float, so_far: float) -> Decide:
    return Decide((events.BudgetReached(kind=kind, most=most, spent=so_far),))


def test_tokens_steps_and_the_longest_of_tools_side_by_side_are_spent():
    so_far = {"tokens": 100, "steps": 1, "seconds": 3.0, "cost": 0.0}
    assert spent(fold((begun(), *TURN))) == so_far
    assert spent(fold((begun(), *TURN, said(2))))["seconds"] == 4.0


def test_a_session_without_a_budget_spends_as_it_likes():
    assert after(begun(), *TURN) == Think(2)


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        ({"tokens": 100}, reached("tokens", 100, 100)),
        ({"tokens": 101}, Think(2)),
        ({"steps": 1}, reached("steps", 1, 1)),
        ({"steps": 2}, Think(2)),
        ({"seconds": 3.0}, reached("seconds", 3.0, 3.0)),
        ({"seconds": 3.5}, Think(2)),
        ({"seconds": 1.0, "steps": 1, "tokens": 1}, reached("tokens", 1, 100)),
    ],
)
def test_a_session_pauses_before_the_thought_that_it_can_not_pay(
    budget: dict[str, Any], expected: Move
):
    assert after(begun(**budget), *TURN) == expected


def test_what_was_asked_for_runs_before_the_session_pauses():
    assert after(begun(tokens=1), said(), *CALLED) == Act(CALLED)


PAUSED = (begun(steps=1), *TURN, events.BudgetReached(kind="steps", most=1, spent=1))


def test_a_session_that_has_spent_its_budget_says_so_and_waits():
    state = fold(PAUSED)
    assert (state.status, state.rested, state.cause) == (Status.PAUSED, True, "budget_reached")
    assert state.detail == "1 of 1 steps are spent"
    assert next_move(state) == Wait("budget_reached")


def test_a_session_that_was_given_more_goes_on_when_it_is_resumed():
    more = events.BudgetRaised(steps=2)
    assert after(*PAUSED, more) == Wait("budget_reached")
    assert after(*PAUSED, more, RESUMED) == Think(2)


def test_a_session_that_was_given_nothing_pauses_again():
    assert after(*PAUSED, RESUMED) == reached("steps", 1, 1)
    assert after(*PAUSED, events.BudgetRaised(seconds=9.0), RESUMED) == reached("steps", 1, 1)


def test_a_session_out_of_steps_fails_rather_than_pauses():
    limits = events.Limits(max_iterations=1)
    start = started(protocol=events.Protocol.NATIVE, budget=Budget(steps=1), limits=limits)
    move = after(start, *TURN)
    assert isinstance(move, Decide)
    assert isinstance(move.events[0], events.SessionFailed)


def test_a_pause_whose_data_was_erased_is_still_one():
    state = fold((*PAUSED[:-1], Erased(erased_type="budget_reached")))
    assert (state.status, state.cause, state.rested) == (Status.PAUSED, "erased", True)
