"""What a word of people and other processes changes in a session, and what comes next."""

import pytest

from schema import events
from schema.events import Effect, Erased, Event
from service.agent.moves import Act, Decide, Move, Think, Wait, next_move
from service.agent.session import SessionState, Status, fold
from tests.scripted_sessions import started

STARTED = started(protocol=events.Protocol.NATIVE, approvals=("pay",))
SAID = events.CompletionReceived(
    step=1,
    calls=(
        events.RequestedCall(id="a", name="pay", arguments='{"bill":1}'),
        events.RequestedCall(id="b", name="calculator", arguments="{}"),
        events.RequestedCall(id="c", name="pay", arguments='{"bill":2}'),
    ),
    stop_reason="tool_calls",
    model="m",
    prompt_digest="",
)
PAY = events.ToolCalled(
    call_id="1.0", tool="pay", arguments={"bill": 1}, effect=Effect.AT_MOST_ONCE
)
ADD = events.ToolCalled(call_id="1.1", tool="calculator", arguments={})
PAY_TOO = events.ToolCalled(
    call_id="1.2", tool="pay", arguments={"bill": 2}, effect=Effect.AT_MOST_ONCE
)
ASKED = events.ApprovalRequested(call_ids=("1.0", "1.2"))
ADDED = events.ToolReturned(call_id="1.1", ok=True, observation='{"ok":true,"data":1}')
PAID = events.ToolReturned(call_id="1.0", ok=True, observation='{"ok":true,"data":1}')
CALLED = (STARTED, SAID, PAY, ADD, PAY_TOO)
WAITS = (*CALLED, ASKED, ADDED)
YES = events.ApprovalDecided(call_id="1.0", approved=True)
NO = events.ApprovalDecided(call_id="1.2", approved=False, reason="too much")
RESUMED = events.SessionResumed(epoch=2)
PAUSE = events.PauseRequested(reason="noon")
BLOCKED = '{"ok":false,"error":"not approved: too much","kind":"blocked"}'
ONCE = (started(protocol=events.Protocol.NATIVE), SAID, PAY, ADD, PAY_TOO)
"""The same without anything to approve."""
UNKNOWN = events.SessionPaused(cause="outcome_unknown")
NEVER = events.ToolReconciled(call_id="1.0", outcome="did_not_happen")
DONE = events.ToolReconciled(call_id="1.2", outcome="happened", data={"receipt": 7})


def after(*facts: Event) -> Move:
    return next_move(fold(facts))


def returned(state: SessionState) -> list[str | None]:
    assert state.turn is not None
    return [
        back.observation if isinstance(back, events.ToolReturned) else None
        for back in state.turn.returns
    ]


# ---- approval --------------------------------------------------------------------------------


def test_calls_of_a_tool_to_approve_are_asked_about_before_anything_runs():
    assert after(*CALLED) == Decide((ASKED,))


def test_what_needs_no_word_runs_while_the_others_wait():
    assert after(*CALLED, ASKED) == Act((ADD,))
    assert fold((*CALLED, ASKED)).status is Status.WAITING
    assert not fold((*CALLED, ASKED)).rested


def test_a_session_that_has_nothing_else_to_do_comes_to_rest():
    state = fold(WAITS)
    assert (state.status, state.rested, state.waiting_for) == (Status.WAITING, True, ("1.0", "1.2"))
    assert next_move(state) == Wait("approval_requested")


def test_one_word_of_two_is_not_enough():
    assert after(*WAITS, YES) == Wait("approval_requested")


def test_a_session_waits_to_be_taken_up_once_all_is_said():
    state = fold((*WAITS, YES, NO))
    assert (state.status, state.rested) == (Status.WAITING, True)
    assert next_move(state) == Act((PAY,))
    assert after(*WAITS, YES, NO, RESUMED) == Act((PAY,))


def test_a_word_that_comes_while_others_run_lets_the_call_run_no_sooner():
    facts = (*CALLED, ASKED, YES, NO)
    assert after(*facts) == Act((ADD,))
    assert fold((*facts, ADDED)).rested


def test_the_model_is_told_the_reason_of_a_no():
    state = fold((*WAITS, YES, NO))
    assert returned(state) == [None, ADDED.observation, BLOCKED]


def test_a_session_whose_calls_are_all_rejected_thinks_again():
    no = events.ApprovalDecided(call_id="1.0", approved=False)
    state = fold((*WAITS, no, NO))
    assert next_move(state) == Think(2)
    assert returned(state)[0] == '{"ok":false,"error":"not approved","kind":"blocked"}'


def test_a_call_runs_with_the_arguments_that_were_approved():
    edited = events.ApprovalDecided(call_id="1.0", approved=True, arguments={"bill": 9})
    move = after(*WAITS, edited, NO, RESUMED)
    assert isinstance(move, Act)
    assert [call.arguments for call in move.calls] == [{"bill": 9}]


def test_a_call_that_waits_is_never_uncertain():
    assert not fold((*CALLED, ASKED, RESUMED)).uncertain
    assert not fold((*WAITS, YES, NO, RESUMED)).uncertain


def test_an_approved_call_is_uncertain_once_the_session_was_taken_up_and_lost():
    state = fold((*WAITS, YES, NO, RESUMED, events.SessionResumed(epoch=3)))
    assert state.doubtful == ("1.0",)
    paused = next_move(state)
    assert isinstance(paused, Decide)
    assert fold(paused.events, state).cause == "outcome_unknown"


def test_who_resumes_a_session_that_waits_is_asked_again():
    assert after(*WAITS, YES, RESUMED) == Decide((events.ApprovalRequested(call_ids=("1.2",)),))


def test_a_resumed_session_that_was_paused_while_it_waited_is_asked_again():
    state = fold((*WAITS, PAUSE))
    assert (state.status, state.waiting_for) == (Status.PAUSED, ())
    assert after(*WAITS, PAUSE, RESUMED) == Decide((ASKED,))


def test_an_approval_is_for_one_turn():
    facts = (*WAITS, YES, NO, RESUMED, PAID)
    again = events.CompletionReceived(step=2, calls=SAID.calls[:1], model="m", prompt_digest="")
    called = events.ToolCalled(call_id="2.0", tool="pay", arguments={})
    assert after(*facts, again, called) == Decide((events.ApprovalRequested(call_ids=("2.0",)),))


def test_a_request_whose_data_was_erased_names_the_same_calls():
    state = fold((*CALLED, Erased(erased_type="approval_requested")))
    assert (state.status, state.waiting_for, state.cause) == (
        *(Status.WAITING, ASKED.call_ids, "erased"),
    )


def test_a_call_whose_approval_was_erased_is_not_run():
    state = fold((*WAITS, Erased(erased_type="approval_decided"), NO))
    assert next_move(state) == Think(2)


# ---- pause -----------------------------------------------------------------------------------


def test_a_paused_session_begins_nothing():
    state = fold((STARTED, PAUSE))
    assert (state.status, state.cause, state.detail) == (Status.PAUSED, "pause_requested", "noon")
    assert next_move(state) == Wait("pause_requested")


def test_what_returns_in_a_paused_session_is_kept():
    state = fold((*ONCE, PAUSE, PAID, ADDED))
    assert state.status is Status.PAUSED
    assert returned(state) == [PAID.observation, ADDED.observation, None]


def test_a_resumed_session_goes_on_where_it_was_paused():
    assert after(STARTED, PAUSE, RESUMED) == Think(1)


def test_a_pause_tells_nothing_of_calls_that_may_have_run():
    assert fold((*ONCE, PAUSE, RESUMED)).doubtful == ("1.0", "1.2")


# ---- unknown outcomes ------------------------------------------------------------------------

LOST = (*ONCE, RESUMED, UNKNOWN)


def test_a_call_that_happened_has_returned_what_it_gave():
    state = fold((*LOST, DONE))
    assert state.doubtful == ("1.0",)
    assert returned(state)[2] == '{"ok":true,"data":{"receipt":7}}'


def test_a_session_stays_paused_until_it_is_resumed():
    assert after(*LOST, NEVER, DONE) == Wait("outcome_unknown")


def test_what_did_not_happen_runs_when_the_session_goes_on():
    resumed = events.SessionResumed(epoch=3)
    assert after(*LOST, NEVER, DONE, resumed) == Act((PAY, ADD))


def test_what_is_still_unknown_pauses_the_session_again():
    state = fold((*LOST, NEVER, events.SessionResumed(epoch=3)))
    assert state.doubtful == ("1.2",)
    assert isinstance(next_move(state), Decide)


def test_what_did_not_happen_may_have_happened_after_the_next_crash():
    resumed = [events.SessionResumed(epoch=epoch) for epoch in (3, 4)]
    assert fold((*LOST, NEVER, DONE, *resumed)).doubtful == ("1.0",)


@pytest.mark.parametrize("kind", ["approval_decided", "tool_reconciled"])
def test_a_word_whose_data_was_erased_before_there_was_anything_changes_nothing(kind: str):
    state = fold((STARTED, Erased(erased_type=kind)))
    assert (state.status, state.version) == (Status.RUNNING, 2)
