"""Keeps read models level with the log, or brings them there for who is about to read them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

from eventlog.block import BlockLimits
from eventlog.log import EventLog
from eventlog.progress import Status, catch_up
from eventlog.runner import Runner, RunnerSettings, running
from service.projections import PROJECTIONS

MIND: Final = frozenset({"memory", "graph"})
"""What whoever opens minds keeps level, from the day that somebody reads their rows."""


def projecting(log: EventLog) -> AbstractAsyncContextManager[dict[str, Runner]]:
    """Every projection's runner but a mind's, which a runtime has; the fault of one ends it."""
    others = [projection for name, projection in PROJECTIONS.items() if name not in MIND]
    return running(others, log.database, log.bell, RunnerSettings())


def mind_runner(log: EventLog, name: str) -> Runner:
    """The runner of memory's projection, or of the graph's, for whoever has it run."""
    return Runner(PROJECTIONS[name], log.database, log.bell, RunnerSettings())


def memory_runner(log: EventLog) -> Runner:
    """The runner of memory's projection."""
    return mind_runner(log, "memory")


def graph_runner(log: EventLog) -> Runner:
    """The runner of the graph's projection."""
    return mind_runner(log, "graph")


async def catch_up_all(log: EventLog, on_progress: Callable[[Status], None]) -> None:
    """Bring every read model to where the log stands now, telling how far each is on the way."""
    await catch_up(log.database, tuple(PROJECTIONS.values()), on_progress, limits=BlockLimits())
