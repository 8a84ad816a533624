"""Sessions seen from outside: counted, logged and traced, and not a word of what is said in them.

Words stand in spans alone, and only where somebody asked for content.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final
from uuid import UUID

import structlog
from structlog.contextvars import bound_contextvars

from eventlog.members import StreamAppend
from schema import events
from schema.completions import Completion, CompletionRequest
from schema.envelope import RecordedEvent
from schema.errors import (
    AgentRuntimeError,
    BreakerOpen,
    DeadlinePassed,
    ProviderRefused,
    ProviderUnavailable,
)
from schema.events import Event
from service import conventions
from service.agent.loop import Effects
from service.agent.recorder import Changed
from service.agent.session import SessionState, Status
from service.agent.tools.observation import Observed, ToolError
from service.lease import Lease
from service.memory.working import Working
from service.metrics import Metrics
from service.orchestrator.breaker import BreakerMoved
from service.orchestrator.circuit import State
from service.orchestrator.retry import Retrying
from service.providers.base import split_model
from service.tracing import Span, Tracing

UNKNOWN: Final = "unknown"
GIVEN_UP: Final = (ProviderUnavailable, ProviderRefused, BreakerOpen, DeadlinePassed)
"""How a model call ends that was made in vain."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Observer:
    """Who looks at the sessions of a process."""

    metrics: Metrics
    tracing: Tracing

    @contextmanager
    def driving(
        self, lease: Lease, first: RecordedEvent, started: events.SessionStarted
    ) -> "Iterator[Seen]":
        """Look at a session while the block drives it; *first* is its first event, as recorded.

        All that is logged meanwhile names the session, and the request that asked for it.
        """
        session, agent = str(lease.session_id), lease.agent_id
        provider, model = split_model(started.model)
        known = {"session": session, "agent": agent, "epoch": lease.epoch}
        if first.metadata.correlation_id is not None:
            known["request"] = first.metadata.correlation_id
        with (
            bound_contextvars(**known),
            self.metrics.active_sessions.track_inprogress(),
            self.tracing.span(
                f"invoke_agent {agent}",
                conventions.invoking(agent, session, provider, model),
                parent=first.metadata.traceparent,
            ) as span,
        ):
            log.info("session.driven", model=started.model)
            tools = frozenset(spec.name for spec in started.tools)
            yield Seen(self, span, session=session, provider=provider, tools=tools)


class Seen:
    """A session that is looked at; made by `Observer.driving`."""

    def __init__(
        self,
        observer: Observer,
        span: Span,
        *,
        session: str,
        provider: str,
        tools: frozenset[str],
    ) -> None:
        self.metrics = observer.metrics
        self.tracing = observer.tracing
        self.session = session
        self.provider = provider
        self._tools = tools
        self._span = span
        self._began_s = perf_counter()
        self._step_began_s: float | None = None

    def effects(self, world: Effects) -> Effects:
        """*world*, looked at."""
        seen = _SeenEffects(self, world)
        return replace(
            world,
            think=seen.think,
            act=seen.act,
            recall=seen.recall,
            transact=seen.transact,
            record=seen.record,
        )

    def rests(self, state: SessionState) -> None:
        """It has come to where nobody drives it on."""
        self.step_ends()
        self.metrics.rested_sessions.labels(state.status.value).inc()
        told = {"status": state.status.value, "cause": state.cause}
        self._span.set({f"agent_runtime.session.{name}": value for name, value in told.items()})
        self._span.set(conventions.spent(state.usage))
        if state.status is Status.FAILED:
            self._span.failed(state.cause or UNKNOWN)
        tell = log.warning if state.status is Status.FAILED else log.info
        tell("session.rested", **told, steps=state.steps, took_ms=_ms_since(self._began_s))

    def step_begins(self) -> None:
        """The model is asked for a thought: what came before it belongs to the step before."""
        self.step_ends()
        self._step_began_s = perf_counter()

    def step_ends(self) -> None:
        """What the last thought led to is done."""
        if self._step_began_s is not None:
            self.metrics.step_s.observe(perf_counter() - self._step_began_s)
            self._step_began_s = None

    def tool_of(self, call: events.ToolCalled) -> str:
        """By a name that we gave: a model may make up any other."""
        return call.tool if call.tool in self._tools else UNKNOWN


@dataclass(frozen=True)
class _SeenEffects:
    """What a session does to the world, looked at."""

    seen: Seen
    world: Effects

    async def think(self, request: CompletionRequest) -> Completion:
        self.seen.step_begins()
        provider = request.provider or self.seen.provider
        asking = conventions.asking(request, self.seen.session, provider)
        tracing = self.seen.tracing
        with tracing.span(f"chat {request.model}", asking, kind="client") as span:
            try:
                completion = await self.world.think(request)
            except GIVEN_UP as error:
                self.seen.metrics.failed_completions.labels(provider, error.code).inc()
                log.warning("completion.failed", step=request.step, why=repr(error))
                raise
            span.set(conventions.answered(completion))
            if tracing.content:
                span.set(conventions.words_of(request, completion))
        return completion

    async def act(self, call: events.ToolCalled) -> Observed:
        with self._calling(call) as span:
            observed = await self.world.act(call)
            self._returned(call, observed, span)
        return observed

    @asynccontextmanager
    async def transact(self, call: events.ToolCalled, working: Working) -> AsyncIterator[Changed]:
        with self._calling(call) as span:
            async with self.world.transact(call, working) as changed:
                yield changed
            for fact in changed.facts:
                if isinstance(fact, events.ToolReturned):
                    self._returned(call, fact, span)

    async def recall(self, query: str) -> Changed:
        retrieval = {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.conversation.id": self.seen.session,
        }
        with self.seen.tracing.span("retrieval memory", retrieval):
            return await self.world.recall(query)

    async def record(
        self, facts: Sequence[Event], ids: Sequence[UUID], version: int, /, *others: StreamAppend
    ) -> None:
        with self.seen.metrics.append_s.time():
            await self.world.record(facts, ids, version, *others)
        for fact in facts:
            if isinstance(fact, events.FallbackChosen):
                self.seen.metrics.fallbacks.labels(split_model(fact.model)[0]).inc()
                log.warning("fallback.chosen", step=fact.step, model=fact.model, why=fact.cause)

    @contextmanager
    def _calling(self, call: events.ToolCalled) -> Iterator[Span]:
        tool = self.seen.tool_of(call)
        calling = conventions.calling(call, tool, self.seen.session)
        with self.seen.tracing.span(f"execute_tool {tool}", calling) as span:
            yield span

    def _returned(
        self, call: events.ToolCalled, back: Observed | events.ToolReturned, span: Span
    ) -> None:
        if not back.ok:
            span.failed(back.kind or UNKNOWN)
        if self.seen.tracing.content:
            span.set(conventions.words_of_call(call, back.observation))
        log.debug(
            "tool.returned",
            tool=self.seen.tool_of(call),
            call=call.call_id,
            ok=back.ok,
            took_ms=round(back.latency_ms, 3),
        )


def on_retry(metrics: Metrics, kind: str, name: str) -> Callable[[Retrying], None]:
    """Counts and logs attempts at *name* that failed; *kind* says what it is: model or tool."""

    def tell(retrying: Retrying) -> None:
        metrics.retries.labels(kind, name).inc()
        log.warning(
            "call.retried",
            kind=kind,
            name=name,
            attempt=retrying.attempt,
            wait_s=round(retrying.wait_s, 3),
            why=_why(retrying.error),
        )

    return tell


def on_breaker_moved(metrics: Metrics) -> Callable[[BreakerMoved], None]:
    """Counts and logs circuit breakers that came into another state.

    They are called `kind:name:…`; what stands behind the name may be a model's own text, and is
    not counted by.
    """

    def tell(moved: BreakerMoved) -> None:
        kind, name, *_ = (*moved.name.split(":"), UNKNOWN)
        metrics.breaker_moves.labels(kind, name, moved.after.value).inc()
        tell = log.warning if moved.after is State.OPEN else log.info
        tell(
            "breaker.moved",
            breaker=moved.name,
            before=moved.before.value,
            after=moved.after.value,
            failures=moved.failures,
        )

    return tell


def _why(error: Exception) -> str:
    """Our own words; of others' errors, which may quote anything, the class and kind alone."""
    if isinstance(error, AgentRuntimeError):
        return repr(error)
    if isinstance(error, ToolError):
        return f"ToolError: {error.kind}"
    return type(error).__name__


def _ms_since(began_s: float) -> float:
    return round((perf_counter() - began_s) * 1000, 3)
