"""Sessions and memory put together: definitions, several sessions of one agent, two of several."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import pytest

from eventlog.database import Database
from schema import events
from schema.completions import Completion, CompletionRequest
from schema.errors import Invalid
from schema.events import Event, RequestedCall
from schema.ids import memory_stream
from schema.messages.agents import DefineAgent
from schema.messages.checked import checked
from schema.messages.memory import SearchMemory
from schema.messages.sessions import StartSession
from service.agent.session import Status
from service.config import Settings
from service.effects import Unwatched
from service.providers.open import Providers, ProviderSettings
from service.replay import verify
from service.runtime import Runtime, open_runtime
from service.sessions import read_session

TOOLS = ("remember", "recall", "forget", "note")


@dataclass
class Model:
    """A model that calls a tool a turn, then answers; the task's last word tells what it calls."""

    calls: Callable[[str], list[tuple[str, dict[str, Any]]]]
    native_tools: bool = True

    async def complete(
        self, request: CompletionRequest, _on_delta: Callable[[str], None]
    ) -> Completion:
        before = takewhile(lambda segment: segment.role != "assistant", request.segments)
        *_, task = (segment.text for segment in before if segment.role == "user")
        planned = self.calls(task.rsplit(maxsplit=1)[-1])
        done = sum(bool(segment.calls) for segment in request.segments)
        if done == len(planned):
            return Completion(text="done", model="x")
        name, arguments = planned[done]
        call = RequestedCall(id=f"c-{done}", name=name, arguments=json.dumps(arguments))
        return Completion(text="", calls=(call,), model="x")


def remembering(count: int) -> Model:
    """A model that remembers *count* things about its task."""

    def calls(word: str) -> list[tuple[str, dict[str, Any]]]:
        return [("remember", {"content": f"{word} {n}"}) for n in range(count)]

    return Model(calls)


@asynccontextmanager
async def runtime_with(database: Database, model: Model) -> AsyncIterator[Runtime]:
    @asynccontextmanager
    async def providers(_settings: ProviderSettings) -> AsyncIterator[Providers]:
        yield Providers({"fake": lambda _name: model})

    settings = Settings(database_url=database.address.options["dsn"], embedder="none")
    async with open_runtime(settings, (), providers=providers) as runtime:
        yield runtime


async def run(runtime: Runtime, agent: str, prompt: str, **said: Any) -> list[Event]:
    """A session's events, once it has answered."""
    command = checked(
        StartSession,
        {"agent": agent, "prompt": prompt, "model": "fake:x", "tools": TOOLS, **said},
    )
    lease = await runtime.start_session(command, actor="test")
    state = await runtime.run_session(lease, Unwatched())
    assert state.status is Status.COMPLETED, state.detail
    facts = await read_session(runtime.log, lease.session_id)
    assert verify(facts).difference is None
    return [fact.event for fact in facts]


async def memory_of(runtime: Runtime, agent: str) -> list[Event]:
    blocks = runtime.log.read_stream(memory_stream(agent))
    return [fact.event async for block in blocks for fact in block]


async def test_two_sessions_of_one_agent_that_write_at_once_lose_nothing(database: Database):
    definition = checked(DefineAgent, {"model": "fake:x", "memory": {"capacity": 5}})
    async with (
        runtime_with(database, remembering(6)) as one,
        runtime_with(database, remembering(6)) as other,
    ):
        await one.define_agent("a-1", definition, actor="test")
        sessions = [(one, "red"), (other, "blue"), (one, "green"), (other, "black")]
        await asyncio.gather(*(run(r, "a-1", f"Remember {word}") for r, word in sessions))
        facts = await memory_of(one, "a-1")
        held = await one.memory.holdings("a-1")

    recorded = [fact.content for fact in facts if isinstance(fact, events.EpisodeRecorded)]
    assert sorted(recorded) == sorted(f"{word} {n}" for _, word in sessions for n in range(6))
    assert len(held.episodes) == 5
    assert sum(isinstance(fact, events.EpisodeEvicted) for fact in facts) == 24 - 5


async def test_two_agents_never_see_each_others_memories(database: Database):
    async with runtime_with(database, remembering(2)) as runtime:
        await asyncio.gather(
            *(run(runtime, agent, f"Remember {agent}") for agent in ("ana", "bob"))
        )
        for agent, other in (("ana", "bob"), ("bob", "ana")):
            told = await run(runtime, agent, f"What of {other} and {agent}")
            (recalled,) = (fact for fact in told if isinstance(fact, events.MemoryRecalled))
            assert {item.content for item in recalled.items} == {f"{agent} 0", f"{agent} 1"}

            found = await runtime.memory.search(agent, SearchMemory(query=other))
            assert not any(other in item.content for item in found.items)
            seen = await runtime.memory.look(agent, None, 100)
            assert not any(other in episode.content for episode in seen.episodes)


async def test_only_what_an_agent_recalls_is_counted(database: Database):
    async with runtime_with(database, remembering(1)) as runtime:
        await run(runtime, "a-1", "Remember red")
        for _ in range(3):
            await runtime.memory.search("a-1", SearchMemory(query="red"))
        (episode,) = (await runtime.memory.look("a-1", None, 10)).episodes
        assert episode.recall_count == 0

        await run(runtime, "a-1", "Remember red")
        seen = await runtime.memory.look("a-1", None, 10)
        assert [episode.recall_count for episode in seen.episodes] == [0, 1]


async def test_sessions_share_working_memory_where_the_definition_says_so(database: Database):
    def calls(word: str) -> list[tuple[str, dict[str, Any]]]:
        return [("note", {"key": word, "value": "x"})]

    shared = {"working_shared": True, "working_capacity": 2}
    definition = checked(DefineAgent, {"model": "fake:x", "tools": ["note"], "memory": shared})
    async with runtime_with(database, Model(calls)) as runtime:
        await runtime.define_agent("a-1", definition, actor="test")
        for word in ("a", "b", "c"):
            told = await run(runtime, "a-1", f"Note {word}", tools=["note"])
        (recalled,) = (fact for fact in told if isinstance(fact, events.MemoryRecalled))
        seen = await runtime.memory.look("a-1", None, 10)

    assert [entry.key for entry in recalled.working] == ["a", "b"]
    assert [entry.key for entry in seen.working] == ["b", "c"]


async def test_a_session_is_remembered_where_the_definition_asks_for_it(database: Database):
    definition = checked(DefineAgent, {"model": "fake:x", "memory": {"write_back": True}})
    async with runtime_with(database, Model(lambda _word: [])) as runtime:
        await runtime.define_agent("a-1", definition, actor="test")
        await run(runtime, "a-1", "What is red?")
        (episode,) = (await runtime.memory.look("a-1", None, 10)).episodes

    assert episode.content == "What is red?\n\ndone"
    assert list(episode.tags) == ["session"]


async def test_what_a_session_leaves_out_is_as_its_agent_is_defined(database: Database):
    said = {
        "model": "fake:x",
        "system_prompt": "Be brief.",
        "tools": ["note"],
        "max_iterations": 3,
        "memory": {"capacity": 5, "max_memory_recalls": 1},
    }
    async with runtime_with(database, Model(lambda _word: [])) as runtime:
        defined = await runtime.define_agent("a-1", checked(DefineAgent, said), actor="test")
        command = StartSession(agent="a-1", prompt="x")
        lease = await runtime.start_session(command, actor="test")
        (fact,) = await read_session(runtime.log, lease.session_id)
        nobody = StartSession(agent="a-2", prompt="x")
        with pytest.raises(Invalid, match="model"):
            await runtime.start_session(nobody, actor="test")

    started = fact.event
    assert isinstance(started, events.SessionStarted)
    assert (started.model, started.system_prompt) == ("fake:x", "Be brief.")
    assert [spec.name for spec in started.tools] == ["note"]
    assert started.limits.max_iterations == 3
    assert started.memory == defined.defined.memory
    assert started.definition == defined.version == 1
