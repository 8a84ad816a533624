"""Verify knows what people and other processes may say, and where."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schema import events
from schema.events import Erased, Event
from service.agent.budgets import most, spent
from service.agent.session import SessionState, Status, fold
from service.agent.tools.observation import Observed
from service.replay import Report, verify
from tests.scripted_sessions import (
    ANSWER,
    MemoryLog,
    ScriptedModel,
    asks,
    calculate,
    recorded,
    remembering,
    run,
    says,
    started,
)

BOTH = asks(("pay", {"bill": 1}), ("calculator", {}), ("pay", {"bill": 2}), ("note", {"key": "k"}))
STARTS = (
    remembering(protocol=events.Protocol.NATIVE, approvals=("pay",)),
    remembering(protocol=events.Protocol.NATIVE, approvals=("calculator", "note")),
    remembering(protocol=events.Protocol.NATIVE),
    remembering(protocol=events.Protocol.NATIVE, budget=events.Budget(tokens=15, steps=2)),
)
PAUSE = events.PauseRequested(reason="noon")
EDITED = {"bill": 3}


def resumed(state: SessionState) -> events.SessionResumed:
    return events.SessionResumed(epoch=state.epoch + 1)


def word(state: SessionState, choice: int) -> Event:
    """The next word that a session at rest needs to go on."""
    if state.doubtful:
        outcome: Any = "happened" if choice % 2 else "did_not_happen"
        return events.ToolReconciled(call_id=state.doubtful[0], outcome=outcome)
    if state.waiting_for:
        approved = bool(choice % 3)
        arguments = EDITED if choice % 3 == 2 else None
        return events.ApprovalDecided(
            call_id=state.waiting_for[choice % len(state.waiting_for)],
            approved=approved,
            arguments=arguments,
        )
    if choice and limits(state):
        return events.BudgetRaised(**{kind: most * 2 for kind, most in limits(state).items()})
    return resumed(state)


def limits(state: SessionState) -> dict[str, Any]:
    """What the session may spend, of what it has spent."""
    return {
        kind: limit
        for kind, limit in most(state.budget).items()
        if limit is not None and limit <= spent(state)[kind]
    }


async def driven(
    start: events.SessionStarted, choices: list[int], between: list[list[Event]]
) -> MemoryLog:
    """A session that the real loop ran, with whatever people say whenever it rests."""
    log = MemoryLog(facts=[start], interruptions=[*between])
    model = ScriptedModel([BOTH, says("?"), BOTH, *[ANSWER] * 9])
    for choice in [*choices, *[1] * 60]:
        state, _ = await run(start, log=log, model=model)
        log.interruptions.clear()
        if state.ended:
            return log
        log.facts.append(word(state, choice))
    raise AssertionError("it did not come to an end")


def session(
    start: events.SessionStarted, choices: list[int], between: list[list[Event]]
) -> list[Event]:
    return asyncio.run(driven(start, choices, between)).facts


SESSIONS = st.builds(
    session,
    st.sampled_from(STARTS),
    st.lists(st.integers(0, 5), max_size=12),
    st.lists(
        st.sampled_from([[], [], [PAUSE], [events.CheckpointLabelled(label="x", at=1)]]),
        max_size=5,
    ).filter(lambda between: between.count([PAUSE]) < 2),
)


def found(facts: list[Event]) -> Report:
    return verify(recorded(facts))


@given(SESSIONS)
@settings(max_examples=60, deadline=None)
def test_what_was_said_and_done_verifies(facts: list[Event]):
    report = found(facts)
    assert report.difference is None, str(report.difference)
    assert report.checked.events == len(facts)


@given(SESSIONS)
@settings(max_examples=30, deadline=None)
def test_every_beginning_of_a_session_that_others_wrote_to_verifies(facts: list[Event]):
    said = (events.PauseRequested, events.ApprovalDecided, events.ToolReconciled)
    for version, fact in enumerate(facts, start=1):
        if isinstance(fact, said):
            report = found(facts[:version])
            assert report.difference is None, str(report.difference)


@given(SESSIONS, st.data())
@settings(max_examples=60, deadline=None)
def test_erased_events_are_no_differences(facts: list[Event], data: st.DataObject):
    gone = sorted(data.draw(st.sets(st.integers(1, len(facts)))))
    erasure = events.EventsErased(versions=tuple(gone), reason="asked for")
    past = [
        replace(fact, event=Erased(erased_type=fact.type)) if fact.version in gone else fact
        for fact in recorded([*facts, erasure])
    ]
    report = verify(past)
    assert report.difference is None, f"{report.difference} without {gone}"


@given(SESSIONS)
@settings(max_examples=60, deadline=None)
def test_nothing_runs_before_its_approval(facts: list[Event]):
    state = SessionState()
    for fact in facts:
        if isinstance(fact, events.ToolReturned) and state.started is not None:
            assert state.turn is not None
            (call,) = [
                call
                for call in state.turn.calls
                if isinstance(call, events.ToolCalled) and call.call_id == fact.call_id
            ]
            assert call.tool not in state.started.approvals or call.call_id in state.released
        state = fold([fact], state)


PAID = events.ToolReturned(call_id="1.0", ok=True, observation='{"ok":true,"data":391}')


async def approved() -> list[Event]:
    """A call that waits, is approved with other arguments, and runs."""
    log = MemoryLog()
    model = ScriptedModel([asks(("pay", {"bill": 1})), ANSWER])
    start = started(protocol=events.Protocol.NATIVE, approvals=("pay",))
    await run(start, log=log, model=model)
    log.facts.append(
        events.ApprovalDecided(call_id="1.0", approved=True, arguments=EDITED, reason="ok")
    )
    log.facts.append(events.SessionResumed(epoch=2, reason="approved"))
    state, _ = await run(start, log=log, model=model)
    assert state.status is Status.COMPLETED
    return log.facts


async def lost() -> list[Event]:
    """A call whose process went away, and that somebody found to have happened."""
    log = MemoryLog()
    model = ScriptedModel([asks(("pay", {"bill": 1})), ANSWER])
    start = started(protocol=events.Protocol.NATIVE)

    async def dies(_call: events.ToolCalled) -> Any:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await run(start, log=log, model=model, act=dies)
    log.facts.append(events.SessionResumed(epoch=2))
    await run(start, log=log, model=model)
    log.facts.append(events.ToolReconciled(call_id="1.0", outcome="happened", data=1))
    log.facts.append(events.SessionResumed(epoch=3))
    state, _ = await run(start, log=log, model=model)
    assert state.status is Status.COMPLETED
    return log.facts


def types(facts: list[Event]) -> list[str]:
    return [fact.type for fact in facts]


async def test_an_approved_call_leaves_its_story():
    facts = await approved()
    assert types(facts)[2:8] == [
        *("tool_called", "approval_requested", "approval_decided", "session_resumed"),
        *("tool_returned", "completion_received"),
    ]
    assert found(facts).difference is None


async def test_a_reconciled_call_leaves_its_story():
    facts = await lost()
    assert types(facts)[2:8] == [
        *("tool_called", "session_resumed", "session_paused", "tool_reconciled"),
        *("session_resumed", "completion_received"),
    ]
    assert found(facts).difference is None


def without(version: int) -> Callable[[list[Event]], list[Event]]:
    return lambda facts: facts[: version - 1] + facts[version:]


def changed(version: int, **change: Any) -> Callable[[list[Event]], list[Event]]:
    def change_it(facts: list[Event]) -> list[Event]:
        facts = list(facts)
        facts[version - 1] = replace(facts[version - 1], **change)
        return facts

    return change_it


def put(version: int, *more: Event) -> Callable[[list[Event]], list[Event]]:
    return lambda facts: [*facts[: version - 1], *more, *facts[version - 1 :]]


WORD = events.ApprovalDecided(call_id="1.0", approved=True)


@pytest.mark.parametrize(
    ("mutate", "version"),
    [
        (changed(1, approvals=()), 4),
        (without(4), 4),
        (changed(4, call_ids=("1.1",)), 4),
        (changed(4, call_ids=("1.0", "1.1")), 4),
        (without(5), 6),
        (changed(5, call_id="1.1"), 5),
        (changed(5, approved=False), 5),
        (changed(5, approved=False, arguments=None), 7),
        (changed(5, approved=False, arguments=None, reason="x" * 70_000), 5),
        (without(6), 6),
        (put(5, PAID), 5),
        (put(6, PAID), 6),
        (put(6, WORD), 6),
        (put(7, WORD), 7),
        (put(9, events.PauseRequested()), 9),
        (put(10, events.PauseRequested()), 10),
        (put(5, events.ToolReconciled(call_id="1.0", outcome="happened")), 5),
        (put(5, events.DeadlinePassed(timeout_s=1800.0)), 6),
    ],
)
async def test_a_changed_approval_is_found(
    mutate: Callable[[list[Event]], list[Event]], version: int
):
    difference = found(mutate(await approved())).difference
    assert difference is not None
    assert difference.version == version


@pytest.mark.parametrize(
    ("mutate", "version"),
    [
        (without(6), 7),
        (changed(6, call_id="1.1"), 6),
        (changed(6, outcome="did_not_happen"), 6),
        (changed(6, outcome="did_not_happen", data=None), 8),
        (changed(6, data=2), 8),
        (put(7, events.ToolReconciled(call_id="1.0", outcome="happened")), 7),
        (put(4, events.ToolReconciled(call_id="1.0", outcome="happened")), 4),
        (put(6, PAID), 6),
        (put(6, events.PauseRequested()), 6),
        (put(6, WORD), 6),
    ],
)
async def test_a_changed_outcome_is_found(
    mutate: Callable[[list[Event]], list[Event]], version: int
):
    difference = found(mutate(await lost())).difference
    assert difference is not None
    assert difference.version == version


async def thrifty() -> list[Event]:
    """A session that spends its budget, is given more, and answers."""
    start = started(protocol=events.Protocol.NATIVE, budget=events.Budget(tokens=10, steps=5))
    log = MemoryLog()
    model = ScriptedModel([asks(("calculator", {})), ANSWER])
    await run(start, log=log, model=model)
    log.facts += [events.BudgetRaised(tokens=30), events.SessionResumed(epoch=2)]
    await run(start, log=log, model=model)
    assert types(log.facts)[4:7] == ["budget_reached", "budget_raised", "session_resumed"]
    assert found(log.facts).difference is None
    return log.facts


@pytest.mark.parametrize(
    ("mutate", "version"),
    [
        (changed(1, budget=events.Budget()), 5),
        (changed(1, budget=events.Budget(tokens=11)), 5),
        (changed(2, usage=events.Usage(input_tokens=8, output_tokens=3)), 5),
        (without(5), 5),
        (changed(5, spent=11.0), 5),
        (changed(5, kind="steps"), 5),
        (without(6), 7),
        (changed(6, tokens=10), 6),
        (changed(6, seconds=10.0), 6),
        (changed(6, tokens=None), 8),
        (put(10, events.BudgetRaised(tokens=50)), 10),
    ],
)
async def test_a_changed_budget_is_found(
    mutate: Callable[[list[Event]], list[Event]], version: int
):
    difference = found(mutate(await thrifty())).difference
    assert difference is not None
    assert difference.version == version


async def test_a_pause_in_the_midst_of_a_call_and_of_a_thought_loses_nothing():
    start = started(protocol=events.Protocol.NATIVE)
    log = MemoryLog(interruptions=[[PAUSE]])
    model = ScriptedModel([asks(("pay", {"bill": 1})), ANSWER])
    state, _ = await run(start, log=log, model=model)
    assert types(log.facts) == ["session_started", "pause_requested", "completion_received"]
    assert state.status is Status.PAUSED
    log.facts.append(resumed(state))
    log.interruptions += [[], [PAUSE]]
    state, _ = await run(start, log=log, model=model)
    assert types(log.facts)[3:] == [
        *("session_resumed", "tool_called", "pause_requested", "tool_returned"),
    ]
    log.facts.append(resumed(state))
    state, _ = await run(start, log=log, model=model)
    assert state.status is Status.COMPLETED
    assert found(log.facts).difference is None


async def test_a_deadline_that_passes_in_a_paused_session_is_none():
    start = started(protocol=events.Protocol.NATIVE, limits=events.Limits(session_timeout_s=0.05))

    async def act(call: events.ToolCalled) -> Observed:
        if call.tool == "pay":
            await asyncio.Event().wait()
        return await calculate(call)

    log = MemoryLog(interruptions=[[], [PAUSE]])
    model = ScriptedModel([asks(("calculator", {}), ("pay", {})), ANSWER])
    state, _ = await run(start, log=log, model=model, act=act)
    assert types(log.facts)[-2:] == ["pause_requested", "tool_returned"]
    assert fold([resumed(state)], state).doubtful == ("1.1",)
    assert found(log.facts).difference is None


async def test_a_word_that_comes_while_others_run_is_acted_on_once_the_session_is_taken_up():
    start = remembering(protocol=events.Protocol.NATIVE, approvals=("pay",))
    said: list[Event] = [
        events.ApprovalDecided(call_id="1.0", approved=True),
        events.ApprovalDecided(call_id="1.1", approved=False),
    ]
    log = MemoryLog(interruptions=[[], [], said])
    model = ScriptedModel([asks(("pay", {"bill": 1}), ("pay", {}), ("calculator", {})), ANSWER])
    state, _ = await run(start, log=log, model=model)
    assert (state.status, state.rested, state.waiting_for) == (Status.WAITING, True, ())
    assert types(log.facts)[-3:] == ["approval_decided", "approval_decided", "tool_returned"]
    log.facts.append(resumed(state))
    state, _ = await run(start, log=log, model=model)
    assert state.status is Status.COMPLETED
    assert found(log.facts).difference is None
