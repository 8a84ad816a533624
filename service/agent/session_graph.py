"""A session's way to its agent's graph: what it is told, and what its tools change."""

from dataclasses import dataclass
from datetime import datetime

from eventlog.members import StreamAppend
from schema import events
from schema.events import Event
from schema.ids import graph_stream
from service.agent.graph_text import told
from service.graph.around import fitting
from service.graph.mind import GraphCall, GraphMind, GraphMinds
from service.memory.mind import Change


@dataclass(frozen=True, kw_only=True)
class SessionGraph:
    """The graph of the agent of *started*, as its session uses it."""

    session: str
    """The session's id."""
    started: events.SessionStarted
    graphs: GraphMinds

    @property
    def stream(self) -> str:
        """Where the graph's events stand."""
        return graph_stream(self.started.agent_id)

    async def recall(self, task: str, at: datetime) -> tuple[Event, ...]:
        """What stands around the entities that *task* names; nothing without a policy."""
        policy = self.started.graph
        if policy is None:
            return ()
        return (told(fitting(await self._mind.recall(task, policy, at))),)

    def call(self, call_id: str, at: datetime) -> GraphCall:
        """The graph for a tool that was called."""
        return GraphCall(graph=self._mind, session=self.session, call_id=call_id, at=at)

    def appends(self, change: Change) -> tuple[StreamAppend, ...]:
        """What the graph's stream gets of *change*, if anything."""
        if not change.graph:
            return ()
        return (StreamAppend(self.stream, change.graph_expected, change.graph),)

    async def version(self) -> int:
        """How far the graph has come."""
        return (await self._mind.near(())).version

    @property
    def _mind(self) -> GraphMind:
        pinned = self.started.mind
        return self.graphs.mind(self.started.agent_id, None if pinned is None else pinned.graph)
