"""A word to a session over a real log, from any process, also while the session runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from eventlog.bell import BellSettings
from eventlog.database import Database, Dedicated
from eventlog.log import EventLog, open_log
from eventlog.members import StreamAppend
from schema import events
from schema.envelope import Metadata
from schema.errors import Invalid, NotFound, WrongExpectedVersion, WrongStatus
from schema.events import Effect, Event
from schema.ids import uuid7
from service.agent.session import SessionState, Status, fold
from service.control import REASON_CHARS_MAX, Control, is_ready
from service.projections import PROJECTIONS
from service.replay import verify
from service.sessions import head_of, read_session
from tests.log_writing import Talk, talk_of
from tests.projecting import level
from tests.scripted_sessions import started

START = started(agent_id="a-1", protocol=events.Protocol.NATIVE, approvals=("pay",))
SAID = events.CompletionReceived(
    step=1,
    calls=tuple(
        events.RequestedCall(id=str(n), name="pay", arguments=f'{{"bill":{n}}}') for n in range(2)
    ),
    stop_reason="tool_calls",
    model="m",
    prompt_digest="0" * 64,
)
CALLED = tuple(
    events.ToolCalled(
        call_id=f"1.{n}", tool="pay", arguments={"bill": n}, effect=Effect.AT_MOST_ONCE
    )
    for n in range(2)
)
ASKED = events.ApprovalRequested(call_ids=("1.0", "1.1"))
WAITS = (START, SAID, *CALLED, ASKED)
FREE = started(agent_id="a-1", protocol=events.Protocol.NATIVE)
LOST = (
    *(FREE, SAID, *CALLED, events.SessionResumed(epoch=2)),
    events.SessionPaused(cause="outcome_unknown"),
)
TellFn = Callable[[Control, Talk], Awaitable[SessionState]]


async def begun(log: EventLog, *facts: Event) -> Talk:
    talk = talk_of("a-1", log.partitions)
    await log.append("a-1", StreamAppend(talk.stream, 0, facts), metadata=Metadata())
    return talk


async def state_of(log: EventLog, talk: Talk) -> SessionState:
    return fold(fact.event for fact in await read_session(log, talk.session_id))


async def leases(owner: Dedicated) -> list[tuple[object, object]]:
    rows = await owner.fetch("select session_id, holder from ops.leases")
    return [(row["session_id"], row["holder"]) for row in rows]


@pytest.fixture
async def log(database: Database) -> AsyncIterator[EventLog]:
    async with open_log(database, BellSettings()) as log:
        yield log


@pytest.fixture
def control(log: EventLog) -> Control:
    return Control(log, "ana")


async def test_who_said_it_and_why_stand_in_the_log(log: EventLog, control: Control):
    talk = await begun(log, FREE)
    state = await control.pause(talk.session_id, reason="noon")
    *_, last = await read_session(log, talk.session_id)
    assert (last.event, last.metadata.actor) == (events.PauseRequested(reason="noon"), "ana")
    assert state == await state_of(log, talk)


async def test_a_session_is_offered_to_whoever_looks_for_work_once_all_is_said(
    log: EventLog, control: Control, database: Database
):
    owner = await database.connect_as_owner()
    talk = await begun(log, *WAITS)
    state = await control.approve(talk.session_id, "1.1", arguments={"bill": 9}, reason="ok")
    assert (state.waiting_for, is_ready(state)) == (("1.0",), False)
    assert await leases(owner) == []
    state = await control.reject(talk.session_id, "1.0", reason="paid")
    assert is_ready(state)
    assert await leases(owner) == [(talk.session_id, None)]
    await owner.close()


async def test_who_gives_a_lease_back_offers_what_was_said_meanwhile(
    log: EventLog, control: Control, database: Database
):
    owner = await database.connect_as_owner()
    talk = await begun(log, *WAITS)
    assert not await control.offer(talk.session_id)
    for call in CALLED:
        await control.approve(talk.session_id, call.call_id)
    await owner.execute("delete from ops.leases")  # The driver's, at that moment.
    assert await control.offer(talk.session_id)
    assert await leases(owner) == [(talk.session_id, None)]
    await owner.close()


@pytest.mark.parametrize(
    "tell",
    [
        lambda c, t: c.approve(t.session_id, "1.0", arguments={"bill": 9}),
        lambda c, t: c.approve(t.session_id, "1.0"),
        lambda c, t: c.reject(t.session_id, "1.0", reason="no"),
        lambda c, t: c.pause(t.session_id),
        lambda c, t: c.cancel(t.session_id),
    ],
)
async def test_the_same_word_again_changes_nothing(log: EventLog, control: Control, tell: TellFn):
    talk = await begun(log, *WAITS)
    assert (await tell(control, talk)).version == (await tell(control, talk)).version


async def test_of_two_who_disagree_the_first_is_heard(log: EventLog, control: Control):
    talk = await begun(log, *WAITS)
    said = await asyncio.gather(
        control.approve(talk.session_id, "1.0"),
        control.reject(talk.session_id, "1.0"),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in said) == ["SessionState", "WrongStatus"]
    facts = await read_session(log, talk.session_id)
    assert sum(isinstance(fact.event, events.ApprovalDecided) for fact in facts) == 1


async def test_a_word_gets_in_while_the_session_moves_on(log: EventLog, control: Control):
    talk = await begun(log, FREE)
    moved = 0

    async def moves_on() -> None:
        nonlocal moved
        for n in range(30):
            label = events.CheckpointLabelled(label=str(n), at=1)
            version = await head_of(log, talk.session_id)
            with suppress(WrongExpectedVersion):
                append = StreamAppend(talk.stream, version, (label,))
                await log.append("a-1", append, metadata=Metadata())
                moved += 1

    state, _ = await asyncio.gather(control.pause(talk.session_id), moves_on())
    assert state.status is Status.PAUSED
    assert (await state_of(log, talk)).version == 2 + moved


@pytest.mark.parametrize(
    ("facts", "tell", "said"),
    [
        (WAITS, lambda c, t: c.reconcile(t.session_id, "1.0", "happened"), "every call is known"),
        (LOST, lambda c, t: c.approve(t.session_id, "1.0"), "is paused: no call waits for a word"),
        (
            (*WAITS, events.PauseRequested()),
            lambda c, t: c.approve(t.session_id, "1.0"),
            "is paused: no call waits",
        ),
        (
            (*WAITS, events.ApprovalDecided(call_id="1.0", approved=False)),
            lambda c, t: c.approve(t.session_id, "1.0"),
            "is waiting: it waits for a word about 1.1",
        ),
        (
            (FREE, events.SessionCancelled()),
            lambda c, t: c.pause(t.session_id),
            "is cancelled: nothing goes on in it",
        ),
    ],
)
async def test_what_makes_no_sense_there_is_refused(
    log: EventLog, control: Control, facts: tuple[Event, ...], tell: TellFn, said: str
):
    talk = await begun(log, *facts)
    with pytest.raises(WrongStatus, match=said):
        await tell(control, talk)
    assert (await state_of(log, talk)).version == len(facts)


async def test_arguments_that_the_tool_does_not_take_do_not_burn_the_word(
    log: EventLog, control: Control
):
    talk = await begun(log, *WAITS)
    with pytest.raises(Invalid, match="do not fit pay: there is no bil") as refused:
        await control.approve(talk.session_id, "1.0", arguments={"bil": 9})
    assert refused.value.field == "arguments"
    state = await control.approve(talk.session_id, "1.0", arguments={"bill": 9})
    assert state.waiting_for == ("1.1",)


async def test_what_is_not_there_is_not_found(log: EventLog, control: Control):
    talk = await begun(log, *WAITS)
    with pytest.raises(NotFound, match=r"no call '7\.0'"):
        await control.approve(talk.session_id, "7.0")
    with pytest.raises(NotFound, match="no session"):
        await control.pause(uuid7())


@pytest.mark.parametrize(
    ("tell", "field"),
    [
        (lambda c, t: c.cancel(t.session_id, reason="x" * (REASON_CHARS_MAX + 1)), "reason"),
        (lambda c, t: c.approve(t.session_id, "1.0", arguments={"a": float("nan")}), "arguments.a"),
        (lambda c, t: c.reconcile(t.session_id, "1.0", "happened", data="x" * 70_000), "data"),
        (lambda c, t: c.reconcile(t.session_id, "1.0", "did_not_happen", data=1), "data"),
    ],
)
async def test_what_can_not_be_said_is_refused_by_its_name(
    log: EventLog, control: Control, tell: TellFn, field: str
):
    talk = await begun(log, *LOST)
    with pytest.raises(Invalid) as refused:
        await tell(control, talk)
    assert refused.value.field == field


async def test_outcomes_are_reconciled_one_by_one_and_the_session_stays_paused(
    log: EventLog, control: Control
):
    talk = await begun(log, *LOST)
    state = await control.reconcile(talk.session_id, "1.1", "happened", data={"id": 7})
    assert state.doubtful == ("1.0",)
    state = await control.reconcile(talk.session_id, "1.0", "did_not_happen", reason="no money")
    assert (state.status, state.doubtful) == (Status.PAUSED, ())
    assert not is_ready(state)


async def test_the_rows_tell_what_was_said(log: EventLog, control: Control, database: Database):
    owner = await database.connect_as_owner()
    talk = await begun(log, *WAITS)
    await level(database, PROJECTIONS.values())
    row = await owner.fetchrow("select status, cause, detail from readmodel.sessions")
    assert row is not None
    assert tuple(row) == ("waiting", "approval_requested", "1.0, 1.1")
    await control.reject(talk.session_id, "1.0", reason="paid")
    await control.pause(talk.session_id, reason="noon")
    await level(database, PROJECTIONS.values())
    row = await owner.fetchrow("select status, cause, detail from readmodel.sessions")
    assert row is not None
    assert tuple(row) == ("paused", "pause_requested", "noon")
    call = await owner.fetchrow("select status, ok, kind from readmodel.tool_calls where not ok")
    assert call is not None
    assert tuple(call) == ("returned", False, "blocked")
    said = await owner.fetch("select type, actor, subject from readmodel.changes order by version")
    assert [tuple(row) for row in said] == [
        ("approval_requested", "", "1.0 1.1"),
        ("approval_decided", "ana", "1.0"),
        ("pause_requested", "ana", None),
    ]
    await owner.close()


async def test_what_was_said_verifies(log: EventLog, control: Control):
    talk = await begun(log, FREE)
    await control.pause(talk.session_id)
    await control.cancel(talk.session_id, reason="enough")
    assert verify(await read_session(log, talk.session_id)).difference is None


async def test_a_budget_is_only_ever_raised(log: EventLog, control: Control):
    start = started(agent_id="a-1", budget=events.Budget(tokens=10))
    talk = await begun(log, start)
    tell = control.raise_budget
    state = await tell(talk.session_id, tokens=20, reason="more")
    assert (state.budget, state.version) == (events.Budget(tokens=20), 2)
    assert (await tell(talk.session_id, tokens=20)).version == 2
    wrong: dict[str, dict[str, Any]]
    wrong = {"tokens": {"tokens": 19}, "steps": {"steps": 5}, "budget": {}}
    for field, asked in wrong.items():
        with pytest.raises(Invalid) as refused:
            await tell(talk.session_id, **asked)
        assert refused.value.field == field
    assert verify(await read_session(log, talk.session_id)).difference is None
