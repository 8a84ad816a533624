"""What a session sees of its agent's memory, and the change of it that a tool asks for."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct

from schema.envelope import AT_HEAD
from schema.events import Event, MemoryPolicy, MemoryRecalled
from service.memory.capacity import Holdings
from service.memory.working import Working


class Mind(Protocol):
    """An agent's memory as one call of a session sees it; asking it changes nothing."""

    @property
    def agent_id(self) -> str:
        """Whose memory it is."""

    @property
    def policy(self) -> MemoryPolicy:
        """How the session remembers."""

    @property
    def session(self) -> str:
        """The id of the session that asks."""

    @property
    def call_id(self) -> str | None:
        """The tool call that asks; None before the first step and at the end."""

    @property
    def at(self) -> datetime:
        """When it asks, by the log: ages count from here, so that a repeat ranks alike."""

    @property
    def working(self) -> Working:
        """The session's own working memory; a shared one is among the holdings."""

    async def holdings(self) -> Holdings:
        """What the agent holds at the log's head: look, then ask again behind the next await."""

    async def recall(self, query: str, limit: int, tags: Sequence[str]) -> MemoryRecalled:
        """The *limit* best memories (with all of *tags*) for *query*, the best first; not counted.

        It rests on all that the log holds when it is asked; `Unavailable` where the rows do not
        come so far in time, `Refused` where they are parked. Every item is told. A *limit* of 0
        looks for none; shared working memory comes along in any case.
        """


class Minds(Protocol):
    """Every agent's memory, as the process has it."""

    def mind(
        self,
        *,
        agent_id: str,
        policy: MemoryPolicy,
        session: str,
        call_id: str | None,
        at: datetime,
        working: Working,
        as_of: int | None = None,
    ) -> Mind:
        """The memory of *agent_id* for one call; recalled as it was at a version, or as it is."""

    def lane(self, agent_id: str) -> AbstractAsyncContextManager[object]:
        """Within it nobody else in this process decides upon that agent's memory.

        It spares conflicts and proves nothing. It is entered once, around a mind's decision and
        the append of it: a mind itself must not enter it.
        """


class Change(Struct, frozen=True, kw_only=True):
    """What a tool makes of a mind: it happens together with the tool's return, or not at all."""

    data: Any
    """What the model is told, as JSON knows it."""
    session: tuple[Event, ...] = ()
    """For the session's stream, before the return."""
    memory: tuple[Event, ...] = ()
    """For the stream of the agent's memory."""
    ids: tuple[UUID, ...] = ()
    """One for each event of *memory*, where the data tells one; made later when left out."""
    expected: int = AT_HEAD
    """The version of memory that it rests on."""
    graph: tuple[Event, ...] = ()
    """For the stream of the agent's graph."""
    graph_expected: int = AT_HEAD
    """The version of the graph that it rests on."""
