"""Opens an agent's graph for a command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from eventlog.log import EventLog
from schema.ids import checked_agent_id, graph_stream
from service.cli.sessions import caught_up
from service.config import Settings
from service.graph.graphs import Graphs
from service.memories import open_memories


@asynccontextmanager
async def opened_graphs(
    settings: Settings, agent_id: str
) -> AsyncIterator[tuple[EventLog, Graphs]]:
    """The log and the graphs, level: who looks sees all that the log holds."""
    stream = graph_stream(checked_agent_id(agent_id))
    async with open_memories(settings) as opened:
        if not (await opened.graphs.level.heads(stream)).level:
            # With a bar, where the first question would wait.
            await caught_up(opened.log, "graph")
        yield opened.log, opened.graphs
