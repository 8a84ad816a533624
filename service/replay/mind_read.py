"""What a session had read of its agent's mind by a version, by its own events."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from schema.envelope import RecordedEvent
from schema.events import GraphRecalled, MemoryRecalled, WorkingEntry
from service.agent.session import SessionState


class MindRead(Struct, frozen=True, kw_only=True):
    """The newest answers of memory and graph; None where it had asked nothing yet."""

    memory: MemoryRecalled | None = None
    graph: GraphRecalled | None = None
    at: datetime | None = None
    """When the last event was recorded: what was not read by then, was as it stood there."""

    @property
    def memory_as_of(self) -> int | str:
        """The place of memory that the last step stood on."""
        return self._place(self.memory)

    @property
    def graph_as_of(self) -> int | str:
        """The place of the graph that the last step stood on."""
        return self._place(self.graph)

    def _place(self, read: MemoryRecalled | GraphRecalled | None) -> int | str:
        if read is not None:
            return read.version
        return 0 if self.at is None else self.at.isoformat()


def mind_read(seen: Iterable[RecordedEvent]) -> MindRead:
    """What the events that were *seen* tell of the mind."""
    memory: MemoryRecalled | None = None
    graph: GraphRecalled | None = None
    at: datetime | None = None
    for fact in seen:
        at = fact.recorded_at
        if isinstance(fact.event, MemoryRecalled):
            memory = fact.event
        elif isinstance(fact.event, GraphRecalled):
            graph = fact.event
    return MindRead(memory=memory, graph=graph, at=at)


def working_of(state: SessionState) -> Sequence[WorkingEntry]:
    """Working memory as a step sees it: the session's own, or what was recalled of a shared one."""
    started = state.started
    shared = started is not None and started.memory is not None and started.memory.working_shared
    if shared:
        return () if state.recalled is None else state.recalled.working
    return state.working.entries
