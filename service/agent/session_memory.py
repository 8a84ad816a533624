"""A session's way to its agent's mind: what it recalls, changes, and leaves there."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from msgspec.structs import replace

from eventlog.members import StreamAppend
from schema import events
from schema.envelope import AT_HEAD
from schema.errors import Refused, Unavailable
from schema.events import Event, MemoryPolicy
from schema.ids import memory_stream
from service.agent import outcomes
from service.agent.moves import asks_memory
from service.agent.recorder import Changed
from service.agent.session_graph import SessionGraph
from service.agent.tools import ToolError, ToolRegistry
from service.agent.tools.observation import observe
from service.graph.mind import GraphCall, GraphMinds
from service.memory.budget import told
from service.memory.mind import Change, Mind, Minds
from service.memory.recalling import counted, fitting
from service.memory.remembering import remembered, written_back
from service.memory.working import Working

log = structlog.get_logger()

_WITHOUT: Final = ToolError("blocked", "this session has no memory")
_PINNED: Final = ToolError("blocked", "this session is a fork: it reads the agent's mind only")


@dataclass(frozen=True, kw_only=True)
class SessionMemory:
    """The mind of the agent of *started*, as its session uses it."""

    session: str
    """The session's id."""
    started: events.SessionStarted
    minds: Minds
    graphs: GraphMinds
    tools: ToolRegistry

    async def recall(self, query: str, at: datetime) -> Changed:
        """What memory and graph hold for *query*, of both what the session's policies want."""
        of_graph = await self._graph.recall(query, at)
        if not asks_memory(self.started):
            return Changed(of_graph)
        of_memory = await self._recall(query, at)
        return Changed((*of_memory.facts, *of_graph), of_memory.others)

    async def _recall(self, query: str, at: datetime) -> Changed:
        """What memory holds for *query* as the policy has it, and the count of what is told."""
        policy = self.started.memory or MemoryPolicy()
        found = fitting(await self._mind(policy, at).recall(query, policy.max_memory_recalls, ()))
        recalled = replace(found, items=told(found.items, policy.max_memory_tokens))
        if self.started.mind is not None:
            return Changed((recalled,))
        return Changed((recalled,), self._for_memory(counted(recalled)))

    @asynccontextmanager
    async def transact(
        self, call: events.ToolCalled, at: datetime, working: Working
    ) -> AsyncIterator[Changed]:
        """What *call* makes of the mind; until the context is left, nobody else here changes it."""
        async with self.lane():
            if self.tools.receives(call.tool) is GraphCall:
                yield await self._changed(call, self._graph.call(call.call_id, at))
            elif self.started.memory is None:
                yield Changed((self._without_memory(call),))
            else:
                mind = self._mind(self.started.memory, at, call.call_id, working)
                yield await self._changed(call, mind)

    async def outdated(self, changed: Changed, at: datetime) -> bool:
        """Whether the mind, asked *at* a time, holds else than what *changed* rests on."""
        for append in changed.others:
            if append.expected != AT_HEAD and await self._touched(append, at) > append.expected:
                return True
        return False

    async def _touched(self, append: StreamAppend, at: datetime) -> int:
        """The version that last changed what *append* may rest on."""
        if append.stream == self._graph.stream:
            return await self._graph.version()
        mind = self._mind(self.started.memory or MemoryPolicy(), at)
        return (await mind.holdings()).touched

    @property
    def keeps_answers(self) -> bool:
        """Whether the policy has the session remembered once it has answered."""
        memory, pinned = self.started.memory, self.started.mind is not None
        return memory is not None and memory.write_back and not pinned

    async def write_back(self, answer: str, at: datetime) -> tuple[StreamAppend, ...]:
        """What memory gets of the session that gave *answer*; nothing where it can take no more."""
        policy = self.started.memory or MemoryPolicy()
        episode = written_back(self.started.prompt, answer, self.session, at)
        try:
            mind = self._mind(policy, at)
            facts, expected = await remembered(mind.holdings, mind.policy, episode, at)
        except (Refused, Unavailable) as error:
            log.warning("write_back.refused", code=error.code)
            return ()
        return self._for_memory(facts, expected)

    def lane(self) -> AbstractAsyncContextManager[object]:
        """Within it nobody else in this process decides upon this mind."""
        return self.minds.lane(self.started.agent_id)

    @property
    def _graph(self) -> SessionGraph:
        return SessionGraph(session=self.session, started=self.started, graphs=self.graphs)

    async def _changed(self, call: events.ToolCalled, mind: Mind | GraphCall) -> Changed:
        limits = self.started.limits
        observed, change = await self.tools.change(
            call.tool,
            call.arguments,
            mind,
            timeout_s=limits.tool_timeout_s,
            observation_bytes_max=limits.observation_bytes_max,
        )
        returned = outcomes.returned(call, observed, self.started.salt)
        if change is None:
            return Changed((returned,))
        if self.started.mind is not None:
            return self._without_change(call, change, returned)
        of_memory = self._for_memory(change.memory, change.expected, change.ids)
        others = (*of_memory, *self._graph.appends(change))
        return Changed((*change.session, returned), others)

    def _without_change(
        self, call: events.ToolCalled, change: Change, returned: events.ToolReturned
    ) -> Changed:
        """What *call* comes to in a session that leaves the agent's mind as it is."""
        counts = all(isinstance(fact, events.RecallsCounted) for fact in change.memory)
        if change.graph or not counts:
            return Changed((self._refused(call, _PINNED),))
        return Changed((*change.session, returned))

    def _without_memory(self, call: events.ToolCalled) -> events.ToolReturned:
        return self._refused(call, _WITHOUT)

    def _refused(self, call: events.ToolCalled, why: ToolError) -> events.ToolReturned:
        limits = self.started.limits
        observed = observe(why, bytes_max=limits.observation_bytes_max, latency_ms=0.0)
        return outcomes.returned(call, observed, self.started.salt)

    def _mind(
        self,
        policy: MemoryPolicy,
        at: datetime,
        call_id: str | None = None,
        working: Working = Working(),  # noqa: B008 - immutable.
    ) -> Mind:
        return self.minds.mind(
            agent_id=self.started.agent_id,
            policy=policy,
            session=self.session,
            call_id=call_id,
            at=at,
            working=working,
            as_of=None if self.started.mind is None else self.started.mind.memory,
        )

    def _for_memory(
        self, facts: tuple[Event, ...], expected: int = AT_HEAD, ids: tuple[UUID, ...] = ()
    ) -> tuple[StreamAppend, ...]:
        """*facts* for the stream of the agent's memory, if there are any."""
        stream = memory_stream(self.started.agent_id)
        return (StreamAppend(stream, expected, facts, ids),) if facts else ()
