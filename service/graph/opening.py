"""Opens the graphs of all agents: their rows kept level, and workers beside them when asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from eventlog.lifetimes import beside
from eventlog.log import EventLog
from schema.envelope import RecordedEvent
from service.graph.coordinates import GRAPH
from service.graph.graphs import Graphs
from service.graph.grounds import Grounds
from service.graph.reading import Reader
from service.graph.results import Results
from service.graph.standing import Standings
from service.graph.worker.workers import open_workers
from service.graph.writing import Editor
from service.mind.lanes import Lanes
from service.mind.level import Level
from service.mind.on_demand import LoadRunnerFn, RunnerOnDemand
from service.mind.writing import Writer

CACHE_BYTES: Final = 512 << 20
TIMEOUT_S: Final = 30.0


@asynccontextmanager
async def open_graphs(
    log: EventLog,
    *,
    lanes: Lanes,
    load_runner: LoadRunnerFn,
    cache_bytes: int = CACHE_BYTES,
    timeout_s: float = TIMEOUT_S,
) -> AsyncIterator[Graphs]:
    """The graphs of all agents in *log*, changed in *lanes*.

    Their rows are kept level from the first time that somebody reads them, by the runner of the
    projection `graph`, which *load_runner* makes; a fault there ends the block. Each of two
    workers may hold graphs of *cache_bytes*, and a question may take *timeout_s*.
    """
    rows = RunnerOnDemand(load_runner)
    level = Level(log, GRAPH.name, rows.runner)
    standings = Standings(log, level)
    grounds = Grounds(log, standings)
    async with (
        open_workers(log.database.address, cache_bytes=cache_bytes) as workers,
        beside(rows.run()),
    ):
        yield Graphs(
            log=log,
            level=level,
            reader=Reader(log, level, standings, workers, Results()),
            grounds=grounds,
            editor=Editor(Writer(log, GRAPH, lanes, _unheard), grounds),
            workers=workers,
            timeout_s=timeout_s,
        )


def _unheard(_facts: list[RecordedEvent]) -> None:
    """Nothing that is kept of a graph here follows appends: workers read the log."""
