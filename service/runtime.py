"""The only place where parts are put together: log, models and tools become a runtime."""

import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from eventlog.lifetimes import beside
from eventlog.log import EventLog
from eventlog.members import StreamAppend
from schema import events
from schema.envelope import Metadata, RecordedEvent
from schema.errors import Broken, Invalid, NotFound, Refused, WrongExpectedVersion
from schema.events import Protocol
from schema.ids import new_session_id, session_stream
from schema.messages.agents import DefineAgent
from schema.messages.sessions import ProtocolChoice, StartSession
from service.agent import loop
from service.agent.rules import LATEST
from service.agent.session import SessionState, fold
from service.agent.tools import Tool, ToolRegistry, memory_tools
from service.config import Settings
from service.definitions import Definition, Policies, define, definition_of
from service.effects import SessionEffects, Watcher
from service.memories import open_memories
from service.memory.memory import Memory
from service.memory.upkeep import Upkeep
from service.metrics import Metrics
from service.providers import (
    Provider,
    Providers,
    ProviderSettings,
    open_providers,
    split_model,
)
from service.sessions import read_session

CALLS_AT_ONCE: Final = 8
"""Tool calls of one turn that run side by side."""
CANCEL_TRIES_MAX: Final = 100
"""How often a session may move on while somebody tries to cancel it."""
FIRST_EPOCH: Final = 1

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

    async def define_agent(self, agent_id: str, command: DefineAgent, *, actor: str) -> Definition:
        """Record what *agent_id* is from here on; see `definitions.define`."""
        definition = await define(self.log, agent_id, command, actor=actor)
        self.policies.forget(agent_id)
        return definition

    async def definition_of(self, agent_id: str) -> Definition | None:
        """What *agent_id* is now; None where nobody defined it."""
        return await definition_of(self.log, agent_id)

    async def start_session(self, command: StartSession, *, actor: str) -> UUID:
        """Record that a session was asked for, with all that will shape its prompts; its id.

        What the command leaves out is as the agent's definition has it. `Invalid` names what can't
        be had: a model, or a tool. Nothing runs yet.
        """
        definition = await self.definition_of(command.agent)
        session_id = new_session_id(command.agent)
        stream = session_stream(session_id)
        fact = self._started(command, definition)
        append = StreamAppend(stream, 0, (fact,), epoch=fact.epoch)
        await self.log.append(command.agent, append, metadata=Metadata(actor=actor))
        self.metrics.total_sessions.inc()
        return session_id

    async def run_session(self, session_id: UUID, watcher: Watcher) -> SessionState:
        """Drive a session that was started here to its end, or to where it waits.

        The watcher hears of each of its events. Cancelled, it leaves the log as it is: true, and
        without an end.
        """
        facts = await read_session(self.log, session_id)
        state = fold(fact.event for fact in facts)
        started = state.started
        if started is None or state.version > 1:
            raise Refused(f"session {session_id} was begun elsewhere: it can't be taken up here")
        watcher.recorded(facts[0])
        effects = self._effects(session_id, facts[0], started, watcher)
        with self.metrics.active_sessions.track_inprogress():
            return await loop.run(state, effects.as_effects(), calls_at_once=CALLS_AT_ONCE)

    async def cancel_session(self, session_id: UUID, reason: str, *, actor: str) -> SessionState:
        """Record that somebody stopped the session, unless it had ended; its state then."""
        for _ in range(CANCEL_TRIES_MAX):
            facts = await read_session(self.log, session_id)
            state = fold(fact.event for fact in facts)
            if state.ended:
                return state
            try:
                await self._cancel(facts[0], state, reason, actor)
            except WrongExpectedVersion:
                continue
        raise Broken(f"session {session_id} moves on too fast to be cancelled")

    async def _cancel(
        self, first: RecordedEvent, state: SessionState, reason: str, actor: str
    ) -> None:
        fact = events.SessionCancelled(reason=reason)
        append = StreamAppend(first.stream, state.version, (fact,))
        await self.log.append(first.agent_id, append, metadata=Metadata(actor=actor))

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
            epoch=FIRST_EPOCH,
            memory=settled.memory,
            graph=settled.graph,
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
        session_id: UUID,
        first: RecordedEvent,
        started: events.SessionStarted,
        watcher: Watcher,
    ) -> SessionEffects:
        provider, _ = self.providers.get(started.model)
        return SessionEffects(
            session_id=session_id,
            agent_id=started.agent_id,
            epoch=started.epoch,
            tool_timeout_s=started.limits.tool_timeout_s,
            observation_bytes_max=started.limits.observation_bytes_max,
            log=self.log,
            provider=provider,
            tools=self.tools.only(spec.name for spec in started.tools),
            metrics=self.metrics,
            watcher=watcher,
            provider_name=split_model(started.model)[0],
            minds=self.memory,
            started=first,
            called={},
        )


@asynccontextmanager
async def open_runtime(
    settings: Settings, tools: Iterable[Tool], *, providers: OpenProvidersFn = open_providers
) -> AsyncIterator[Runtime]:
    """A runtime over the database that *settings* name; sessions may be given *tools*.

    The tools for memory are always among them.
    """
    metrics = Metrics()
    async with (
        open_memories(settings) as opened,
        providers(_provider_settings(settings)) as models,
        beside(Upkeep(opened.log.database, metrics.memory_ann_recall_at_10.set).run()),
    ):
        registry = ToolRegistry((*tools, *memory_tools()))
        yield Runtime(
            settings, opened.log, models, registry, metrics, opened.memory, opened.policies
        )


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
