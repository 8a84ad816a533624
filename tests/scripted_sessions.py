"""Sessions run through the real loop: a scripted model, a function for tools, a log in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from eventlog.members import StreamAppend
from schema import events, json_text
from schema.completions import Completion, CompletionRequest
from schema.envelope import Metadata, RecordedEvent
from schema.errors import WrongExpectedVersion
from schema.events import Event
from schema.ids import graph_stream
from service.agent import loop
from service.agent.recorder import Changed
from service.agent.rules import LATEST
from service.agent.session import SessionState, fold
from service.agent.session_memory import SessionMemory
from service.agent.tools import ToolRegistry, graph_tools, memory_tools
from service.agent.tools.observation import Observed
from service.memory.working import Working
from tests.listed_graphs import ListedGraphs
from tests.minds import AT, ListedMinds

SALT = "0123456789abcdef" * 2
SESSION = "0198c0de-7a4e-7f3a-8000-3b1c5d9e2f40"

CALCULATOR = events.ToolSpec(
    name="calculator",
    description="Work out an arithmetic expression.",
    parameters={"type": "object", "properties": {"expression": {"type": "string"}}},
    effect=events.Effect.PURE,
    examples=(
        events.ToolExample(
            task="What is 2*(3+4)?", arguments={"expression": "2 * (3 + 4)"}, result=14
        ),
        events.ToolExample(task="Multiply 3 by 5.", arguments={"expression": "3 * 5"}, result=15),
    ),
)
PAY = events.ToolSpec(
    name="pay",
    description="Pay a bill.",
    parameters={"type": "object", "properties": {"bill": {"type": "string"}}},
    effect=events.Effect.AT_MOST_ONCE,
)


def started(**changes: Any) -> events.SessionStarted:
    """A session that may use both tools."""
    given: dict[str, Any] = {
        "agent_id": "ada",
        "prompt": "What is 17*23?",
        "model": "scripted:test",
        "tools": (CALCULATOR, PAY),
        "salt": SALT,
    }
    return events.SessionStarted(**(given | changes))


def remembering(**changes: Any) -> events.SessionStarted:
    """A session that remembers, and may use the tools for that, too."""
    memory = ToolRegistry(memory_tools())
    given: dict[str, Any] = {
        "rules": LATEST,
        "memory": events.MemoryPolicy(),
        "tools": (CALCULATOR, PAY, *memory.specs(tool.spec.name for tool in memory)),
    }
    return started(**(given | changes))


def knowing(**changes: Any) -> events.SessionStarted:
    """A session that is told of its agent's graph, and may use the tools for that, too."""
    graph = ToolRegistry(graph_tools())
    given: dict[str, Any] = {
        "rules": LATEST,
        "graph": events.GraphPolicy(),
        "tools": (CALCULATOR, PAY, *graph.specs(tool.spec.name for tool in graph)),
    }
    return started(**(given | changes))


def says(text: str, **changes: Any) -> Completion:
    """A completion of the text protocol."""
    given: dict[str, Any] = {
        "text": text,
        "model": "test",
        "usage": events.Usage(input_tokens=7, output_tokens=3),
    }
    return Completion(**(given | changes))


def asks(*calls: tuple[str, Any], text: str = "", **changes: Any) -> Completion:
    """A completion with native calls: (tool, arguments) each; text stands for itself."""
    requested = tuple(
        events.RequestedCall(
            id=f"id-{n}",
            name=name,
            arguments=given if isinstance(given, str) else json_text.encode(given),
        )
        for n, (name, given) in enumerate(calls)
    )
    return says(text, calls=requested, stop_reason="tool_calls", **changes)


ACTION = says('Thought: I will use calculator.\nAction: calculator {"expression":"17 * 23"}\n')
ANSWER = says("Thought: I know the answer.\nFINAL_ANSWER: 391\n")


@dataclass
class MemoryLog:
    """A session's stream in memory, with what others append before our next one."""

    facts: list[Event] = field(default_factory=list)
    ids: list[UUID] = field(default_factory=list)
    appends: list[int] = field(default_factory=list)
    """How many events of its own each append held."""
    interruptions: list[Sequence[Event]] = field(default_factory=list)
    minds: ListedMinds = field(default_factory=ListedMinds)
    """Where an append puts what it has for the agent's memory."""
    graphs: ListedGraphs = field(default_factory=ListedGraphs)
    """The same for the agent's graph."""

    async def record(
        self, facts: Sequence[Event], ids: Sequence[UUID], expected: int, *others: StreamAppend
    ) -> None:
        if self.interruptions:
            self.facts.extend(self.interruptions.pop(0))
        if expected != len(self.facts):
            raise WrongExpectedVersion("session-x", expected, len(self.facts))
        assert len(facts) == len(ids)
        for other in others:
            self._part(other).check(other)
        for other in others:
            self._part(other).take(other)
        self.facts.extend(facts)
        self.ids.extend(ids)
        self.appends.append(len(facts))

    def _part(self, append: StreamAppend) -> ListedMinds | ListedGraphs:
        return self.graphs if append.stream == graph_stream("ada") else self.minds

    async def read(self, after: int) -> Sequence[Event]:
        return self.facts[after:]

    def recorded(self) -> list[RecordedEvent]:
        return recorded(self.facts)


def recorded(facts: Iterable[Event]) -> list[RecordedEvent]:
    """*facts* as a log would give them back, through their stored text."""
    return [recorded_event(n, fact) for n, fact in enumerate(facts, start=1)]


def recorded_event(version: int, fact: Event) -> RecordedEvent:
    stored = events.decode(fact.type, fact.schema_version, json_text.encode(fact))
    return RecordedEvent(
        partition=0,
        position=version,
        agent_id="ada",
        stream="session-x",
        version=version,
        event_id=UUID(int=version),
        type=fact.type,
        schema_version=fact.schema_version,
        event=stored,
        metadata=Metadata(),
        recorded_at=AT,
    )


Said = Completion | BaseException
ActFn = Callable[[events.ToolCalled], Awaitable[Observed]]
PassedFn = Callable[[str], Awaitable[str]]


async def as_it_is(answer: str) -> str:
    """What no stage changes."""
    return answer


async def calculate(call: events.ToolCalled) -> Observed:
    """Every tool, seventeen times twenty-three."""
    if call.tool not in {"calculator", "pay"}:
        return Observed(
            ok=False, observation='{"ok":false,"error":"?","kind":"not_found"}', kind="not_found"
        )
    return Observed(ok=True, observation='{"ok":true,"data":391}')


@dataclass
class ScriptedModel:
    """Says what its script says, then waits for ever; remembers what it was asked."""

    script: list[Said]
    requests: list[CompletionRequest] = field(default_factory=list)

    async def think(self, request: CompletionRequest) -> Completion:
        self.requests.append(request)
        if not self.script:
            await asyncio.Event().wait()
        said = self.script.pop(0)
        if isinstance(said, BaseException):
            raise said
        return said


async def run(
    start: events.SessionStarted,
    *script: Said,
    act: ActFn = calculate,
    log: MemoryLog | None = None,
    model: ScriptedModel | None = None,
    passed: PassedFn = as_it_is,
) -> tuple[SessionState, MemoryLog]:
    """A session run on *script*; its last state, and its log."""
    log = MemoryLog() if log is None else log
    if not log.facts:
        log.facts.append(start)
    model = ScriptedModel(list(script)) if model is None else model
    effects = effects_of(log, model, act=act, passed=passed)
    state = await loop.run(fold(log.facts), effects, calls_at_once=4)
    return state, log


def effects_of(
    log: MemoryLog,
    model: ScriptedModel,
    *,
    act: ActFn = calculate,
    passed: PassedFn = as_it_is,
) -> loop.Effects:
    """The world of the session in *log*, whose memory is in a list, too."""
    begun = log.facts[0] if log.facts else None
    memory = SessionMemory(
        session=SESSION,
        started=begun if isinstance(begun, events.SessionStarted) else started(),
        minds=log.minds,
        graphs=log.graphs,
        tools=ToolRegistry((*memory_tools(), *graph_tools())),
    )

    def transact(call: events.ToolCalled, working: Working) -> AbstractAsyncContextManager[Changed]:
        return memory.transact(call, AT, working)

    return loop.Effects(
        think=model.think,
        act=act,
        record=log.record,
        read=log.read,
        recall=lambda query: memory.recall(query, AT),
        transact=transact,
        outdated=lambda changed: memory.outdated(changed, AT),
        passed=passed,
    )
