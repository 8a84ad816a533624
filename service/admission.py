"""Who gets in: a request is deduplicated, then admitted, for as long as what it began is driven.

Behind this stands the log, which knows a repeated request for ever, in every process; this spares
it the asking, and lets those who come while the first is under way have the first one's outcome.
"""

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Final
from uuid import UUID

import structlog

from schema.errors import Shed
from service.metrics import Metrics
from service.orchestrator.backpressure import Backpressure, Pressure
from service.orchestrator.deduplicator import Bounds, Deduplicator

WHAT: Final = "sessions"
SOFT_SHARE: Final = 0.9
"""Of the room, from where on it warns if no setting says so."""
REMEMBERED_S: Final = 600.0
UUID_BYTES: Final = 16
WAIT_S: Final = 30.0
"""How long a repeated request waits for the first one."""

log = structlog.get_logger()


class Admission:
    """The room for sessions in this process."""

    def __init__(self, metrics: Metrics, *, sessions_max: int, soft_limit: int | None) -> None:
        """`Invalid` where *soft_limit* is not below *sessions_max*."""
        self._metrics = metrics
        self._room = Backpressure(
            capacity=sessions_max,
            soft_limit=soft_limit or _soft(sessions_max),
            what=WHAT,
            on_pressure=_warn,
        )
        self._asked: Deduplicator[UUID] = Deduplicator(
            Bounds(ttl_s=REMEMBERED_S), size_of=lambda _: UUID_BYTES
        )

    @property
    def free(self) -> int:
        """How many more fit."""
        return self._room.capacity - self._room.depth

    def place(self) -> ExitStack:
        """A place, until it's closed; `Shed`, which is counted, where there is none."""
        place = ExitStack()
        try:
            place.enter_context(self._room.admit())
        except Shed:
            self._metrics.backpressure_shed_count.inc()
            raise
        return place

    async def once(self, session_id: UUID | None, begin: Callable[[], Awaitable[UUID]]) -> UUID:
        """What *begin* gives; who comes with the same id meanwhile, or soon, gets it too."""
        if session_id is None:
            return await begin()
        return await self._asked.call(str(session_id), begin, timeout_s=WAIT_S)


def _soft(sessions_max: int) -> int | None:
    soft = int(sessions_max * SOFT_SHARE)
    return soft if 1 <= soft < sessions_max else None


def _warn(pressure: Pressure) -> None:
    log.warning(
        "sessions.pressure",
        depth=pressure.depth,
        soft_limit=pressure.soft_limit,
        capacity=pressure.capacity,
    )
