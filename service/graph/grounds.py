"""What a change of a graph rests on: a part of it, as it is at the log's head."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from typing import Final, TypeAlias

from msgspec import Struct

from eventlog.database import Conn
from eventlog.log import EventLog
from eventlog.statements import statement
from schema.errors import Refused
from schema.events import Event
from schema.events.graph import EntityPut
from schema.ids import graph_stream
from service.graph import rows
from service.graph.limits import ENTITIES_MAX, RELATIONSHIPS_MAX
from service.graph.picture import Graph
from service.graph.puts import PUTS_MAX, is_there, named_by, puts_of
from service.graph.rows import Sizes, View
from service.graph.standing import Standings

RELATED: Final = statement(__package__, "related")

PAIR: Final = 2

LookFn: TypeAlias = Callable[[Conn, View], Awaitable[Graph]]


class Ground(Struct, frozen=True, kw_only=True):
    """What of a graph a change rests on, at the log's head."""

    graph: Graph
    """The entities that it names, and what is between them."""
    sizes: Sizes | None
    """Of the whole; None while that cannot be too large."""

    @property
    def version(self) -> int:
        """Of the stream."""
        return self.graph.version

    @property
    def touched(self) -> int:
        """Any change may have been one of what was looked at."""
        return self.graph.version

    def see_room(self, news: Iterable[Event]) -> None:
        """`Refused` where the graph would hold too much by what of *news* is not in it yet."""
        if self.sizes is None:
            return
        added = [put for put in puts_of(news) if not is_there(self.graph, put)]
        entities = sum(isinstance(put, EntityPut) for put in added)
        relationships = len(added) - entities
        if (entities and entities + self.sizes.entities > ENTITIES_MAX) or (
            relationships and relationships + self.sizes.relationships > RELATIONSHIPS_MAX
        ):
            raise Refused(
                f"the graph is full: it holds at most {ENTITIES_MAX} entities and "
                f"{RELATIONSHIPS_MAX} relationships; remove some"
            )


class Grounds:
    """Looks at parts of graphs, as they are at the log's head."""

    def __init__(self, log: EventLog, standings: Standings) -> None:
        self._log = log
        self._standings = standings

    async def near(self, agent_id: str, ids: Iterable[str]) -> Ground:
        """The entities of *ids* and what is between them; others may be in it, too."""
        return await self._ground(agent_id, lambda conn, view: rows.near(conn, view, ids))

    async def beneath(self, agent_id: str, facts: Sequence[Event]) -> Ground:
        """What there is of what *facts* name: entities, and relationships with the same ends."""
        return await self._ground(agent_id, lambda conn, view: _beneath(conn, view, facts))

    async def at(self, agent_id: str, facts: Sequence[Event], version: int) -> Graph | None:
        """What there was of what *facts* name at *version*; None where some was erased since."""
        stream = graph_stream(agent_id)
        standing = await self._standings.level(stream)
        if standing.erased > version:
            return None
        view = View(self._log.partition_of(stream), stream, version)
        async with self._log.database.acquire() as conn:
            return await _beneath(conn, view, facts)

    async def see_room(self, agent_id: str, news: Sequence[Event], version: int) -> None:
        """`Refused` where the graph, as of *version*, would become too large by *news*."""
        if not _is_small(version):
            (await self.beneath(agent_id, news)).see_room(news)

    async def _ground(self, agent_id: str, look: LookFn) -> Ground:
        stream = graph_stream(agent_id)
        while True:
            standing = await self._standings.of(stream)
            small = _is_small(standing.logged)
            if not small:
                standing = await self._standings.level(stream)
            view = View(self._log.partition_of(stream), stream, standing.projected)
            async with self._log.database.acquire() as conn:
                graph = await look(conn, view)
                sizes = None if small else await rows.sizes(conn, view)
            await self._follow(stream, graph)
            if not graph.erased:  # Else the rows may have told of what is gone: they come first.
                return Ground(graph=graph, sizes=sizes)

    async def _follow(self, stream: str, graph: Graph) -> None:
        async with aclosing(self._log.read_stream(stream, after=graph.version)) as blocks:
            async for block in blocks:
                for recorded in block:
                    graph.evolve(recorded)


async def _beneath(conn: Conn, view: View, facts: Sequence[Event]) -> Graph:
    named = [ids for fact in facts if all(map(rows.may_be_there, ids := named_by(fact)))]
    # In order, so that those who look for the same do it alike.
    wanted = sorted({id_ for ids in named for id_ in ids})
    pairs = sorted({ids for ids in named if len(ids) == PAIR})
    sources, targets = [ids[0] for ids in pairs], [ids[-1] for ids in pairs]
    entities = await conn.fetch(rows.ENTITIES_OF, *view.key, wanted)
    related = await conn.fetch(RELATED, *view.key, sources, targets)
    return rows.graph_of(view, entities, related)


def _is_small(version: int) -> bool:
    """Whether a graph of that version has room for any append: it holds less than had happened."""
    return version + PUTS_MAX <= ENTITIES_MAX
