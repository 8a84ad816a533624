"""The only place where parts are put together: log, models and tools become a runtime."""

import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from eventlog.lifetimes import beside
from eventlog.log import EventLog
from eventlog.members import StreamAppend
from schema import events
from schema.envelope import Metadata, RecordedEvent
from schema.errors import (
    Fenced,
    Invalid,
    LeaseLost,
    NotFound,
    Refused,
    WrongExpectedVersion,
)
from schema.events import Protocol
from schema.ids import new_session_id, session_stream
from schema.messages.agents import DefineAgent
from schema.messages.sessions import ProtocolChoice, StartSession
from service.agent import loop
from service.agent.rules import LATEST
from service.agent.session import SessionState, Status, fold
from service.agent.tools import Tool, ToolRegistry, graph_tools, memory_tools
from service.config import Settings
from service.control import Control
from service.definitions import Definition, Policies, define, definition_of
from service.effects import SessionEffects, Watcher
from service.graph.graphs import Graphs
from service.lease import Lease
from service.leases import Leases, open_leases
from service.memories import open_memories
from service.memory.memory import Memory
from service.memory.upkeep import Upkeep
from service.metrics import Metrics
from service.providers.base import Provider, split_model
from service.providers.open import Providers, ProviderSettings, open_providers
from service.sessions import head_of, read_session
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
    policies: Policies
    graphs: Graphs
    leases: Leases

    async def define_agent(
        self, agent_id: str, command: DefineAgent, *, actor: str, rests_on: int | None = None
    ) -> Definition:
        """Record what *agent_id* is from here on; see `definitions.define`."""
        definition = await define(self.log, agent_id, command, actor=actor, rests_on=rests_on)
        self.policies.forget(agent_id)
        return definition

    async def definition_of(self, agent_id: str) -> Definition | None:
        """What *agent_id* is now; None where nobody defined it."""
        return await definition_of(self.log, agent_id)

    async def start_session(
        self, command: StartSession, *, actor: str, session_id: UUID | None = None
    ) -> Lease:
        """Record that a session was asked for, with all that will shape its prompts.

        What the command leaves out is as the agent's definition has it. `Invalid` names what can't
        be had: a model, or a tool. Nothing runs yet, and it's ours to run. Where a *session_id* is
        given, `LeaseHeld` or `WrongExpectedVersion` tell that there is that session already.
        """
        definition = await self.definition_of(command.agent)
        fact = self._started(command, definition)
        session_id = session_id or new_session_id(command.agent)
        lease = await self.leases.begin(session_id, command.agent)
        append = StreamAppend(session_stream(lease.session_id), 0, (fact,), epoch=lease.epoch)
        try:
            await self.log.append(command.agent, append, metadata=Metadata(actor=actor))
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
        effects = self._effects(lease, facts, state.started, watcher).as_effects()
        with self.metrics.active_sessions.track_inprogress():
            async with beside(_until_lost(lease)):
                state = await loop.run(state, effects, calls_at_once=CALLS_AT_ONCE)
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

    def control(self, actor: str) -> Control:
        """What *actor* may tell sessions, whoever drives them."""
        return Control(self.log, actor)

    @property
    def _turns(self) -> Turns:
        return Turns(self.log, self.leases, self._see_able)

    def _see_able(self, started: events.SessionStarted) -> None:
        """Raise `Invalid` where this process lacks the model or a tool of a session."""
        self.providers.get(started.model)
        self._specs(spec.name for spec in started.tools)

    def _started(
        self, command: StartSession, definition: Definition | None
    ) -> events.SessionStarted:
        settled = command.settled(None if definition is None else definition.defined)
        provider, _ = self.providers.get(settled.model)
        return events.SessionStarted(
            agent_id=command.agent,
            prompt=command.prompt,
            model=settled.model,
            system_prompt=settled.system_prompt,
            protocol=_protocol(settled.protocol, provider),
            tools=self._specs(settled.tools),
            limits=settled.limits,
            sampling=settled.sampling,
            rules=LATEST,
            salt=os.urandom(16).hex(),
            memory=settled.memory,
            graph=settled.graph,
            budget=settled.budget,
            approvals=settled.approve,
            definition=None if definition is None else definition.version,
        )

    def _specs(self, tools: Iterable[str]) -> tuple[events.ToolSpec, ...]:
        try:
            return self.tools.specs(dict.fromkeys(tools))
        except NotFound as error:
            there_are = ", ".join(tool.spec.name for tool in self.tools) or "none"
            raise Invalid("tools", f"{error} (there are: {there_are})") from None

    def _effects(
        self,
        lease: Lease,
        facts: Sequence[RecordedEvent],
        started: events.SessionStarted,
        watcher: Watcher,
    ) -> SessionEffects:
        provider, _ = self.providers.get(started.model)
        return SessionEffects(
            session_id=lease.session_id,
            agent_id=started.agent_id,
            lease=lease,
            tool_timeout_s=started.limits.tool_timeout_s,
            observation_bytes_max=started.limits.observation_bytes_max,
            log=self.log,
            provider=provider,
            tools=self.tools.only(spec.name for spec in started.tools),
            metrics=self.metrics,
            watcher=watcher,
            provider_name=split_model(started.model)[0],
            minds=self.memory,
            graphs=self.graphs,
            started=facts[0],
            called={
                fact.event.call_id: fact
                for fact in facts
                if isinstance(fact.event, events.ToolCalled)
            },
        )


@asynccontextmanager
async def open_runtime(
    settings: Settings, tools: Iterable[Tool], *, providers: OpenProvidersFn = open_providers
) -> AsyncIterator[Runtime]:
    """A runtime over the database that *settings* name; sessions may be given *tools*.

    The tools for memory and graph are always among them.
    """
    metrics = Metrics()
    async with (
        open_memories(settings) as opened,
        providers(_provider_settings(settings)) as models,
        beside(Upkeep(opened.log.database, metrics.memory_ann_recall_at_10.set).run()),
        open_leases(opened.log, settings.lease_s) as leases,
    ):
        registry = ToolRegistry((*tools, *memory_tools(), *graph_tools()))
        yield Runtime(
            settings,
            opened.log,
            models,
            registry,
            metrics,
            opened.memory,
            opened.policies,
            opened.graphs,
            leases,
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


def _protocol(choice: ProtocolChoice, provider: Provider) -> Protocol:
    if choice == "auto":
        return Protocol.NATIVE if provider.native_tools else Protocol.TEXT
    if choice == "native" and not provider.native_tools:
        raise Invalid("protocol", "this model has no native tool calls: choose text, or auto")
    return Protocol(choice)
