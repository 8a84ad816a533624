"""A turn at a session, by the clock of the process that has it."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

from schema.errors import LeaseLost

NowFn = Callable[[], float]


def own_clock_s() -> float:
    """Seconds that only ever grow, also while this machine sleeps, where it can tell."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Lease:
    """A turn of this process at a session; made by `Leases`."""

    def __init__(
        self, session_id: UUID, agent_id: str, epoch: int, *, margin_s: float, now_s: NowFn
    ) -> None:
        self.session_id = session_id
        self.agent_id = agent_id
        self.epoch = epoch
        self.lost = asyncio.Event()
        """Set once it's known that another process may have the session."""
        self._margin_s = margin_s
        self._now_s = now_s
        self._until_s = 0.0
        self._stopping = False

    def left_s(self) -> float:
        """How long the session is surely ours, by our own clock."""
        return 0.0 if self.lost.is_set() else max(0.0, self._until_s - self._now_s())

    def check(self) -> None:
        """Raise `LeaseLost` where nothing may be begun any more: the lease is about to run out."""
        left_s = self.left_s()
        if left_s < self._margin_s:
            raise LeaseLost(f"session {self.session_id}: its lease has {left_s:.1f} s left")

    def stop(self) -> None:
        """Let the session come to the end of its present move, and no further."""
        self._stopping = True

    def go_on(self) -> None:
        """Raise `LeaseLost` where no further move may be begun: see `check` and `stop`."""
        if self._stopping:
            raise LeaseLost(f"session {self.session_id} is handed back: this process stops")
        self.check()

    def renewed(self, until_s: float) -> None:
        """It is ours until then, by our own clock."""
        self._until_s = until_s
