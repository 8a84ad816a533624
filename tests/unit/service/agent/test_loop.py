"""The loop, on effects that are scripted."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from eventlog.members import EVENT_BYTES_MAX, StreamAppend, prepare
from schema import events
from schema.completions import Completion
from schema.envelope import Metadata
from schema.errors import (
    Broken,
    Fenced,
    ProviderRefused,
    ProviderUnavailable,
    UnknownEvent,
)
from schema.events import Event
from schema.ids import new_session_id, session_stream
from service.agent import loop, recorder
from service.agent.session import Status, fold
from service.agent.tools.observation import Observed
from tests.scripted_sessions import (
    ACTION,
    ANSWER,
    MemoryLog,
    ScriptedModel,
    asks,
    calculate,
    effects_of,
    run,
    says,
    started,
)


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


NATIVE = started(protocol=events.Protocol.NATIVE)
TWO = asks(("calculator", {"expression": "1"}), ("pay", {}))


def types(log: MemoryLog) -> list[str]:
    return [fact.type for fact in log.facts]


async def test_a_session_thinks_acts_and_answers_in_two_commits_a_step():
    state, log = await run(started(), ACTION, ANSWER)
    assert (state.status, state.answer) == (Status.COMPLETED, "391")
    assert types(log) == [
        "session_started",
        "completion_received",
        "tool_called",
        "tool_returned",
        "completion_received",
        "session_completed",
    ]
    assert log.appends == [2, 1, 2]


async def test_the_calls_of_a_turn_run_side_by_side_and_return_as_they_come():
    slow = asyncio.Event()

    async def act(call: events.ToolCalled) -> Observed:
        if call.call_id == "1.0":
            await slow.wait()
        else:
            slow.set()
        return await calculate(call)

    state, log = await run(NATIVE, TWO, says("done"), act=act)
    returned = [fact.call_id for fact in log.facts if isinstance(fact, events.ToolReturned)]
    assert returned == ["1.1", "1.0"]
    assert state.status is Status.COMPLETED


async def test_returns_that_are_ready_together_share_an_append():
    _, log = await run(NATIVE, TWO, says("done"))
    assert log.appends == [3, 2, 2]


async def test_no_more_calls_run_at_once_than_allowed():
    running = most = 0

    async def act(call: events.ToolCalled) -> Observed:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return await calculate(call)

    await run(NATIVE, asks(*[("calculator", {})] * 16), says("done"), act=act)
    assert most == 4


async def test_a_control_event_in_between_is_folded_and_the_completion_comes_behind_it():
    label = events.CheckpointLabelled(label="here", at=1)
    log = MemoryLog(facts=[started()], interruptions=[[label]])
    state, _ = await run(started(), ACTION, ANSWER, log=log)
    assert types(log)[1:4] == ["checkpoint_labelled", "completion_received", "tool_called"]
    assert state.answer == "391"


async def test_a_conflict_keeps_the_ids_of_inputs():
    tried: list[list[UUID]] = []
    log = MemoryLog(facts=[started()], interruptions=[[events.CheckpointLabelled(label="x", at=0)]])
    record = log.record

    async def spying(
        facts: Sequence[Event], ids: Sequence[UUID], expected: int, *others: StreamAppend
    ) -> None:
        tried.append(list(ids))
        await record(facts, ids, expected, *others)

    effects = replace(effects_of(log, ScriptedModel([ANSWER])), record=spying)
    await loop.run(fold(log.facts), effects, calls_at_once=1)
    (first_input, first_decision), (again_input, again_decision) = tried
    assert first_input == again_input
    assert first_decision != again_decision


async def test_a_paid_completion_is_kept_behind_a_cancellation_and_decides_nothing():
    log = MemoryLog(facts=[started()], interruptions=[[events.SessionCancelled()]])
    state, _ = await run(started(), ACTION, log=log)
    assert types(log)[1:] == ["session_cancelled", "completion_received"]
    assert state.status is Status.CANCELLED


async def test_a_failure_behind_a_cancellation_is_not_worth_keeping():
    log = MemoryLog(facts=[started()], interruptions=[[events.SessionCancelled()]])
    await run(started(), ProviderUnavailable("busy"), log=log)
    assert types(log)[1:] == ["session_cancelled"]


async def test_a_cancellation_stops_the_calls_that_still_run_and_keeps_what_returned():
    async def act(call: events.ToolCalled) -> Observed:
        if call.call_id == "1.0":
            await asyncio.Event().wait()
        return await calculate(call)

    log = MemoryLog(facts=[NATIVE], interruptions=[[], [events.SessionCancelled()]])
    state, _ = await run(NATIVE, TWO, act=act, log=log)
    assert types(log)[-2:] == ["session_cancelled", "tool_returned"]
    assert state.status is Status.CANCELLED


async def test_others_that_are_always_faster_do_not_keep_us_for_ever(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(recorder, "CONFLICTS_MAX", 3)
    label = events.CheckpointLabelled(label="x", at=0)
    log = MemoryLog(facts=[started()], interruptions=[[label]] * 4)
    with pytest.raises(Broken, match="3 times"):
        await run(started(), ANSWER, log=log)


async def test_a_session_that_was_taken_over_is_let_go():
    class TakenOver(MemoryLog):
        async def record(
            self,
            _facts: Sequence[Event],
            _ids: Sequence[UUID],
            _expected: int,
            *_others: StreamAppend,
        ) -> None:
            raise Fenced("session-x", 1, 2)

    with pytest.raises(Fenced):
        await run(NATIVE, TWO, log=TakenOver(facts=[NATIVE]))


async def test_a_lost_lease_while_tools_run_is_raised_as_itself():
    class LosingLater(MemoryLog):
        async def record(
            self, facts: Sequence[Event], ids: Sequence[UUID], expected: int, *others: StreamAppend
        ) -> None:
            if isinstance(facts[0], events.ToolReturned):
                raise Fenced("session-x", 1, 2)
            await super().record(facts, ids, expected, *others)

    with pytest.raises(Fenced):
        await run(NATIVE, TWO, log=LosingLater(facts=[NATIVE]))


async def test_a_failing_provider_pauses_the_session():
    state, log = await run(started(), ProviderUnavailable("overloaded", status=529))
    assert (state.status, state.cause) == (Status.PAUSED, "provider_unavailable")
    assert log.appends == [2]
    failure = log.facts[1]
    assert isinstance(failure, events.CompletionFailed)
    assert (failure.status, failure.retryable) == (529, True)


async def test_a_refusing_provider_fails_the_session():
    state, _ = await run(started(), ProviderRefused("no such model", 404))
    assert (state.status, state.cause) == (Status.FAILED, "provider")


async def test_a_late_completion_pauses_the_session():
    start = started(limits=events.Limits(completion_timeout_s=0.01))
    state, log = await run(start)
    assert (state.status, state.cause) == (Status.PAUSED, "timeout")
    assert types(log)[1:] == ["completion_failed", "session_paused"]


class Strict(MemoryLog):
    """Takes what the log takes."""

    async def record(
        self, facts: Sequence[Event], ids: Sequence[UUID], expected: int, *others: StreamAppend
    ) -> None:
        stream = session_stream(new_session_id("ada"))
        prepare("ada", [StreamAppend(stream, expected, facts, ids)], Metadata())
        await super().record(facts, ids, expected, *others)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (says("FINAL_ANSWER: " + "x" * EVENT_BYTES_MAX), "payload_too_large"),
        (says("FINAL_ANSWER: x", blocks=({"a": float("nan")},)), "not_finite"),
        (says("FINAL_ANSWER: x", blocks=(nested(300),)), "nested_too_deep"),
    ],
)
async def test_an_answer_that_no_event_can_hold_fails_the_session(said: Completion, code: str):
    state, log = await run(started(), said, log=Strict())
    assert (state.status, state.cause) == (Status.FAILED, "provider")
    failure = log.facts[1]
    assert isinstance(failure, events.CompletionFailed)
    assert (failure.code, failure.retryable) == (code, False)
    assert "max_output_tokens" in failure.detail


async def test_a_time_out_that_is_not_ours_is_raised_as_itself():
    with pytest.raises(TimeoutError, match="somebody else's"):
        await run(started(), TimeoutError("somebody else's"))


async def test_the_deadline_ends_a_session_that_thinks():
    state, log = await run(started(limits=events.Limits(session_timeout_s=0.01)))
    assert (state.status, state.cause) == (Status.FAILED, "deadline")
    assert log.appends == [2]


@pytest.mark.parametrize("said", [ACTION, asks(("calculator", {}), ("calculator", {}))])
async def test_the_deadline_ends_a_session_that_acts(said: Completion):
    async def act(call: events.ToolCalled) -> Observed:
        if call.call_id == "1.0":
            await asyncio.Event().wait()
        return await calculate(call)

    start = started(limits=events.Limits(session_timeout_s=0.05))
    state, log = await run(start, said, act=act)
    assert (state.status, state.cause) == (Status.FAILED, "deadline")
    assert types(log)[-2:] == ["deadline_passed", "session_failed"]


async def test_a_cancelled_loop_leaves_a_true_log_and_goes_on_later():
    reached = asyncio.Event()

    async def act(call: events.ToolCalled) -> Observed:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    log = MemoryLog()
    running = asyncio.ensure_future(run(started(), ACTION, act=act, log=log))
    await reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert types(log) == ["session_started", "completion_received", "tool_called"]
    log.facts.append(events.SessionResumed(epoch=2))
    state, _ = await run(started(), ANSWER, log=log)
    assert state.answer == "391"


async def test_a_fault_of_ours_is_raised_as_itself():
    async def act(call: events.ToolCalled) -> Observed:
        raise UnknownEvent(call.call_id)

    with pytest.raises(UnknownEvent):
        await run(NATIVE, TWO, act=act)


async def test_what_was_cut_for_the_model_is_proved_by_a_keyed_digest():
    async def act(_call: events.ToolCalled) -> Observed:
        return Observed(ok=True, observation="{}", size_bytes=5, whole="whole")

    _, log = await run(started(), ACTION, ANSWER, act=act)
    returned = log.facts[3]
    assert isinstance(returned, events.ToolReturned)
    assert returned.size_bytes == 5
    assert len(returned.digest or "") == 64


async def test_an_observer_sees_every_event_once_in_order_after_it_was_recorded():
    seen: list[tuple[int, Event]] = []
    label = events.CheckpointLabelled(label="x", at=0)
    log = MemoryLog(facts=[started()], interruptions=[[], [label]])
    effects = effects_of(log, ScriptedModel([ACTION, ANSWER]))

    def on_recorded(first: int, facts: Sequence[Event]) -> None:
        assert log.facts[first - 1 : first - 1 + len(facts)] == list(facts)
        seen.extend(enumerate(facts, start=first))

    await loop.run(fold(log.facts), effects, calls_at_once=1, on_recorded=on_recorded)
    assert seen == list(enumerate(log.facts, start=1))[1:]


async def test_a_session_that_did_not_start_cannot_run():
    effects = effects_of(MemoryLog(), ScriptedModel([]))
    with pytest.raises(ValueError, match="session_started"):
        await loop.run(fold([]), effects, calls_at_once=1)


async def test_rules_that_this_program_lacks_are_named():
    with pytest.raises(UnknownEvent, match="no rules 99"):
        await run(started(rules=99))
