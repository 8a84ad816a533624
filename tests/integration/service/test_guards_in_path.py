"""Guards in a session's path: fallbacks, shared breakers, and the stages of prompts and answers."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import stamina

from eventlog.database import Database
from schema import events
from schema.envelope import RecordedEvent
from schema.errors import Invalid, NotFound, StageRefused
from schema.events import Effect, ToolReturned
from schema.messages.agents import DefineAgent
from schema.messages.sessions import StartSession
from service.agent.session import SessionState, Status
from service.agent.tools import ToolContext, tool
from service.config import Settings
from service.effects import Unwatched
from service.guarded import ASKED_MAX
from service.replay import verify
from service.runtime import Runtime, open_runtime
from service.sessions import find_session, read_session

BUSY = {"error": {"status": 529}}
KEYS: dict[str, list[UUID]] = {"fetch": [], "send": []}
"""The keys of each tool's calls."""


@tool(effect=Effect.IDEMPOTENT)
async def fetch(context: ToolContext) -> str:
    """Fetch it; the first two times the connection is lost."""
    KEYS["fetch"].append(context.idempotency_key)
    if len(KEYS["fetch"]) <= 2:
        raise ConnectionError("lost")
    return "fetched"


@tool(effect=Effect.AT_MOST_ONCE)
async def send(context: ToolContext) -> str:
    """Send it, and lose the connection."""
    KEYS["send"].append(context.idempotency_key)
    raise ConnectionError("lost")


OLD_KEY = "sk-" + "a1" * 12


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=ASKED_MAX):
        yield


class Scripts:
    """Models that say what they are given, by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, name: str, *lines: dict[str, Any]) -> str:
        file = self._folder / f"{name}.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return f"scripted:{file}"


@pytest.fixture
def script(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


@asynccontextmanager
async def opened(database: Database, **settings: Any) -> AsyncIterator[Runtime]:
    url = database.address.options["dsn"]
    async with open_runtime(Settings(database_url=url, **settings), (fetch, send)) as runtime:
        yield runtime


async def run(
    runtime: Runtime, prompt: str = "How much?", **asked: Any
) -> tuple[SessionState, list[RecordedEvent]]:
    """A session of ada, driven to its rest; its past verifies."""
    command = StartSession(agent="ada", prompt=prompt, memory=None, **asked)
    lease = await runtime.start_session(command, actor="test")
    state = await runtime.run_session(lease, Unwatched())
    facts = await read_session(runtime.log, lease.session_id)
    difference = verify(facts).difference
    assert difference is None, str(difference)
    return state, facts


async def define(runtime: Runtime, **said: Any) -> None:
    await runtime.define_agent("ada", DefineAgent(**said), actor="test")


async def test_a_session_falls_back_and_stays_with_the_model_that_answers(
    database: Database, script: Scripts
):
    ill = script("ill", *[BUSY] * ASKED_MAX)
    well = script("well", {"text": "?"}, {"text": "FINAL_ANSWER: 391"})
    async with opened(database) as runtime:
        await define(runtime, model=ill, fallbacks=(well,))

        state, facts = await run(runtime)
        counted = runtime.metrics.exposition().decode()

    assert 'agent_runtime_retries_total{kind="model",name="scripted"} 3.0' in counted
    assert (state.status, state.answer, state.model) == (Status.COMPLETED, "391", well)
    chosen = events.FallbackChosen(step=1, model=well, cause="provider_unavailable")
    assert [fact.event for fact in facts].count(chosen) == 1


async def test_a_breaker_that_opens_in_one_process_spares_the_others_the_asking(
    database: Database, script: Scripts
):
    ill = script("ill", *[BUSY] * ASKED_MAX * 2)
    well = script("well", {"text": "FINAL_ANSWER: 391"})
    async with opened(database, breaker_threshold=1, breaker_recovery_s=60) as one:
        state, _ = await run(one, model=ill)
        assert state.cause == "provider_unavailable"
        async with opened(database) as other:
            state, facts = await run(other, model=ill, fallbacks=(well,))
            rows = await other.log.database.pool.fetch("select name, state from ops.breakers")
        counted = one.metrics.exposition().decode()

    assert [(row["name"][:15], row["state"]) for row in rows] == [("model:scripted:", "open")]
    assert 'agent_runtime_breaker_moves_total{kind="model",name=' in counted
    assert state.answer == "391"
    failures = [f.event for f in facts if isinstance(f.event, events.CompletionFailed)]
    assert [failure.code for failure in failures] == ["breaker_open"]


async def test_a_tool_runs_again_under_one_key_and_what_must_not_run_twice_does_not(
    database: Database, script: Scripts
):
    calls = [{"name": "fetch"}, {"name": "send"}]
    model = script("calls", {"tool_calls": calls}, {"text": "Done."})
    for keys in KEYS.values():
        keys.clear()
    async with opened(database) as runtime:
        state, facts = await run(runtime, model=model, tools=("fetch", "send"))

    returned = {f.event.call_id: f.event for f in facts if isinstance(f.event, ToolReturned)}
    called = [f for f in facts if isinstance(f.event, events.ToolCalled)]
    assert state.status is Status.COMPLETED
    assert {"fetch": [called[0].event_id] * 3, "send": [called[1].event_id]} == KEYS
    assert returned["1.0"].ok
    assert returned["1.1"].kind == "transient"


async def test_fallbacks_that_cannot_be_had_are_refused_before_anything_starts(
    database: Database, script: Scripts
):
    well = script("well", {"text": "FINAL_ANSWER: 391"})
    native = script("native", {"text": "It is 391."})
    async with opened(database) as runtime:
        with pytest.raises(Invalid, match="fallbacks: there is no provider 'nobody'"):
            await run(runtime, model=well, fallbacks=("nobody:x",))
        _, facts = await run(runtime, model=native, fallbacks=(well, native))

    started = facts[0].event
    assert isinstance(started, events.SessionStarted)
    assert started.fallbacks == (well,)
    assert started.protocol is events.Protocol.TEXT  # The one that all of them speak.


async def test_what_stands_in_the_log_went_through_the_stages_of_the_prompt(
    database: Database, script: Scripts
):
    well = script("well", {"text": "FINAL_ANSWER: ask ana@example.org"})
    async with opened(database, prompt_stages=("trim",)) as runtime:
        await define(
            runtime, model=well, prompt_stages=["mask_secrets"], answer_stages=["mask_emails"]
        )

        state, facts = await run(runtime, f"  Is {OLD_KEY} a key? ")

    started = facts[0].event
    assert isinstance(started, events.SessionStarted)
    assert started.prompt == "Is [masked] a key?"
    assert started.prompt_stages == ("trim", "mask_secrets")
    assert OLD_KEY not in str(facts)
    assert state.answer == "ask [masked]"
    passed = events.AnswerPassed(step=1, answer="ask [masked]")
    assert facts[-2].event == passed


def no_bills(text: str) -> str:
    """A stage of an operator's own."""
    if "bill" in text:
        raise Invalid("text", "it's about a bill")
    return text


async def test_an_operators_own_stage_refuses_a_prompt_and_withholds_an_answer(
    database: Database, script: Scripts
):
    tells = script("tells", {"text": "FINAL_ANSWER: pay the bill"})
    path = f"{__name__}:no_bills"
    async with opened(database, stages=(path,)) as runtime:
        await define(runtime, model=tells, prompt_stages=["no_bills"], answer_stages=["no_bills"])

        with pytest.raises(StageRefused, match="it's about a bill"):
            await run(runtime, "Pay the bill.")
        with pytest.raises(NotFound):
            await find_session(runtime.log, "last")
        state, facts = await run(runtime, "What is to be done?")

    assert (state.status, state.cause) == (Status.FAILED, "withheld")
    assert isinstance(facts[-2].event, events.AnswerWithheld)


async def test_a_stage_that_is_not_here_is_refused_before_anything_starts(
    database: Database, script: Scripts
):
    well = script("well", {"text": "FINAL_ANSWER: 391"})
    async with opened(database) as runtime:
        await define(runtime, model=well, answer_stages=["no_bills"])
        with pytest.raises(Invalid, match="answer_stages: there is no stage 'no_bills' here"):
            await run(runtime)
    for odd in ("no.such.module:x", "json:nothing", "os.system", "json:dumps, json:dumps"):
        with pytest.raises(Invalid):
            async with opened(database, stages=odd):
                pass
