"""Keeps read models level with the log, or brings them there for who is about to read them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from eventlog.block import BlockLimits
from eventlog.log import EventLog
from eventlog.progress import Status, catch_up
from eventlog.runner import Runner, RunnerSettings, running
from service.projections import PROJECTIONS


def projecting(log: EventLog) -> AbstractAsyncContextManager[dict[str, Runner]]:
    """Every projection's runner, by its name, while the block runs; the fault of one ends it."""
    return running(tuple(PROJECTIONS.values()), log.database, log.bell, RunnerSettings())


async def catch_up_all(log: EventLog, on_progress: Callable[[Status], None]) -> None:
    """Bring every read model to where the log stands now, telling how far each is on the way."""
    await catch_up(log.database, tuple(PROJECTIONS.values()), on_progress, limits=BlockLimits())
