"""Every agent's graph: what is put into it, asked of it and shown of it, agent by agent."""

from collections.abc import Callable, Collection, Sequence

from eventlog.log import EventLog
from schema.events.graph import RelationshipRemoved
from schema.messages.graph import PutEntity, PutRelationship, Query
from service.graph.answers import Answered, Changes, Known, Merged, Pictured, Seen, Whole
from service.graph.grounds import Grounds
from service.graph.merging import Merger
from service.graph.mind_of import AgentGraph
from service.graph.picture import Graph
from service.graph.reading import Reader
from service.graph.worker.workers import Workers
from service.graph.writing import Editor, How
from service.mind.level import Level
from service.mind.writing import Author, Written

__all__ = ["Graphs", "How"]


class Graphs:
    """The graphs of all agents, as this process has them; made by `open_graphs`."""

    def __init__(
        self,
        *,
        log: EventLog,
        level: Level,
        reader: Reader,
        grounds: Grounds,
        editor: Editor,
        workers: Workers,
        timeout_s: float,
    ) -> None:
        self._log = log
        self.level = level
        self._reader = reader
        self._grounds = grounds
        self._editor = editor
        self.workers = workers
        self._merger = Merger(reader, editor, workers.slow)
        self._timeout_s = timeout_s

    async def keep_up(self) -> None:
        """Keep rows level from now on, whether somebody reads them or not."""
        await self.level.runner()

    def mind(self, agent_id: str, as_of: int | None = None) -> AgentGraph:
        """The graph of *agent_id* for its sessions; as it was at a version, or as it is."""
        return AgentGraph(agent_id, self._log, self._reader, self._grounds, self._timeout_s, as_of)

    async def put_entity(
        self, agent_id: str, said: PutEntity, author: Author, *, how: How = How.EITHER
    ) -> Written:
        """There is this entity from here on, or it has this label and these properties.

        `AlreadyThere` or `NotFound`, where *how* says so.
        """
        return await self._editor.put_entity(agent_id, said, author, how)

    async def remove_entity(
        self, agent_id: str, id_: str, author: Author, *, reason: str = ""
    ) -> Written:
        """The entity is gone, with every relationship; `NotFound` where it is not there."""
        return await self._editor.remove_entity(agent_id, id_, author, reason)

    async def put_relationship(
        self, agent_id: str, said: PutRelationship, author: Author, *, how: How = How.EITHER
    ) -> Written:
        """One entity relates to another from here on; `NotFound` names an end that is not there.

        `AlreadyThere` or `NotFound`, where *how* says so.
        """
        return await self._editor.put_relationship(agent_id, said, author, how)

    async def remove_relationship(
        self,
        agent_id: str,
        source: str,
        target: str,
        kind: str,
        author: Author,
        *,
        reason: str = "",
    ) -> Written:
        """One relates to another no more in this kind; `NotFound` where it did not."""
        fact = RelationshipRemoved(source=source, target=target, kind=kind, reason=reason)
        return await self._editor.remove_relationship(agent_id, fact, author)

    async def put_all(
        self, agent_id: str, said: Sequence[PutEntity | PutRelationship], author: Author
    ) -> Written:
        """All of it in one append, entities first; what is there alike already is left out.

        At most `PUTS_MAX`. A relationship's ends may come along; where one does not, `NotFound`
        begins with `puts.N`, its place in *said*.
        """
        return await self._editor.put_all(agent_id, [one.as_event() for one in said], author)

    async def merge(
        self,
        agent_id: str,
        other_agent_id: str,
        author: Author,
        on_progress: Callable[[int, int], None],
        *,
        as_of: int | str | None = None,
    ) -> Merged:
        """Put into the graph what another agent's holds (at *as_of*), which wins where they differ.

        In several appends: cut short, it can be asked again. *on_progress* is told how many events
        are in, and how many there are to be.
        """
        return await self._merger.merge(agent_id, other_agent_id, author, on_progress, as_of=as_of)

    async def query(
        self, agent_id: str, query: Query, *, timeout_s: float | None = None
    ) -> Answered:
        """What the graph has to say, now or at the place that *query* names.

        `NotFound`, `Invalid`, `NegativeWeight`, `CycleFound` as `algorithms.answering.answer`;
        `Unavailable` where it takes longer than *timeout_s* (the setting, if left out), where too
        many ask, or where rows do not come as far as the log.
        """
        return await self._reader.query(agent_id, query, timeout_s or self._timeout_s)

    async def entity(self, agent_id: str, id_: str, *, as_of: int | str | None = None) -> Known:
        """An entity and its first relationships; `NotFound` where it is not there."""
        return await self._reader.entity(agent_id, id_, as_of)

    async def look(
        self,
        agent_id: str,
        *,
        limit: int,
        as_of: int | str | None = None,
        labels: Collection[str] = (),
        kinds: Collection[str] = (),
        after_entity: str = "",
        after_relationship: tuple[str, str, str] | None = None,
    ) -> Seen:
        """What the graph holds, at most *limit* of each, behind an id and a (from, to, kind)."""
        return await self._reader.look(
            agent_id,
            as_of=as_of,
            limit=limit,
            labels=labels,
            kinds=kinds,
            after_entity=after_entity,
            after_relationship=after_relationship,
        )

    async def whole(self, agent_id: str, *, as_of: int | str | None = None) -> Whole:
        """All that the graph holds."""
        return await self._reader.whole(agent_id, as_of)

    async def diff(
        self, agent_id: str, since: int | str, until: int | str | None, limit: int
    ) -> Changes:
        """What has changed from one place to another, or to now: the first *limit* changes."""
        return await self._reader.diff(agent_id, since, until, limit)

    async def picture(
        self,
        agent_id: str,
        *,
        limit: int,
        as_of: int | str | None = None,
        labels: Collection[str] = (),
        kinds: Collection[str] = (),
    ) -> Pictured:
        """What to draw: the *limit* entities with the most relationships, what is between them."""
        part = {"labels": tuple(labels), "kinds": tuple(kinds)}
        return await self._reader.picture(
            agent_id, as_of=as_of, limit=limit, part=part, timeout_s=self._timeout_s
        )

    async def around(
        self,
        agent_id: str,
        start: str,
        *,
        limit: int,
        depth: int = 1,
        as_of: int | str | None = None,
    ) -> Graph:
        """The *limit* heaviest relationships of *start*, then of what they lead to, and so on.

        *depth* times, or until there are some hundred entities. `NotFound` where *start* is not
        there.
        """
        return await self._reader.around(agent_id, start, as_of=as_of, limit=limit, depth=depth)
