"""Changes an agent's graph: looks at what a change rests on, and appends it, or says why not."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from schema.errors import AlreadyThere, Invalid, NotFound
from schema.events import Event
from schema.events.graph import EntityRemoved, RelationshipPut, RelationshipRemoved
from schema.ids import checked_agent_id
from schema.messages.graph import PutEntity, PutRelationship
from service.graph.grounds import Ground, Grounds
from service.graph.picture import Graph
from service.graph.puts import PUTS_MAX, Put, holds, news_of, puts_of, see_ends
from service.mind.writing import Author, Decided, Writer, Written

__all__ = ["PUTS_MAX", "Editor", "How"]


class How(StrEnum):
    """What may be there before something is put."""

    EITHER = "either"
    ADD = "add"
    """`AlreadyThere` where it is there already."""
    UPDATE = "update"
    """`NotFound` where it is not."""


class Editor:
    """Changes the graphs of all agents."""

    def __init__(self, writer: Writer, grounds: Grounds) -> None:
        self._writer = writer
        self._grounds = grounds

    async def put_entity(self, agent_id: str, said: PutEntity, author: Author, how: How) -> Written:
        """There is this entity from here on, or it is changed."""

        def see(graph: Graph) -> None:
            _see_how(how, f"the entity {said.id!r}", is_there=said.id in graph.entities)

        return await self._change(agent_id, said.as_event(), author, see)

    async def remove_entity(self, agent_id: str, id_: str, author: Author, reason: str) -> Written:
        """The entity and its relationships are gone; `NotFound` where it is not there."""
        fact = EntityRemoved(id=id_, reason=reason)

        def see(graph: Graph) -> None:
            graph.entity(id_)

        return await self._change(agent_id, fact, author, see)

    async def put_relationship(
        self, agent_id: str, said: PutRelationship, author: Author, how: How
    ) -> Written:
        """One entity relates to another; `NotFound` names the one that is not there."""
        fact = said.as_event()

        def see(graph: Graph) -> None:
            see_ends(graph, fact)
            kinds = graph.out[fact.source].get(fact.target, {})
            what = f"{fact.source!r} {fact.kind} {fact.target!r}"
            _see_how(how, what, is_there=fact.kind in kinds)

        return await self._change(agent_id, fact, author, see)

    async def remove_relationship(
        self, agent_id: str, fact: RelationshipRemoved, author: Author
    ) -> Written:
        """One relates to another no more; `NotFound` where it did not."""

        def see(graph: Graph) -> None:
            if fact.kind not in graph.out.get(fact.source, {}).get(fact.target, {}):
                what = f"{fact.source!r} {fact.kind} {fact.target!r}"
                raise NotFound(f"{what}: there is no such relationship")

        return await self._change(agent_id, fact, author, see)

    async def put_all(self, agent_id: str, puts: Sequence[Put], author: Author) -> Written:
        """All of *puts* that are not there alike, in one append, entities first."""
        if not 1 <= len(puts) <= PUTS_MAX:
            raise Invalid("puts", f"are {len(puts)}: give 1 to {PUTS_MAX} at once")
        ordered = sorted(enumerate(puts), key=lambda put: isinstance(put[1], RelationshipPut))
        in_order = [put for _, put in ordered]

        def decide(ground: Ground) -> Decided:
            ground.see_room(puts)
            # An id stands for an event: whoever gives one finds it again.
            news = news_of(ground.graph, ordered, keeps_last=author.id is not None)
            return Decided(tuple(news), ground.version)

        return await self._decided(agent_id, in_order, author, decide)

    async def _change(
        self, agent_id: str, fact: Event, author: Author, see: Callable[[Graph], None]
    ) -> Written:
        """Append *fact*, once *see* has found nothing against it in what there is."""

        def decide(ground: Ground) -> Decided:
            see(ground.graph)
            ground.see_room([fact])
            return Decided((fact,), ground.version)

        return await self._decided(agent_id, [fact], author, decide)

    async def _decided(
        self,
        agent_id: str,
        facts: Sequence[Event],
        author: Author,
        decide: Callable[[Ground], Decided],
    ) -> Written:
        """What came of *facts*, the last of which stands under the author's id, if they gave one.

        Appended once: whoever asks again, be it at the same time, is told of that.
        """
        if repeated := await self._repeated(agent_id, facts, author):
            return repeated

        async def decide_now(ground: Ground) -> Decided:
            if repeated := await self._repeated(agent_id, facts, author):
                return Decided((), repeated.version)
            return decide(ground)

        return await self._writer.decide(
            agent_id, lambda: self._grounds.beneath(agent_id, facts), decide_now, author
        )

    async def _repeated(
        self, agent_id: str, facts: Sequence[Event], author: Author
    ) -> Written | None:
        """Where *facts* are in already; `Invalid` where their id stands for others.

        One alone has the id: the others were left out where they were there alike, so that what
        proves them is what the graph held right behind it.
        """
        *others, last = facts
        found = await self._writer.repeated(checked_agent_id(agent_id), last, author)
        if found is None or not others:
            return found
        then = await self._grounds.at(agent_id, facts, found.version)
        if then is not None and not holds(then, puts_of(facts)):
            raise Invalid("id", f"{author.id} names another change of graph: make a new one")
        return found


def _see_how(how: How, what: str, *, is_there: bool) -> None:
    if how is How.ADD and is_there:
        raise AlreadyThere(f"{what} is there already")
    if how is How.UPDATE and not is_there:
        raise NotFound(f"{what} is not there")
