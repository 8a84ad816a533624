"""The runtime over a real log: sessions start, run, and can be stopped, whoever gets in between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
import stamina

from eventlog.database import Database
from eventlog.members import StreamAppend
from schema import events
from schema.completions import Completion, CompletionRequest
from schema.envelope import Metadata, RecordedEvent
from schema.errors import (
    Invalid,
    NotFound,
    NotReady,
    ProviderRefused,
    ProviderUnavailable,
)
from schema.events import Effect, Protocol, RequestedCall
from schema.ids import partition_of_session, session_stream
from schema.messages.sessions import StartSession
from service.agent.session import SessionState, Status
from service.agent.tools import ToolContext, tool
from service.config import Settings
from service.guarded import ASKED_MAX, PAUSE_MAX_S
from service.providers.open import Providers, ProviderSettings
from service.replay import verify
from service.runtime import Runtime, open_runtime
from service.sessions import SHORT, find_session, list_sessions, read_session

ASK = StartSession(agent="a-1", prompt="Pay the bill.", model="fake:x", tools=("pay",))
PAYS = Completion(
    text="I pay.", calls=(RequestedCall(id="c", name="pay", arguments="{}"),), model="x"
)
OTHER = Metadata(actor="other")
SAYS = Completion(text="It is paid.", model="x")


@dataclass
class Model:
    """A provider that does what it is told, one thing a call."""

    answers: list[Completion | Exception]
    native_tools: bool = True
    asked: int = 0
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    meanwhile: Callable[[], Awaitable[Any]] | None = None
    """What others do while it thinks."""

    async def complete(
        self, _request: CompletionRequest, on_delta: Callable[[str], None]
    ) -> Completion:
        self.asked += 1
        self.is_asked.set()
        if self.meanwhile is not None:
            await self.meanwhile()
        if not self.answers:
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        on_delta(answer.text)
        return answer


@dataclass
class Watched:
    """What a watcher heard."""

    heard: list[str | RecordedEvent] = field(default_factory=list)

    def thinking(self) -> None:
        self.heard.append("thinking")

    def said(self, delta: str) -> None:
        self.heard.append(delta)

    def recorded(self, fact: RecordedEvent) -> None:
        self.heard.append(fact)

    @property
    def facts(self) -> list[RecordedEvent]:
        return [fact for fact in self.heard if isinstance(fact, RecordedEvent)]


PAID: list[ToolContext] = []


@tool(effect=Effect.IDEMPOTENT)
async def pay(context: ToolContext) -> str:
    """Pay."""
    PAID.append(context)
    return "paid"


@pytest.fixture(autouse=True)
def without_pauses() -> Any:
    PAID.clear()
    with stamina.set_testing(True, attempts=ASKED_MAX):
        yield


@asynccontextmanager
async def runtime_with(database: Database, model: Model) -> AsyncIterator[Runtime]:
    @asynccontextmanager
    async def providers(_settings: ProviderSettings) -> AsyncIterator[Providers]:
        yield Providers({"fake": lambda _name: model})

    settings = Settings(database_url=database.address.options["dsn"])
    async with open_runtime(settings, (pay,), providers=providers) as runtime:
        yield runtime


async def run(runtime: Runtime, watched: Watched | None = None) -> SessionState:
    lease = await runtime.start_session(ASK, actor="test")
    return await runtime.run_session(lease, watched or Watched())


async def test_a_session_runs_to_its_answer_and_its_log_is_true(database: Database):
    watched = Watched()
    async with runtime_with(database, Model([PAYS, SAYS])) as runtime:
        state = await run(runtime, watched)
        facts = await read_session(runtime.log, await find_session(runtime.log, "last"))

    assert (state.status, state.answer) == (Status.COMPLETED, "It is paid.")
    assert verify(facts).difference is None
    assert watched.facts == facts
    assert [said for said in watched.heard if isinstance(said, str)] == [
        *("thinking", "I pay."),
        *("thinking", "It is paid."),
    ]


async def test_a_tools_key_is_the_id_of_its_recorded_call(database: Database):
    watched = Watched()
    async with runtime_with(database, Model([PAYS, SAYS])) as runtime:
        await run(runtime, watched)

    (called,) = (fact for fact in watched.facts if fact.type == "tool_called")
    (context,) = PAID
    assert context.idempotency_key == called.event_id
    assert (context.agent_id, context.call_id) == ("a-1", "1.0")


async def test_what_a_session_took_is_observed_under_names_that_we_gave(database: Database):
    async with runtime_with(database, Model([PAYS, SAYS])) as runtime:
        await run(runtime)
        said = runtime.metrics.exposition().decode()

    assert 'agent_runtime_completion_seconds_count{provider="fake"} 2.0' in said
    for direction in ("input", "output"):
        labels = f'direction="{direction}",provider="fake"'
        assert f"agent_runtime_completion_tokens_count{{{labels}}} 2.0" in said
    assert 'agent_runtime_tool_call_seconds_count{tool="pay"} 1.0' in said
    assert "agent_runtime_failed_tool_calls_total 0.0" in said


async def test_a_session_stands_in_the_partition_that_its_id_names(
    database: Database, partitions: int
):
    async with runtime_with(database, Model([SAYS])) as runtime:
        await run(runtime)
        session_id = await find_session(runtime.log, "last")
        (first, *_) = await read_session(runtime.log, session_id)

    assert first.partition == partition_of_session(session_id, partitions)


@pytest.mark.parametrize(
    ("native", "choice", "protocol"),
    [
        (True, "auto", Protocol.NATIVE),
        (False, "auto", Protocol.TEXT),
        (True, "text", Protocol.TEXT),
    ],
)
async def test_tools_are_offered_as_the_model_can_take_them(
    postgres: Any, native: bool, choice: Any, protocol: Protocol
):
    async with (
        postgres.database(1) as database,
        runtime_with(database, Model([], native_tools=native)) as runtime,
    ):
        command = ASK.model_copy(update={"protocol": choice})
        lease = await runtime.start_session(command, actor="test")
        (fact,) = await read_session(runtime.log, lease.session_id)

    assert isinstance(fact.event, events.SessionStarted)
    assert fact.event.protocol is protocol


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model": "nobody:x"}, "model"),
        ({"tools": ("pray",)}, "tools"),
        ({"protocol": "native"}, "protocol"),
    ],
)
async def test_what_cannot_be_had_is_refused_before_anything_is_recorded(
    postgres: Any, change: dict[str, Any], field: str
):
    async with (
        postgres.database(1) as database,
        runtime_with(database, Model([], native_tools=False)) as runtime,
    ):
        with pytest.raises(Invalid) as refused:
            await runtime.start_session(ASK.model_copy(update=change), actor="test")
        with pytest.raises(NotFound):
            await find_session(runtime.log, "last")

    assert refused.value.field == field


async def test_a_model_that_fails_for_a_while_is_asked_again(postgres: Any):
    failures = [ProviderUnavailable("busy"), ProviderUnavailable("busy", retry_after_s=0.001)]
    model = Model([*failures, SAYS])
    async with postgres.database(1) as database, runtime_with(database, model) as runtime:
        state = await run(runtime)

    assert (state.status, state.failures, model.asked) == (Status.COMPLETED, 0, 3)


@pytest.mark.parametrize(
    ("failure", "asked", "status", "cause"),
    [
        (ProviderUnavailable("busy"), ASKED_MAX, Status.PAUSED, "provider_unavailable"),
        (ProviderUnavailable("later", PAUSE_MAX_S + 1), 1, Status.PAUSED, "provider_unavailable"),
        (ProviderRefused("never", 400), 1, Status.FAILED, "provider"),
    ],
)
async def test_a_model_that_keeps_failing_pauses_or_ends_its_session(
    postgres: Any, failure: Exception, asked: int, status: Status, cause: str
):
    model = Model([failure] * ASKED_MAX)
    async with postgres.database(1) as database, runtime_with(database, model) as runtime:
        state = await run(runtime)

    assert (model.asked, state.status, state.cause) == (asked, status, cause)


async def test_a_session_is_cancelled_while_its_model_thinks(database: Database):
    model = Model([])
    watched = Watched()
    async with runtime_with(database, model) as runtime, asyncio.TaskGroup() as tasks:
        lease = await runtime.start_session(ASK, actor="test")
        session_id = lease.session_id
        running = tasks.create_task(runtime.run_session(lease, watched))
        await model.is_asked.wait()
        state = await runtime.cancel_session(session_id, "enough", actor="test")
        running.cancel()
        facts = await read_session(runtime.log, session_id)

    assert state.status is Status.CANCELLED
    assert facts[-1].event == events.SessionCancelled(reason="enough")
    assert verify(facts).difference is None


async def test_what_has_ended_is_not_cancelled(database: Database):
    async with runtime_with(database, Model([SAYS])) as runtime:
        ended = await run(runtime)
        session_id = await find_session(runtime.log, "last")

        assert await runtime.cancel_session(session_id, "late", actor="test") == ended


async def test_a_running_session_hears_what_others_append(database: Database):
    model, watched = Model([SAYS]), Watched()
    async with runtime_with(database, model) as runtime:
        lease = await runtime.start_session(ASK, actor="test")
        session_id = lease.session_id
        fact = events.CheckpointLabelled(label="here", at=1)
        append = StreamAppend(session_stream(session_id), 2, (fact,))
        model.meanwhile = lambda: runtime.log.append("a-1", append, metadata=OTHER)
        state = await runtime.run_session(lease, watched)
        facts = await read_session(runtime.log, session_id)

    assert state.status is Status.COMPLETED
    assert [fact.type for fact in facts][2:4] == ["checkpoint_labelled", "completion_received"]
    assert watched.facts == facts


async def test_what_happens_is_counted(postgres: Any):
    async with (
        postgres.database(1) as database,
        runtime_with(database, Model([PAYS, SAYS])) as runtime,
    ):
        await run(runtime)
        counted = runtime.metrics.exposition().decode()

    for line in ("sessions_total 1.0", "steps_total 2.0", "tool_calls_total 1.0"):
        assert f"agent_runtime_{line}" in counted
    assert "agent_runtime_active_sessions 0.0" in counted


async def test_a_database_that_is_behind_is_refused_with_what_to_run(empty_database: Database):
    with pytest.raises(NotReady, match="agent-runtime migrate"):
        async with runtime_with(empty_database, Model([])):
            pass


async def test_a_session_that_there_is_not_is_not_found(database: Database):
    async with runtime_with(database, Model([])) as runtime:
        assert await list_sessions(runtime.log, 1) == []
        with pytest.raises(NotFound):
            await read_session(runtime.log, uuid4())
        with pytest.raises(NotFound):
            await find_session(runtime.log, "%")


async def test_of_several_sessions_that_fit_people_are_told_the_short_form(database: Database):
    async with runtime_with(database, Model([])) as runtime:
        leases = [await runtime.start_session(ASK, actor="test") for _ in range(2)]
        ids = [str(lease.session_id) for lease in leases]
        with pytest.raises(Invalid) as refused:
            await find_session(runtime.log, ids[0][:3])  # The years that they were begun in.

    named = str(refused.value).rpartition(": ")[2]
    assert sorted(named.split(", ")) == sorted(one[-SHORT:] for one in ids)
