"""Answers questions about agents' graphs: short ones from rows, all others by a worker."""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from eventlog.database import Conn
from eventlog.log import EventLog
from schema.errors import Invalid
from schema.ids import checked_agent_id, graph_stream
from schema.messages.graph import Neighbours, PathExists, Query, ShortestPath, checked_query
from service.graph import looking, rows
from service.graph.answers import Answered, Changes, Known, Pictured, Seen, Whole
from service.graph.coordinates import GRAPH
from service.graph.picture import Entity, Graph, Relationship, absent
from service.graph.results import Results
from service.graph.rows import View
from service.graph.standing import Standings
from service.graph.worker.frames import packed, unpacked
from service.graph.worker.words import Place
from service.graph.worker.workers import Workers
from service.mind.coordinates import coordinate_of
from service.mind.level import Level

RELATIONSHIPS_SHOWN_MAX: Final = 100
"""Of one entity, where somebody looks at it."""
PAGE_MAX: Final = 10_000
"""Entities, relationships or differences in one answer."""
UNFOLDED_MAX: Final = 300
"""Entities: what has come to so many around one is unfolded no further."""
PICTURED_MAX: Final = 1000
"""Entities of which somebody wants to draw a picture."""


class Reader:
    """Reads the graphs of all agents."""

    def __init__(
        self,
        log: EventLog,
        level: Level,
        standings: Standings,
        workers: Workers,
        results: Results,
    ) -> None:
        self._log = log
        self._level = level
        self._standings = standings
        self._workers = workers
        self._results = results

    async def query(self, agent_id: str, query: Query, timeout_s: float) -> Answered:
        """What the graph has to say, now or at the place that the question names."""
        if isinstance(query, Neighbours | ShortestPath | PathExists):
            short = await self._short(agent_id, query)
            if short is not None:
                return short
        return await self._long(await self.place(agent_id, query.as_of), query, timeout_s)

    async def place(self, agent_id: str, as_of: int | str | None = None) -> Place:
        """Where a worker finds the graph of *agent_id*."""
        version = await self._version(agent_id, as_of)
        stream = graph_stream(agent_id)
        standing = await self._standings.of(stream)
        return Place(
            partition=self._log.partition_of(stream),
            stream=stream,
            version=standing.logged if version is None else version,
            projected=standing.projected,
            erased=standing.erased,
            head=standing.logged,
            now=version is None,
        )

    async def view(self, agent_id: str, as_of: int | str | None = None) -> tuple[View, int]:
        """The rows of that place, once they tell of it, and the graph's last version."""
        version = await self._version(agent_id, as_of)
        stream = graph_stream(agent_id)
        head = await self._level.reach(stream)
        place = head if version is None else version
        return View(self._log.partition_of(stream), stream, place), head

    async def entity(self, agent_id: str, id_: str, as_of: int | str | None) -> Known:
        """The entity and what it relates to; `NotFound` names it."""
        view, _ = await self.view(agent_id, as_of)
        about = Neighbours(op="neighbours", start=id_, limit=RELATIONSHIPS_SHOWN_MAX)
        async with self._log.database.acquire() as conn:
            entity = await rows.entity(conn, view, id_)
            if entity is None:
                raise absent(id_, view.version)
            near = await rows.neighbours(conn, view, about)
        found = dict.fromkeys(_relationship(id_, one) for one in near["neighbours"])
        return Known(
            version=view.version,
            entity=entity,
            relationships=list(found),
            complete=near["complete"],
        )

    async def look(
        self,
        agent_id: str,
        *,
        as_of: int | str | None,
        limit: int,
        labels: Collection[str],
        kinds: Collection[str],
        after_entity: str,
        after_relationship: tuple[str, str, str] | None,
    ) -> Seen:
        """What the graph held: the first of each behind the places that are named."""
        _see_limit(limit, PAGE_MAX)
        view, head = await self.view(agent_id, as_of)
        async with self._log.database.acquire() as conn:
            return Seen(
                version=view.version,
                head=head,
                sizes=await rows.sizes(conn, view),
                entities=await rows.entities(
                    conn, view, limit, after=after_entity, labels=tuple(labels)
                ),
                relationships=await rows.relationships(
                    conn, view, limit, after=after_relationship, kinds=tuple(kinds)
                ),
            )

    async def whole(self, agent_id: str, as_of: int | str | None) -> Whole:
        """All that the graph held, page by page."""
        view, _ = await self.view(agent_id, as_of)
        return Whole(
            version=view.version,
            entities=self._all_entities(view),
            relationships=self._all_relationships(view),
        )

    async def _all_entities(self, view: View) -> AsyncIterator[list[Entity]]:
        after = ""
        while True:
            async with self._log.database.acquire() as conn:
                page = await rows.entities(conn, view, rows.ENTITY_BLOCK_ROWS, after=after)
            if not page:
                return
            yield page
            after = page[-1].id

    async def _all_relationships(self, view: View) -> AsyncIterator[list[Relationship]]:
        after: tuple[str, str, str] | None = None
        while True:
            async with self._log.database.acquire() as conn:
                page = await rows.relationships(conn, view, PAGE_MAX, after=after)
            if not page:
                return
            yield page
            after = page[-1][:3]

    async def diff(
        self, agent_id: str, since: int | str, until: int | str | None, limit: int
    ) -> Changes:
        """What has changed from *since* to *until*."""
        _see_limit(limit, PAGE_MAX)
        first, _ = await self.view(agent_id, since)
        last, _ = await self.view(agent_id, until)
        if first.version > last.version:
            detail = f"goes from version {first.version} back to {last.version}: turn it around"
            raise Invalid("diff", detail)
        async with self._log.database.acquire() as conn:
            found = await looking.diff(conn, last, first.version, limit)
        return Changes(since=first.version, version=last.version, differences=found)

    async def picture(
        self,
        agent_id: str,
        *,
        as_of: int | str | None,
        limit: int,
        part: Mapping[str, tuple[str, ...]],
        timeout_s: float,
    ) -> Pictured:
        """What has the most relationships, of a *part* of the graph by labels and kinds."""
        _see_limit(limit, PICTURED_MAX)
        most = checked_query({"op": "degree", "limit": limit, "as_of": as_of, **part})
        found = await self.query(agent_id, most, timeout_s)
        ids = tuple(one["id"] for one in found.result["scores"])
        graph, complete = Graph(found.version), found.result["complete"]
        if ids:
            named = {"op": "subgraph", "ids": ids, "as_of": found.version, **part}
            graph = _graph(await self.query(agent_id, checked_query(named), timeout_s))
        return Pictured(graph=graph, complete=complete)

    async def around(
        self, agent_id: str, start: str, *, as_of: int | str | None, limit: int, depth: int
    ) -> Graph:
        """The heaviest relationships of *start*, then of what they lead to, and so on."""
        _see_limit(limit, PICTURED_MAX)
        view, _ = await self.view(agent_id, as_of)
        async with self._log.database.acquire() as conn:
            if await rows.entity(conn, view, start) is None:
                raise absent(start, view.version)
            graph = await rows.surroundings(conn, view, [start], limit)
            unfolded = {start}
            for _ in range(depth - 1):
                left = sorted(graph.entities.keys() - unfolded)
                while left and (room := UNFOLDED_MAX - len(graph.entities)) > 0:
                    count = max(1, room // limit)  # Not many more can come of so many.
                    some, left = left[:count], left[count:]
                    graph.add(await rows.surroundings(conn, view, some, limit))
                    unfolded.update(some)
        return graph

    async def _short(
        self, agent_id: str, query: Neighbours | ShortestPath | PathExists
    ) -> Answered | None:
        """What rows say; None where they do not know."""
        if isinstance(query, ShortestPath) and query.weighted:
            return None
        view, _ = await self.view(agent_id, query.as_of)
        async with self._log.database.acquire() as conn:
            result = await _from_rows(conn, view, query)
        return None if result is None else Answered(result=result, version=view.version)

    async def _long(self, place: Place, query: Query, timeout_s: float) -> Answered:
        said = _said(query)
        question = packed(said)
        kept = self._results.get((place.stream, place.version, place.erased, question))
        if kept is not None:
            return Answered(result=unpacked(kept), version=place.version)
        answered = await self._workers.ask(place, query, said, timeout_s=timeout_s)
        self._results.put((place.stream, answered.version, place.erased, question), answered.body)
        return Answered(result=unpacked(answered.body), version=answered.version)

    async def _version(self, agent_id: str, as_of: int | str | None) -> int | None:
        stream_owner = checked_agent_id(agent_id)
        if as_of is None:
            return None
        place = await coordinate_of(self._log, GRAPH, stream_owner, as_of, datetime.now(UTC))
        return place.version


async def _from_rows(
    conn: Conn, view: View, query: Neighbours | ShortestPath | PathExists
) -> Any | None:
    if isinstance(query, Neighbours):
        return await rows.neighbours(conn, view, query)
    return await rows.short_path(conn, view, query)


def _said(query: Query) -> dict[str, Any]:
    """*query* in JSON's words, alike for all that ask the same."""
    said = query.model_dump(by_alias=True, exclude={"as_of"})
    return {
        name: sorted(set(value)) if isinstance(value, tuple) else value
        for name, value in said.items()
    }


def _graph(subgraph: Answered) -> Graph:
    entities = subgraph.result["entities"]
    relationships = subgraph.result["relationships"]
    return Graph.of(
        subgraph.version,
        ((one["id"], one["label"], one["properties"]) for one in entities),
        ((one["from"], one["to"], one["kind"], one["weight"]) for one in relationships),
    )


def _relationship(id_: str, said: dict[str, Any]) -> Relationship:
    source, target = (id_, said["id"]) if said["direction"] == "out" else (said["id"], id_)
    return Relationship(source, target, said["kind"], said["weight"])


def _see_limit(limit: int, most: int) -> None:
    if not 1 <= limit <= most:
        raise Invalid("limit", f"{limit} is not from 1 to {most}")
