"""A database with graphs in it: one that fits a chart, and one on which ways are long."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from random import Random
from typing import Final

from eventlog.bell import BellSettings
from eventlog.block import BlockLimits
from eventlog.database import Conn, Database
from eventlog.log import EventLog, open_log
from eventlog.members import StreamAppend
from eventlog.progress import catch_up
from eventlog.statements import statement
from schema.envelope import AT_HEAD, Metadata
from schema.events.graph import EntityPut, RelationshipPut
from schema.ids import graph_stream
from service.graph.graphs import Graphs
from service.graph.opening import open_graphs
from service.graph.rows import View
from service.mind.lanes import Lanes
from service.projecting import graph_runner
from service.projections import PROJECTIONS

SOME: Final = "some"
MANY: Final = "many"
SIZES: Final = {SOME: (20_000, 100_000), MANY: (100_000, 200_000)}
"""Entities and relationships of each agent's graph."""
KINDS: Final = ("knows", "likes", "owns", "near", "part of")
APPEND_EVENTS: Final = 1000
METADATA: Final = Metadata(actor="bench")
HEAD: Final = statement("service.bench", "graph_head")


async def fill(database: Database) -> None:
    """Make the ground that the benches of graphs stand on."""
    async with open_log(database, BellSettings()) as log:
        for seed, (agent_id, (entities, relationships)) in enumerate(SIZES.items()):
            await write(log, agent_id, events_of(entities, relationships, seed))
        await project(log)
    owner = await database.connect_as_owner(settings={"statement_timeout": "0"})
    try:
        await owner.execute("vacuum analyze")
    finally:
        await owner.close()


def events_of(
    entities: int, relationships: int, seed: int
) -> Iterator[EntityPut | RelationshipPut]:
    """So many entities, half of them with a property, and relationships at random."""
    for number in range(entities):
        said = {"name": f"Person {number}"} if number % 2 else {}
        yield EntityPut(id=id_of(number), label="person", properties=said)
    chance = Random(seed)  # noqa: S311 - draws a graph, the same each time.
    for number in range(relationships):
        yield RelationshipPut(
            source=id_of(chance.randrange(entities)),
            target=id_of(chance.randrange(entities)),
            kind=KINDS[number % len(KINDS)],
            weight=round(chance.uniform(0.1, 10), 3),
        )


def id_of(number: int) -> str:
    """What the entity of that number is called."""
    return f"person-{number:06}"


async def write(
    log: EventLog, agent_id: str, events: Iterator[EntityPut | RelationshipPut]
) -> None:
    """Append *events* to the agent's graph."""
    stream = graph_stream(agent_id)
    while facts := list(islice(events, APPEND_EVENTS)):
        await log.append(agent_id, StreamAppend(stream, AT_HEAD, facts), metadata=METADATA)


async def project(log: EventLog) -> None:
    """Bring the rows of all graphs level."""
    await catch_up(log.database, [PROJECTIONS["graph"]], lambda _status: None, limits=BlockLimits())


async def view_of(conn: Conn, agent_id: str) -> View:
    """The agent's graph, as its rows have it now."""
    stream = graph_stream(agent_id)
    return View(0, stream, await conn.fetchval(HEAD, stream))


@asynccontextmanager
async def opened(database: Database) -> AsyncIterator[Graphs]:
    """The graphs in *database*, workers included."""
    async with (
        open_log(database, BellSettings()) as log,
        open_graphs(log, lanes=Lanes(), load_runner=lambda: graph_runner(log)) as graphs,
    ):
        yield graphs
