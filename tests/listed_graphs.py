"""Graphs of agents without a database: a stream in a list, folded anew for every question."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches

from eventlog.members import StreamAppend
from schema.errors import WrongExpectedVersion
from schema.events import EntityPut, Event, GraphPolicy, GraphRecalled, RelationshipPut
from schema.messages.graph import Query
from service.graph.algorithms.answering import answer
from service.graph.around import around
from service.graph.mind import Answered, GraphMind
from service.graph.picture import Graph


@dataclass
class ListedGraphs:
    """The graph of ada, and what others append to it before our next change of it."""

    facts: list[Event] = field(default_factory=list)
    interruptions: list[Sequence[Event]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Each task that a recall was made for."""

    def mind(self, agent_id: str, as_of: int | None = None) -> GraphMind:
        assert agent_id == "ada"
        assert as_of is None or as_of >= 0
        return ListedGraph(self)

    def knows(self, *facts: str) -> None:
        """Relationships of before, each as `from kind to`; their ends are things."""
        for fact in facts:
            source, kind, target = fact.split()
            there = self.graph().entities
            ends = dict.fromkeys((source, target))
            self.facts += [EntityPut(id=end, label="thing") for end in ends if end not in there]
            self.facts.append(RelationshipPut(source=source, target=target, kind=kind))

    def graph(self) -> Graph:
        graph = Graph()
        for version, fact in enumerate(self.facts, start=1):
            graph.fold(version, fact)
        return graph

    def check(self, append: StreamAppend) -> None:
        """Let others be faster, then refuse what rests on a version that is past."""
        if self.interruptions:
            self.facts.extend(self.interruptions.pop(0))
        if append.expected != len(self.facts):
            raise WrongExpectedVersion(append.stream, append.expected, len(self.facts))

    def take(self, append: StreamAppend) -> None:
        self.facts.extend(append.events)

    def lines(self) -> list[str]:
        """Every relationship, as `knows` takes it."""
        found = sorted(self.graph().all_relationships())
        return [f"{one.source} {one.kind} {one.target}" for one in found]


@dataclass(frozen=True)
class ListedGraph:
    """One call's view; it always gives all of the graph, of which callers must expect no less."""

    graphs: ListedGraphs

    async def near(self, ids: Collection[str]) -> Graph:  # noqa: ARG002
        return self.graphs.graph()

    async def surroundings(
        self,
        ids: Collection[str],  # noqa: ARG002
        limit: int,  # noqa: ARG002
        *,
        kinds: Sequence[str] = (),  # noqa: ARG002
    ) -> Graph:
        return self.graphs.graph()

    async def ask(self, query: Query) -> Answered:
        graph = self.graphs.graph()
        return Answered(result=answer(graph, query), version=graph.version)

    async def see_room(self, news: Sequence[Event], version: int) -> None:
        assert version == len(self.graphs.facts)
        assert news

    async def nearest(self, name: str) -> list[str]:
        return get_close_matches(name, self.graphs.graph().entities, n=3)

    async def recall(self, task: str, policy: GraphPolicy, at: datetime) -> GraphRecalled:
        """By words of the task that are ids."""
        self.graphs.asked.append(task)
        graph = self.graphs.graph()
        words = [word.strip("?.,!") for word in task.split()]
        named = [word for word in dict.fromkeys(words) if word in graph.entities]
        entities, relationships = around(
            graph, named[: policy.max_entities], policy.max_relationships
        )
        return GraphRecalled(
            version=graph.version,
            at=at,
            policy=policy,
            entities=entities,
            relationships=relationships,
        )
