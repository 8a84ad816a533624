"""What one running session does to the world: asks its model, calls its tools, writes its log."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol
from uuid import UUID

from msgspec.structs import replace

from eventlog.log import EventLog
from eventlog.members import StreamAppend, as_recorded
from schema import events
from schema.completions import Completion, CompletionRequest
from schema.envelope import Metadata, RecordedEvent
from schema.errors import Broken
from schema.events import Event
from schema.ids import session_stream
from service.agent.loop import Effects
from service.agent.recorder import Changed
from service.agent.session_memory import SessionMemory
from service.agent.tools import Observed, Tool, ToolContext, ToolRegistry
from service.graph.mind import GraphMinds
from service.guarded import Guards
from service.lease import Lease
from service.memory.mind import Minds
from service.memory.working import Working
from service.metrics import Metrics
from service.orchestrator.pipeline import Pipeline
from service.providers.base import Provider
from service.spending import Spending

NO_STAGES: Final = Pipeline()
OPEN: Final = events.Budget()
UNKNOWN: Final = "unknown"

LOOP: Final = Metadata(actor="loop")


class Watcher(Protocol):
    """Somebody who looks on while a session runs; none of this may block."""

    def thinking(self) -> None:
        """The model is asked, perhaps once more: what it said before does not count."""

    def said(self, delta: str) -> None:
        """The model said the next piece of its answer."""

    def recorded(self, fact: RecordedEvent) -> None:
        """*fact* is in the log, and stays there."""


class Unwatched:
    """The watcher of a session that nobody looks at."""

    def thinking(self) -> None:
        """Nobody is told."""

    def said(self, delta: str) -> None:
        """Nobody is told."""

    def recorded(self, fact: RecordedEvent) -> None:
        """Nobody is told."""


@dataclass(kw_only=True)
class SessionEffects:
    """The effects of one session, each of them bounded in time by the session's limits."""

    session_id: UUID
    agent_id: str
    lease: Lease
    """Asked before anything reaches beyond the log; the log itself goes by its epoch."""
    tool_timeout_s: float
    observation_bytes_max: int
    log: EventLog
    guards: Guards
    """What stands around each call to a model or a tool."""
    provider_of: Callable[[str], Provider]
    """Model (`provider:model`) → who runs it."""
    tools: ToolRegistry
    metrics: Metrics
    watcher: Watcher
    minds: Minds
    graphs: GraphMinds
    started: RecordedEvent
    """The session's first event; a recall before the run is made at its time."""
    called: dict[str, RecordedEvent]
    """Call → its `tool_called`, whose id and time are the same however often the call is run."""
    answer: Pipeline = NO_STAGES
    """What an answer passes."""
    spending: Spending | None = None
    """What counts and bounds the agent's days; None where nobody does."""
    budget: events.Budget = OPEN
    """What the session itself may spend, as it was taken up."""
    asked: str = ""
    """The provider that was asked last."""

    @cached_property
    def _start(self) -> events.SessionStarted:
        started = self.started.event
        if not isinstance(started, events.SessionStarted):
            raise Broken(f"session {self.session_id} begins with {started.type}")
        return started

    @cached_property
    def _memory(self) -> SessionMemory:
        return SessionMemory(
            session=str(self.session_id),
            started=self._start,
            minds=self.minds,
            graphs=self.graphs,
            tools=self.tools,
        )

    def as_effects(self) -> Effects:
        """What the loop takes."""
        return Effects(
            think=self.think,
            act=self.act,
            record=self.record,
            read=self.read,
            recall=self.recall,
            transact=self.transact,
            outdated=self.outdated,
            passed=self.answer.run,
            go_on=self.lease.go_on,
        )

    async def think(self, request: CompletionRequest) -> Completion:
        """Ask the model that the request names, guarded, until that model's time is up.

        A breaker that is open is waited for only where there is no other model to fall back upon.
        """
        self.asked = request.provider
        model = f"{request.provider}:{request.model}"
        provider = self.provider_of(model)
        asked = replace(request, session=str(self.session_id))

        async def ask() -> Completion:
            self.lease.check()
            self.watcher.thinking()
            return await provider.complete(asked, self.watcher.said)

        is_last = model == (self._start.model, *self._start.fallbacks)[-1]
        wait_s = request.timeout_s if is_last else 0.0

        async def guarded() -> Completion:
            return await self.guards.ask(
                model, ask, timeout_s=request.timeout_s, open_wait_s=wait_s
            )

        if self.spending is None:
            return await guarded()
        return await self.spending.ask(self.agent_id, request, guarded, budget=self.budget)

    async def act(self, call: events.ToolCalled) -> Observed:
        """Run a tool, guarded; whatever it does wrong is an observation."""
        context = ToolContext(
            idempotency_key=self.called[call.call_id].event_id,
            session_id=self.session_id,
            agent_id=self.agent_id,
            call_id=call.call_id,
            timeout_s=self.tool_timeout_s,
        )

        async def guard(
            tool: Tool, given: Mapping[str, Any], run: Callable[[], Awaitable[Any]]
        ) -> Any:
            async def once() -> Any:
                self.lease.check()
                return await run()

            return await self.guards.use(
                tool.spec.name,
                once,
                effect=call.effect,
                at=None if tool.reaches is None else tool.reaches(given),
                timeout_s=self.tool_timeout_s,
            )

        self.lease.check()
        return await self.tools.call(
            call.tool,
            call.arguments,
            context,
            observation_bytes_max=self.observation_bytes_max,
            guard=guard,
        )

    async def recall(self, query: str) -> Changed:
        """Ask the mind; as of the session's start, by the log's clock."""
        return await self._memory.recall(query, self.started.recorded_at)

    def transact(
        self, call: events.ToolCalled, working: Working
    ) -> AbstractAsyncContextManager[Changed]:
        """Run a tool on the mind; as of its call, by the log's clock."""
        return self._memory.transact(call, self.called[call.call_id].recorded_at, working)

    async def outdated(self, changed: Changed) -> bool:
        """Whether the mind holds something else by now than what *changed* rests on."""
        return await self._memory.outdated(changed, self.started.recorded_at)

    async def record(
        self, facts: Sequence[Event], ids: Sequence[UUID], version: int, *others: StreamAppend
    ) -> None:
        """Append *facts* behind *version*; once they are in, whoever watches hears of them.

        With the answer of a session that is to be remembered goes what memory gets of it.
        """
        answers = [fact.answer for fact in facts if isinstance(fact, events.SessionCompleted)]
        if not answers or not self._memory.keeps_answers:
            await self._append(facts, ids, version, *others)
            return
        async with self._memory.lane():  # Free of us: no answer comes together with a return.
            kept = await self._memory.write_back(answers[0], self._latest().recorded_at)
            await self._append(facts, ids, version, *others, *kept)

    async def _append(
        self, facts: Sequence[Event], ids: Sequence[UUID], version: int, *others: StreamAppend
    ) -> None:
        stream = session_stream(self.session_id)
        append = StreamAppend(stream, version, facts, ids, self.lease.epoch)
        appended, *_ = await self.log.append(self.agent_id, append, *others, metadata=LOOP)
        partition = self.log.partition_of(stream)
        for fact in as_recorded(appended, facts, ids, partition, self.agent_id, LOOP):
            self._tell(fact)

    def _latest(self) -> RecordedEvent:
        """The last call, or the start: what tells the time of an answer that is not recorded."""
        return max(self.called.values(), key=lambda fact: fact.version, default=self.started)

    async def read(self, after: int) -> list[Event]:
        """What others appended behind version *after*."""
        stream = session_stream(self.session_id)
        async with aclosing(self.log.read_stream(stream, after=after)) as blocks:
            facts = [fact async for block in blocks for fact in block]
        for fact in facts:
            self._tell(fact)
        return [fact.event for fact in facts]

    def _tell(self, fact: RecordedEvent) -> None:
        if isinstance(fact.event, events.ToolCalled):
            self.called[fact.event.call_id] = fact
        asked = self.asked or self._start.model.partition(":")[0]
        count(self.metrics, fact.event, provider=asked, tool=self._tool_of(fact.event))
        self.watcher.recorded(fact)

    def _tool_of(self, event: Event) -> str:
        """The tool that returned, by a name that we gave: a model may make up any other."""
        if not isinstance(event, events.ToolReturned) or event.call_id not in self.called:
            return UNKNOWN
        match self.called[event.call_id].event:
            case events.ToolCalled(tool=tool) if tool in self.tools:
                return tool
            case _:
                return UNKNOWN


def count(metrics: Metrics, event: Event, *, provider: str, tool: str) -> None:
    """Count what *event* says was done; *tool* is the one that returned, if one did."""
    match event:
        case events.CompletionReceived(latency_ms=latency_ms, usage=usage):
            metrics.total_steps.inc()
            if event.cost_micro_usd is not None:
                metrics.cost_usd.labels(provider).inc(event.cost_micro_usd / 1_000_000)
            metrics.completion_s.labels(provider).observe(latency_ms / 1000)
            metrics.completion_tokens.labels(provider, "input").observe(usage.input_tokens)
            metrics.completion_tokens.labels(provider, "output").observe(usage.output_tokens)
        case events.MemoryRecalled(items=items):
            metrics.memory_recall_count.inc(sum(item.told for item in items))
        case events.ToolCalled():
            metrics.total_tool_calls.inc()
        case events.ToolReturned(latency_ms=latency_ms, ok=ok):
            metrics.tool_call_s.labels(tool).observe(latency_ms / 1000)
            metrics.failed_tool_calls.inc(0 if ok else 1)
