"""What tests of graphs need: a process's worth of them over one database."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from eventlog.bell import BellSettings
from eventlog.database import Database
from eventlog.log import EventLog, open_log
from eventlog.members import StreamAppend
from schema import json_text
from schema.envelope import AT_HEAD, Metadata
from schema.events import Event, EventsErased
from schema.ids import graph_stream, partition_of, uuid7
from schema.messages.checked import checked
from schema.messages.graph import PutEntity, PutRelationship, checked_query
from service.graph.graphs import Graphs
from service.graph.mind import Answered
from service.graph.opening import CACHE_BYTES, open_graphs
from service.graph.picture import Graph
from service.mind.lanes import Lanes
from service.mind.writing import Author, Written
from service.projecting import graph_runner
from tests.memory_erasing import ERASE

ANA: Final = Author(actor="test")
APPENDED_MAX: Final = 1000


def entity(id_: str, label: str = "thing", **properties: Any) -> PutEntity:
    """What is sent to put an entity."""
    return checked(PutEntity, {"id": id_, "label": label, "properties": properties})


def relationship(
    source: str, target: str, kind: str = "knows", weight: float = 1.0
) -> PutRelationship:
    """What is sent to put a relationship."""
    said = {"from": source, "to": target, "kind": kind, "weight": weight}
    return checked(PutRelationship, said)


def pairs(*said: str, kind: str = "knows") -> list[PutEntity | PutRelationship]:
    """The letters of *said*, such as `ab`, and that the first of each relates to the second."""
    letters = [entity(id_, "letter") for id_ in sorted({*"".join(said)})]
    return [*letters, *(relationship(pair[0], pair[1], kind) for pair in said)]


@dataclass(frozen=True)
class Process:
    """What one process has of graphs."""

    log: EventLog
    graphs: Graphs

    async def put(self, agent_id: str, *said: PutEntity | PutRelationship) -> Written:
        return await self.graphs.put_all(agent_id, said, ANA)

    async def ask(self, agent_id: str, op: str, **said: Any) -> Any:
        """The result alone."""
        return (await self.answered(agent_id, op, **said)).result

    async def answered(self, agent_id: str, op: str, **said: Any) -> Answered:
        query = checked_query({"op": op, **said})
        return await self.graphs.query(agent_id, query)

    async def append(self, agent_id: str, facts: Iterable[Event]) -> None:
        """Append *facts* as they are, whatever the graph holds."""
        left = list(facts)
        while left:
            some, left = left[:APPENDED_MAX], left[APPENDED_MAX:]
            append = StreamAppend(graph_stream(agent_id), AT_HEAD, some)
            await self.log.append(agent_id, append, metadata=Metadata())

    async def facts(self, agent_id: str) -> list[Event]:
        """All events of the agent's graph."""
        blocks = self.log.read_stream(graph_stream(agent_id))
        return [fact.event async for block in blocks for fact in block]

    async def folded(self, agent_id: str) -> Graph:
        """The agent's graph, by the log alone."""
        graph = Graph()
        async for block in self.log.read_stream(graph_stream(agent_id)):
            for fact in block:
                graph.evolve(fact)
        return graph


@asynccontextmanager
async def process(
    database: Database, *, cache_bytes: int = CACHE_BYTES, timeout_s: float = 30.0
) -> AsyncIterator[Process]:
    """A process of its own over *database*: log, lanes, runner and workers shared with nobody."""
    async with (
        open_log(database, BellSettings(poll_s=0.05)) as log,
        open_graphs(
            log,
            lanes=Lanes(),
            load_runner=lambda: graph_runner(log),
            cache_bytes=cache_bytes,
            timeout_s=timeout_s,
        ) as graphs,
    ):
        yield Process(log, graphs)


async def erase(database: Database, agent_id: str, *versions: int) -> None:
    """Erase those events of the agent's graph, as the owner of the log does."""
    owner = await database.connect_as_owner()
    partitions = await owner.fetchval("select count(*) from eventlog.partitions")
    fact = EventsErased(versions=versions, reason="asked for")
    said = (json_text.encode(Metadata()), json_text.encode(fact), b"0" * 16)
    place = (partition_of(agent_id, partitions), agent_id, graph_stream(agent_id))
    await owner.execute(ERASE, *place, list(versions), uuid7(), fact.schema_version, *said)
    await owner.close()
