"""What a session sees of its agent's graph; asking it changes nothing."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from schema.events import Event, GraphPolicy, GraphRecalled
from schema.messages.graph import Query
from service.graph.picture import Graph


class Answered(Struct, frozen=True, kw_only=True):
    """The answer to a question."""

    result: Any
    """As JSON knows it."""
    version: int
    """Of the graph's stream, at which it is true."""


class GraphMind(Protocol):
    """An agent's graph, as the log has it when it is asked.

    Every answer tells of one version: that of the log's head at the time, unless a query names
    another. `Unavailable` where the rows do not come so far in time, `Refused` where they are
    parked. A part of a graph (`near`, `surroundings`) is the caller's own: nobody changes it, and
    its `version` is the one to rest a decision on.
    """

    async def near(self, ids: Collection[str]) -> Graph:
        """The entities of *ids* that are there, and all relationships between them.

        Others may be in it, too. Without *ids* its version alone tells something: how far the
        graph has come.
        """

    async def surroundings(
        self, ids: Collection[str], limit: int, *, kinds: Sequence[str] = ()
    ) -> Graph:
        """Those of *ids* that are there, their relationships, and what these lead to.

        Of each its *limit* heaviest ones, from it and to it, of *kinds* alone where some are
        named; of equal ones those whose (kind, from, to) come first.
        """

    async def ask(self, query: Query) -> Answered:
        """What the graph has to say to *query*; errors are those of `Graphs.query`."""

    async def see_room(self, news: Sequence[Event], version: int) -> None:
        """`Refused` where the graph, as of *version*, would become too large by *news*."""

    async def nearest(self, name: str) -> Sequence[str]:
        """Ids of entities that somebody who says *name* may have meant, the likeliest first.

        Three at most: what is called so, or what is spelt much alike; none is no fault.
        """

    async def recall(self, task: str, policy: GraphPolicy, at: datetime) -> GraphRecalled:
        """What stands around the entities that *task* names, `policy.max_entities` at most.

        Those come first, in the order in which they are named; then the entities at the other
        ends of their `policy.max_relationships` heaviest relationships each. Everything is told:
        the token budget is whose task it is.
        """


class GraphMinds(Protocol):
    """Every agent's graph, as the process has it."""

    def mind(self, agent_id: str, as_of: int | None = None) -> GraphMind:
        """The graph of *agent_id*, as it was at a version, or as it is."""


class GraphCall(Struct, frozen=True, kw_only=True):
    """A call of a session upon its agent's graph, as a tool gets it."""

    graph: GraphMind
    session: str
    """The id of the session that asks."""
    call_id: str
    """The tool call that asks."""
    at: datetime
    """When it asks, by the log."""
