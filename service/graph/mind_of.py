"""An agent's graph as its sessions see it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Final

from eventlog.log import EventLog
from schema.events import Event
from schema.events.graph import GraphPolicy, GraphRecalled
from schema.messages.graph import Query
from service.graph import rows
from service.graph.around import around
from service.graph.grounds import Grounds
from service.graph.mind import Answered
from service.graph.picture import Graph
from service.graph.reading import Reader

NEAREST_MAX: Final = 3
COMPARED_MAX: Final = 200
"""Ids that a name is compared with, of the first ones, and of those that begin like it."""


class AgentGraph:
    """See `GraphMind`."""

    def __init__(
        self,
        agent_id: str,
        log: EventLog,
        reader: Reader,
        grounds: Grounds,
        timeout_s: float,
        as_of: int | None = None,
    ) -> None:
        self.agent_id = agent_id
        self._log = log
        self._reader = reader
        self._grounds = grounds
        self._timeout_s = timeout_s
        self._as_of = as_of
        """The version that is looked at; None looks at what there is."""

    async def near(self, ids: Collection[str]) -> Graph:
        """See `GraphMind`."""
        if self._as_of is None:
            return (await self._grounds.near(self.agent_id, ids)).graph
        view, _ = await self._reader.view(self.agent_id, self._as_of)
        async with self._log.database.acquire() as conn:
            return await rows.near(conn, view, ids)

    async def surroundings(
        self, ids: Collection[str], limit: int, *, kinds: Sequence[str] = ()
    ) -> Graph:
        """See `GraphMind`."""
        view, _ = await self._reader.view(self.agent_id, self._as_of)
        async with self._log.database.acquire() as conn:
            return await rows.surroundings(conn, view, ids, limit, kinds=kinds)

    async def ask(self, query: Query) -> Answered:
        """See `GraphMind`."""
        if self._as_of is not None and query.as_of is None:
            query = query.model_copy(update={"as_of": self._as_of})
        return await self._reader.query(self.agent_id, query, self._timeout_s)

    async def see_room(self, news: Sequence[Event], version: int) -> None:
        """See `GraphMind`."""
        await self._grounds.see_room(self.agent_id, news, version)

    async def nearest(self, name: str) -> list[str]:
        """See `GraphMind`."""
        view, _ = await self._reader.view(self.agent_id, self._as_of)
        async with self._log.database.acquire() as conn:
            called_so = await rows.named(conn, view, name, NEAREST_MAX)
            some = [
                *await rows.entities(conn, view, COMPARED_MAX),
                *await rows.entities(conn, view, COMPARED_MAX, after=name[:1]),
            ]
        spelt = {entity.id.casefold(): entity.id for entity in some}
        alike = get_close_matches(name.casefold(), spelt, NEAREST_MAX)
        ids = [*(entity.id for entity in called_so), *(spelt[one] for one in alike)]
        return list(dict.fromkeys(ids))[:NEAREST_MAX]

    async def recall(self, task: str, policy: GraphPolicy, at: datetime) -> GraphRecalled:
        """See `GraphMind`."""
        limit = policy.max_relationships
        view, _ = await self._reader.view(self.agent_id, self._as_of)
        async with self._log.database.acquire() as conn:
            named = await rows.named(conn, view, task, policy.max_entities)
            ids = [entity.id for entity in named]
            found = await rows.surroundings(conn, view, ids, limit)
        entities, relationships = around(found, ids, limit)
        return GraphRecalled(
            version=view.version,
            at=at,
            policy=policy,
            entities=entities,
            relationships=relationships,
        )
