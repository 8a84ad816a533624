"""The only place where parts are put together: log, models and tools become a runtime."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias
from uuid import UUID

from msgspec.structs import replace

from eventlog.lifetimes import beside
from eventlog.log import EventLog
from eventlog.members import StreamAppend
from schema import events
from schema.envelope import RecordedEvent
from schema.errors import (
    Fenced,
    LeaseLost,
    Refused,
    WrongExpectedVersion,
)
from schema.ids import new_session_id, session_stream
from schema.messages.agents import DefineAgent
from schema.messages.sessions import StartSession
from service.agent import loop
from service.agent.session import SessionState, Status, fold
from service.agent.tools import Tool, ToolRegistry, graph_tools, memory_tools
from service.config import Settings
from service.control import Control
from service.definitions import Definition, Definitions, define, definition_of
from service.effects import SessionEffects, Watcher
from service.graph.graphs import Graphs
from service.guarded import RULES, Guards
from service.lease import Lease
from service.leases import Leases, open_leases
from service.logs import hand_to_the_standard_library
from service.means import Means
from service.memories import open_memories
from service.memory.memory import Memory
from service.memory.upkeep import Upkeep
from service.metrics import Metrics
from service.observing import Observer, on_breaker_moved, on_retry
from service.orchestrator.breaker import LocalBreakers
from service.orchestrator.circuit import Rules
from service.orchestrator.shared_breaker import open_shared_breakers
from service.origin import said_by
from service.prices import SHIPPED, Prices, read_prices
from service.providers.open import Providers, ProviderSettings, open_providers
from service.sessions import head_of, read_session
from service.spending import Spending
from service.stages import Stages, read_stages
from service.tracing import OFF, Tracing, open_tracing
from service.turns import Turns

CALLS_AT_ONCE: Final = 8
"""Tool calls of one turn that run side by side."""

DRIVER: Final = "driver"

OpenProvidersFn: TypeAlias = Callable[[ProviderSettings], AbstractAsyncContextManager[Providers]]


@dataclass(frozen=True)
class Runtime:
    """Everything that sessions need; made by `open_runtime`."""

    settings: Settings
    log: EventLog
    providers: Providers
    tools: ToolRegistry
    metrics: Metrics
    memory: Memory
    definitions: Definitions
    graphs: Graphs
    leases: Leases
    tracing: Tracing = OFF
    guards: Guards = field(default_factory=lambda: Guards(LocalBreakers(), RULES))
    """What stands around calls; without shared ones, breakers are this process's own."""
    stages: Stages = field(default_factory=Stages)
    prices: Prices = field(default_factory=read_prices)
    """What models cost; see `service.prices`."""

    @property
    def spending(self) -> Spending:
        """What agents spend on a day, and what they may."""
        return Spending(self.log, self.prices, self.definitions)

    @property
    def means(self) -> Means:
        """What sessions can be given here."""
        return Means(self.providers, self.tools, self.stages, self.spending)

    async def define_agent(
        self, agent_id: str, command: DefineAgent, *, actor: str, rests_on: int | None = None
    ) -> Definition:
        """Record what *agent_id* is from here on; see `definitions.define`."""
        definition = await define(self.log, agent_id, command, actor=actor, rests_on=rests_on)
        self.definitions.forget(agent_id)
        return definition

    async def definition_of(self, agent_id: str) -> Definition | None:
        """What *agent_id* is now; None where nobody defined it."""
        return await definition_of(self.log, agent_id)

    async def start_session(
        self, command: StartSession, *, actor: str, session_id: UUID | None = None
    ) -> Lease:
        """Record that a session was asked for, with all that will shape its prompts.

        What the command leaves out is as the agent's definition has it. `Invalid` names what can't
        be had: a model, or a tool; `StageRefused` and `StageUnavailable` come from the stages that
        the prompt passes. Nothing runs yet, and it's ours to run. Where a *session_id* is given,
        `LeaseHeld` or `WrongExpectedVersion` tell that there is that session already.
        """
        definition = await self.definition_of(command.agent)
        fact = await self.means.started(command, definition)
        session_id = session_id or new_session_id(command.agent)
        lease = await self.leases.begin(session_id, command.agent)
        append = StreamAppend(session_stream(lease.session_id), 0, (fact,), epoch=lease.epoch)
        try:
            await self.log.append(command.agent, append, metadata=said_by(actor))
        except Refused as refused:
            await self.leases.release(lease)
            if isinstance(refused, Fenced):  # It's there already, and was taken over since.
                head = await head_of(self.log, session_id)
                raise WrongExpectedVersion(append.stream, 0, head) from None
            raise
        except BaseException:
            self.leases.forget(lease)  # It may be in: who takes the lease later will see.
            raise
        self.metrics.total_sessions.inc()
        return lease

    async def resume_session(self, session_id: UUID, reason: str, *, actor: str) -> Lease:
        """Record that a session goes on that nobody drives; see `Turns.resume`."""
        return await self._turns.resume(session_id, reason, actor=actor)

    async def take_over(self, lease: Lease) -> bool:
        """Record that a session goes on that others left behind; see `Turns.take_over`."""
        return await self._turns.take_over(lease)

    async def take_up(
        self, session_id: UUID, reason: str, watcher: Watcher, *, actor: str
    ) -> SessionState:
        """Resume a session, and drive it."""
        lease = await self.resume_session(session_id, reason, actor=actor)
        return await self.run_session(lease, watcher)

    async def run_session(self, lease: Lease, watcher: Watcher) -> SessionState:
        """Drive a session to its end, or to where it waits, and give back its lease.

        The watcher hears of each of its events, also of those that were there. On any error the
        lease stays ours, to be given back by the caller: `LeaseLost` and `Fenced` tell that the
        session is another's. Cancelled, it leaves the log as it is: true, and without an end.
        """
        facts = await read_session(self.log, lease.session_id)
        state = fold(fact.event for fact in facts)
        if state.started is None or state.epoch != lease.epoch:
            raise Fenced(session_stream(lease.session_id), lease.epoch, state.epoch)
        for fact in facts:
            watcher.recorded(fact)
        effects = self._effects(lease, facts, state.started, watcher, state.budget).as_effects()
        observer = Observer(self.metrics, self.tracing)
        with observer.driving(lease, facts[0], state.started) as seen:
            async with beside(_until_lost(lease)):
                world = seen.effects(effects)
                state = await loop.run(state, world, calls_at_once=CALLS_AT_ONCE)
            seen.rests(state)
        await self.leases.release(lease)
        if state.status is Status.WAITING:  # What was said under our lease found nobody to go on.
            await self.control(DRIVER).offer(lease.session_id)
        return state

    async def cancel_session(self, session_id: UUID, reason: str, *, actor: str) -> SessionState:
        """Record that somebody stopped the session, unless it had ended; its state then."""
        return await self.control(actor).cancel(session_id, reason=reason)

    async def pause_session(self, session_id: UUID, reason: str, *, actor: str) -> SessionState:
        """Record that the session is to wait for somebody who lets it go on; its state then."""
        return await self.control(actor).pause(session_id, reason=reason)

    def control(self, actor: str, event_id: UUID | None = None) -> Control:
        """What *actor* may tell sessions, whoever drives them; at most once under an *event_id*."""
        return Control(self.log, actor, event_id)

    @property
    def _turns(self) -> Turns:
        return Turns(self.log, self.leases, self.means.see_able)

    def _effects(
        self,
        lease: Lease,
        facts: Sequence[RecordedEvent],
        started: events.SessionStarted,
        watcher: Watcher,
        budget: events.Budget,
    ) -> SessionEffects:
        return SessionEffects(
            session_id=lease.session_id,
            agent_id=started.agent_id,
            lease=lease,
            tool_timeout_s=started.limits.tool_timeout_s,
            observation_bytes_max=started.limits.observation_bytes_max,
            log=self.log,
            guards=self.guards,
            provider_of=self.means.provider_of,
            tools=self.tools.only(spec.name for spec in started.tools),
            metrics=self.metrics,
            watcher=watcher,
            minds=self.memory,
            graphs=self.graphs,
            started=replace(facts[0], event=started),  # A fork begins otherwise.
            called={
                fact.event.call_id: fact
                for fact in facts
                if isinstance(fact.event, events.ToolCalled)
            },
            answer=self.stages.pipeline("answer_stages", started.answer_stages),
            spending=self.spending,
            budget=budget,
        )


@asynccontextmanager
async def open_runtime(
    settings: Settings, tools: Iterable[Tool], *, providers: OpenProvidersFn = open_providers
) -> AsyncIterator[Runtime]:
    """A runtime over the database that *settings* name; sessions may be given *tools*.

    The tools for memory and graph are always among them.
    """
    hand_to_the_standard_library()
    metrics = Metrics()
    prices = read_prices(settings.prices_file or SHIPPED)
    stages = read_stages(
        settings.stages, prompt=settings.prompt_stages, answer=settings.answer_stages
    )
    async with (
        open_tracing(settings.traces, content=settings.trace_content) as tracing,
        open_memories(settings) as opened,
        providers(_provider_settings(settings)) as models,
        beside(Upkeep(opened.log.database, metrics.memory_ann_recall_at_10.set).run()),
        open_leases(opened.log, settings.lease_s) as leases,
        open_shared_breakers(opened.log.database, on_move=on_breaker_moved(metrics)) as breakers,
    ):
        registry = ToolRegistry((*tools, *memory_tools(), *graph_tools()))
        yield Runtime(
            settings,
            opened.log,
            models,
            registry,
            metrics,
            opened.memory,
            opened.definitions,
            opened.graphs,
            leases,
            tracing,
            Guards(breakers, _rules(settings), on_retry=partial(on_retry, metrics)),
            stages,
            prices,
        )


def _rules(settings: Settings) -> Rules:
    return Rules(
        threshold=settings.breaker_threshold, recovery_window_s=settings.breaker_recovery_s
    )


async def _until_lost(lease: Lease) -> None:
    """Wait until another process has the session."""
    await lease.lost.wait()
    raise LeaseLost(f"session {lease.session_id} was taken over by another process")


def _provider_settings(settings: Settings) -> ProviderSettings:
    return ProviderSettings(
        anthropic_api_key=settings.anthropic_api_key,
        anthropic_base_url=settings.anthropic_base_url,
        openai_api_key=settings.openai_api_key,
        openai_base_url=settings.openai_base_url,
        local_context_tokens=settings.local_context_tokens,
    )
