"""Sessions that go on in another process: the runtime over a real log, real leases."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

from eventlog.database import Database
from eventlog.members import StreamAppend
from schema import events
from schema.completions import Completion, CompletionRequest
from schema.envelope import Metadata, RecordedEvent
from schema.errors import (
    Fenced,
    Invalid,
    LeaseHeld,
    LeaseLost,
    NotFound,
    Refused,
    WrongExpectedVersion,
)
from schema.events import Effect, Event, RequestedCall
from schema.ids import session_stream
from schema.messages.sessions import StartSession
from service.agent.session import Status
from service.agent.tools import Tool, ToolContext, tool
from service.config import Settings
from service.effects import Unwatched
from service.lease import Lease
from service.providers.open import Providers, ProviderSettings
from service.replay import verify
from service.runtime import Runtime, open_runtime
from service.sessions import read_session
from tests.conftest import TestServer
from tests.leasing import ROWS, run_out

OTHER = Metadata(actor="other")
SAYS = Completion(text="It is done.", model="x")
OVERLOADED = events.CompletionFailed(step=1, code="529", detail="overloaded", retryable=True)
PAUSED = events.SessionPaused(cause="529", detail="overloaded")


@dataclass
class Hands:
    """Tools that tell by which keys they were called."""

    keys: list[UUID] = field(default_factory=list)
    at_work: asyncio.Event = field(default_factory=asyncio.Event)

    def tools(self) -> tuple[Tool, ...]:
        @tool(effect=Effect.IDEMPOTENT)
        async def put(context: ToolContext) -> str:
            """Put."""
            self.keys.append(context.idempotency_key)
            return "put"

        @tool(effect=Effect.AT_MOST_ONCE)
        async def pay(context: ToolContext) -> str:
            """Pay."""
            self.keys.append(context.idempotency_key)
            self.at_work.set()
            await asyncio.Event().wait()
            raise AssertionError

        return put, pay


@dataclass
class Model:
    """Says one thing, always."""

    answer: Completion = SAYS
    native_tools = True

    async def complete(
        self, _request: CompletionRequest, _on_delta: Callable[[str], None]
    ) -> Completion:
        return self.answer


@pytest.fixture
async def database(postgres: TestServer) -> AsyncIterator[Database]:
    async with postgres.database(4) as fresh:
        yield fresh


@asynccontextmanager
async def process(
    database: Database, tools: tuple[Tool, ...] = (), model: Model | None = None
) -> AsyncIterator[Runtime]:
    @asynccontextmanager
    async def providers(_settings: ProviderSettings) -> AsyncIterator[Providers]:
        yield Providers({"fake": lambda _name: model or Model()})

    settings = Settings(database_url=database.address.options["dsn"], embedder="none")
    async with open_runtime(settings, tools, providers=providers) as runtime:
        yield runtime


async def begun(runtime: Runtime, *facts: Event, tools: tuple[str, ...] = ()) -> Lease:
    """A session that its process left after *facts*, and whose lease has run out."""
    command = StartSession(agent="a-1", prompt="?", model="fake:x", tools=tools, memory=None)
    lease = await runtime.start_session(command, actor="test")
    if facts:
        await append(runtime, lease, 1, *facts)
    runtime.leases.forget(lease)
    await run_out(runtime.log.database, lease.session_id)
    return lease


async def append(runtime: Runtime, lease: Lease, version: int, *facts: Event) -> None:
    added = StreamAppend(session_stream(lease.session_id), version, facts, epoch=lease.epoch)
    await runtime.log.append("a-1", added, metadata=OTHER)


def calls(name: str) -> tuple[Event, ...]:
    """The model asked for a tool, and no more is known."""
    asked = events.CompletionReceived(
        step=1,
        calls=(RequestedCall(id="c", name=name, arguments="{}"),),
        stop_reason="tool_calls",
        model="x",
        prompt_digest="0" * 64,
    )
    effect = Effect.IDEMPOTENT if name == "put" else Effect.AT_MOST_ONCE
    return asked, events.ToolCalled(call_id="1.0", tool=name, arguments={}, effect=effect)


async def rows(database: Database) -> list[Any]:
    async with database.acquire() as conn:
        return await conn.fetch(ROWS)


def types(facts: list[RecordedEvent]) -> list[str]:
    return [fact.type for fact in facts]


async def test_a_session_at_its_end_has_no_lease(database: Database):
    async with process(database) as runtime:
        command = StartSession(agent="a-1", prompt="?", model="fake:x")
        lease = await runtime.start_session(command, actor="test")
        assert [row["session_id"] for row in await rows(database)] == [lease.session_id]
        state = await runtime.run_session(lease, Unwatched())

        assert state.status is Status.COMPLETED
        assert await rows(database) == []


async def test_a_paused_session_goes_on_when_somebody_says_so(database: Database):
    async with process(database) as runtime:
        session_id = (await begun(runtime, OVERLOADED, PAUSED)).session_id
        state = await runtime.take_up(session_id, "better times", Unwatched(), actor="ana")
        facts = await read_session(runtime.log, session_id)

    resumed = facts[3]
    assert resumed.event == events.SessionResumed(epoch=2, reason="better times")
    assert resumed.metadata.actor == "ana"
    assert (state.status, state.answer, state.epoch) == (Status.COMPLETED, "It is done.", 2)
    assert verify(facts).difference is None
    assert await rows(database) == []


async def test_a_session_that_is_at_rest_is_not_taken_over_but_its_lease_is_removed(
    database: Database,
):
    done = (events.SessionCancelled(reason="enough"),)
    async with process(database) as runtime:
        for facts in ((OVERLOADED, PAUSED), done):
            await begun(runtime, *facts)
        taken = await runtime.leases.expired(10)
        assert [await runtime.take_over(lease) for lease in taken] == [False, False]
        assert await rows(database) == []


async def test_a_lease_without_a_session_is_removed(database: Database):
    async with process(database) as runtime:
        lease = await runtime.leases.begin(uuid4(), "a-1")
        assert not await runtime.take_over(lease)
        assert await rows(database) == []


async def test_an_idempotent_call_runs_again_under_its_key(database: Database):
    hands = Hands()
    async with process(database, hands.tools()) as runtime:
        await begun(runtime, *calls("put"), tools=("put",))
        (lease,) = await runtime.leases.expired(10)
        assert await runtime.take_over(lease)
        state = await runtime.run_session(lease, Unwatched())
        facts = await read_session(runtime.log, lease.session_id)

    assert state.status is Status.COMPLETED
    assert hands.keys == [fact.event_id for fact in facts if fact.type == "tool_called"]


async def test_a_call_that_may_run_once_is_not_run_again(database: Database):
    hands = Hands()
    async with process(database, hands.tools()) as runtime:
        await begun(runtime, *calls("pay"), tools=("pay",))
        (lease,) = await runtime.leases.expired(10)
        assert await runtime.take_over(lease)
        state = await runtime.run_session(lease, Unwatched())

    assert (state.status, state.cause) == (Status.PAUSED, "outcome_unknown")
    assert hands.keys == []
    assert await rows(database) == []


async def test_who_lacks_a_tool_or_a_model_appends_nothing(database: Database):
    async with (
        process(database, Hands().tools()) as able,
        process(database) as unable,
    ):
        session_id = (await begun(able, OVERLOADED, PAUSED, tools=("put",))).session_id
        with pytest.raises(Invalid, match="put"):
            await unable.resume_session(session_id, "?", actor="test")
        assert len(await read_session(able.log, session_id)) == 3
        state = await able.take_up(session_id, "here it is", Unwatched(), actor="test")

    assert state.status is Status.COMPLETED


async def test_what_has_ended_or_is_driven_or_is_not_there_is_not_resumed(database: Database):
    async with process(database) as runtime:
        ended = await begun(runtime, events.SessionCancelled(reason="enough"))
        with pytest.raises(Refused, match="is cancelled: it can't go on"):
            await runtime.resume_session(ended.session_id, "?", actor="test")
        command = StartSession(agent="a-1", prompt="?", model="fake:x")
        driven = await runtime.start_session(command, actor="test")
        with pytest.raises(LeaseHeld):
            await runtime.resume_session(driven.session_id, "?", actor="test")
        with pytest.raises(NotFound):
            await runtime.resume_session(uuid4(), "?", actor="test")


async def test_of_two_who_resume_at_once_one_does(database: Database):
    async with process(database) as one, process(database) as other:
        session_id = (await begun(one, OVERLOADED, PAUSED)).session_id
        tried = await asyncio.gather(
            *(runtime.resume_session(session_id, "?", actor="test") for runtime in (one, other)),
            return_exceptions=True,
        )
        facts = await read_session(one.log, session_id)

    assert {type(came) for came in tried} == {Lease, LeaseHeld}
    assert types(facts).count("session_resumed") == 1


async def test_what_the_former_driver_still_appends_comes_before_the_takeover(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    async with process(database) as former, process(database) as runtime:
        lease = await begun(former)
        (taken,) = await runtime.leases.expired(1)
        paid = events.CompletionReceived(
            step=1, text="It is done.", model="x", prompt_digest="0" * 64
        )
        log = type(runtime.log)
        original = log.append

        async def after_the_former(self: Any, agent: str, *appends: Any, **rest: Any) -> Any:
            monkeypatch.setattr(log, "append", original)
            await append(former, lease, 1, paid)
            return await original(self, agent, *appends, **rest)

        monkeypatch.setattr(log, "append", after_the_former)
        assert await runtime.take_over(taken)
        with pytest.raises(Fenced):
            await append(former, lease, 3, SEEN)
        state = await runtime.run_session(taken, Unwatched())
        facts = await read_session(runtime.log, lease.session_id)

    assert types(facts)[:3] == ["session_started", "completion_received", "session_resumed"]
    assert (state.status, state.steps) == (Status.COMPLETED, 1)


SEEN = events.CheckpointLabelled(label="seen", at=1)


async def test_a_process_that_lost_its_lease_stops_at_once_and_appends_nothing(
    database: Database,
):
    hands = Hands()
    pays = Completion(
        text="", calls=(RequestedCall(id="c", name="pay", arguments="{}"),), model="x"
    )
    async with (
        process(database, hands.tools(), Model(pays)) as sleepy,
        process(database, hands.tools()) as awake,
    ):
        command = StartSession(agent="a-1", prompt="?", model="fake:x", tools=("pay",))
        lease = await sleepy.start_session(command, actor="test")
        running = asyncio.ensure_future(sleepy.run_session(lease, Unwatched()))
        await hands.at_work.wait()
        await run_out(database, lease.session_id)
        (taken,) = await awake.leases.expired(10)
        assert await awake.take_over(taken)
        facts = await read_session(awake.log, lease.session_id)

        await sleepy.leases.renew()
        with pytest.raises(LeaseLost, match="taken over"):
            await running
        assert await read_session(awake.log, lease.session_id) == facts
        with pytest.raises(Fenced):
            await sleepy.run_session(lease, Unwatched())


async def test_a_start_that_nobody_waited_for_is_found_when_its_lease_runs_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    async with process(database) as runtime:
        log = type(runtime.log)
        original = log.append

        async def cancelled(self: Any, agent: str, *appends: Any, **rest: Any) -> Any:
            await original(self, agent, *appends, **rest)
            raise asyncio.CancelledError

        monkeypatch.setattr(log, "append", cancelled)
        command = StartSession(agent="a-1", prompt="?", model="fake:x")
        with pytest.raises(asyncio.CancelledError):
            await runtime.start_session(command, actor="test")
        monkeypatch.setattr(log, "append", original)

        assert await runtime.leases.expired(10) == []
        (row,) = await rows(database)
        await run_out(database, row["session_id"])
        (lease,) = await runtime.leases.expired(10)
        assert await runtime.take_over(lease)
        state = await runtime.run_session(lease, Unwatched())

    assert state.status is Status.COMPLETED


async def test_a_session_that_there_is_already_is_not_started_again(database: Database):
    async with process(database) as runtime:
        command = StartSession(agent="a-1", prompt="?", model="fake:x")
        lease = await runtime.start_session(command, actor="test")
        with pytest.raises(LeaseHeld):
            await runtime.start_session(command, actor="test", session_id=lease.session_id)
        await runtime.leases.hand_back(lease)
        with pytest.raises(LeaseHeld):
            await runtime.start_session(command, actor="test", session_id=lease.session_id)

        (lease,) = await runtime.leases.expired(1)
        assert await runtime.take_over(lease)
        await runtime.run_session(lease, Unwatched())
        with pytest.raises(WrongExpectedVersion):
            await runtime.start_session(command, actor="test", session_id=lease.session_id)
        assert await rows(database) == []


async def test_who_is_told_to_stop_records_what_its_move_came_to_and_goes_no_further(
    database: Database,
):
    leases: list[Lease] = []

    @tool(effect=Effect.AT_MOST_ONCE)
    async def pay() -> str:
        """Pay."""
        leases[0].stop()
        return "paid"

    pays = Completion(
        text="", calls=(RequestedCall(id="c", name="pay", arguments="{}"),), model="x"
    )
    async with process(database, (pay,), Model(pays)) as runtime:
        command = StartSession(agent="a-1", prompt="?", model="fake:x", tools=("pay",), memory=None)
        leases.append(await runtime.start_session(command, actor="test"))
        with pytest.raises(LeaseLost, match="stops"):
            await runtime.run_session(leases[0], Unwatched())
        facts = await read_session(runtime.log, leases[0].session_id)

    assert types(facts) == [
        *("session_started", "completion_received", "tool_called", "tool_returned")
    ]
