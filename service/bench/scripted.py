"""Whole sessions over the runtime, with a model that says what a file tells it to."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from eventlog.bell import BellSettings
from eventlog.database import Database
from eventlog.log import EventLog, open_log
from schema.envelope import RecordedEvent
from schema.events import Effect
from schema.messages.sessions import SessionLimits, StartSession
from service.agent.session import SessionState, Status
from service.agent.tools import ToolRegistry, tool
from service.bench.facts import EVENT_BYTES, text_of
from service.config import Settings
from service.definitions import Definitions
from service.effects import Watcher
from service.graph.opening import open_graphs
from service.leases import open_leases
from service.memory.opening import open_memory
from service.metrics import Metrics
from service.mind.lanes import Lanes
from service.projecting import graph_runner, memory_runner, projecting
from service.providers.open import Providers
from service.providers.scripted import ScriptedProvider
from service.runtime import Runtime

AGENT: Final = "bench"
OBSERVATION: Final = text_of(EVENT_BYTES)
THOUGHT: Final = "It may be on the next shelf; I look there."


class Nobody:
    """A watcher who does not look."""

    def thinking(self) -> None:
        """Nothing."""

    def said(self, delta: str) -> None:
        """Nothing."""

    def recorded(self, fact: RecordedEvent) -> None:
        """Nothing."""


@tool(effect=Effect.PURE)
async def look(place: str) -> str:  # noqa: ARG001 - what is asked for is the same everywhere.
    """Tell what is at a place."""
    return OBSERVATION


@dataclass(frozen=True)
class ScriptedSessions:
    """Runs sessions whose model calls `look` a given number of times, one call a step."""

    runtime: Runtime
    folder: Path

    @property
    def log(self) -> EventLog:
        """Where they are recorded."""
        return self.runtime.log

    async def run(self, calls: int, watcher: Watcher) -> SessionState:
        """One session from its start to its answer; its last state."""
        command = StartSession(
            agent=AGENT,
            prompt="Find it.",
            model=f"scripted:{self.script(calls)}",
            tools=("look",),
            limits=SessionLimits(max_iterations=calls + 1),
            memory=None,
        )
        lease = await self.runtime.start_session(command, actor="bench")
        state = await self.runtime.run_session(lease, watcher)
        if state.status is not Status.COMPLETED:
            raise AssertionError(
                f"a bench's session ended otherwise: {state.status} {state.detail}"
            )
        return state

    def script(self, calls: int, *, delay_s: float = 0.0) -> Path:
        """What a model says that calls `look` so often, after a while each time."""
        file = self.folder / f"{calls}-{delay_s}.jsonl"
        if not file.exists():
            file.write_text("\n".join(_lines(calls, delay_s)), encoding="utf-8")
        return file


@asynccontextmanager
async def scripted_sessions(
    database: Database, *, projections: bool
) -> AsyncIterator[ScriptedSessions]:
    """A runtime in *database* whose only models are scripts; read models kept level if wanted."""
    async with AsyncExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="agent-runtime-bench-"))
        log = await opened.enter_async_context(open_log(database, BellSettings()))
        if projections:
            await opened.enter_async_context(projecting(log))
        providers = Providers({"scripted": lambda name: ScriptedProvider(Path(name))})
        definitions = Definitions(log)
        memory = await opened.enter_async_context(
            open_memory(
                log,
                load_runner=lambda: memory_runner(log),
                open_embedder=nullcontext,
                policy_of=definitions.policy_of,
            )
        )
        graphs = await opened.enter_async_context(
            open_graphs(log, lanes=Lanes(), load_runner=lambda: graph_runner(log))
        )
        leases = await opened.enter_async_context(open_leases(log, Settings().lease_s))
        tools = ToolRegistry((look,))
        runtime = Runtime(
            Settings(), log, providers, tools, Metrics(), memory, definitions, graphs, leases
        )
        yield ScriptedSessions(runtime, Path(folder))


def _lines(calls: int, delay_s: float) -> list[str]:
    asking: list[dict[str, Any]] = [
        {"text": THOUGHT, "tool_calls": [{"name": "look", "arguments": {"place": f"shelf {n}"}}]}
        for n in range(1, calls + 1)
    ]
    told: list[dict[str, Any]] = [*asking, {"text": "It was in the cellar."}]
    return [orjson.dumps({**line, "delay_s": delay_s}).decode() for line in told]
