"""Many sessions at once in one process, with a slow model: what they hold, and how fair it is."""

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final
from uuid import UUID

from eventlog.database import Database
from schema.messages.sessions import SessionLimits, StartSession
from service.agent.session import SessionState, Status
from service.bench.bench import Bench, Budget, Contest, Sample
from service.bench.facts import EVENT_BYTES
from service.bench.scripted import AGENT, ScriptedSessions, scripted_sessions
from service.effects import Watcher
from service.lease import Lease
from service.leases import Leases
from service.metrics import Metrics
from service.runtime import Runtime
from service.supervisor import open_supervisor

CALLS: Final = 10
"""Of each session."""
DELAY_S: Final = 0.2
"""How long the model thinks each time."""
WARM_ROUNDS: Final = 2
"""Before anything counts: by then every buffer and cache has the size that it keeps."""
STOP_TIMEOUT_S: Final = 10.0
MIB: Final = 1 << 20


def crowd_bench(sessions: int, *budgets: Budget) -> Bench:
    """As many sessions at once as stated, each begun by the supervisor, all with the same to do.

    The value is how much longer the slowest session took than the median one.
    """

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with scripted_sessions(database, projections=True) as scripted:
            crowd = _Crowd(scripted, sessions)
            for _ in range(WARM_ROUNDS):
                await crowd.measure(0)
            yield Contest(crowd.measure)

    params = {
        "sessions": sessions,
        "calls": CALLS,
        "model_delay_ms": round(DELAY_S * 1000),
        "observation_bytes": EVENT_BYTES,
    }
    return Bench(
        name=f"sessions_{sessions}",
        params=params,
        unit="× the median session",
        prepare=prepare,
        budgets=budgets,
    )


@dataclass
class _Timed:
    """The runtime as a supervisor needs it; takes the time from each start to its rest."""

    runtime: Runtime
    wanted: int
    began_s: dict[UUID, float] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)
    all_rest: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def leases(self) -> Leases:
        return self.runtime.leases

    @property
    def metrics(self) -> Metrics:
        return self.runtime.metrics

    async def start_session(
        self, command: StartSession, *, actor: str, session_id: UUID | None = None
    ) -> Lease:
        began_s = perf_counter()
        lease = await self.runtime.start_session(command, actor=actor, session_id=session_id)
        self.began_s[lease.session_id] = began_s
        return lease

    async def run_session(self, lease: Lease, watcher: Watcher) -> SessionState:
        state = await self.runtime.run_session(lease, watcher)
        if state.status is not Status.COMPLETED:
            raise AssertionError(f"a bench's session ended otherwise: {state.detail}")
        self.took_s.append(perf_counter() - self.began_s[lease.session_id])
        if len(self.took_s) == self.wanted:
            self.all_rest.set()
        return state

    def __getattr__(self, name: str) -> Any:
        return getattr(self.runtime, name)


class _Crowd:
    def __init__(self, scripted: ScriptedSessions, count: int) -> None:
        self._scripted = scripted
        self._count = count
        self._before_bytes = resident_bytes()

    async def measure(self, _round_s: float) -> Sample:
        timed = _Timed(self._scripted.runtime, self._count)
        began_s = perf_counter()
        async with open_supervisor(
            timed, sessions_max=self._count, stop_timeout_s=STOP_TIMEOUT_S
        ) as supervisor:
            for _ in range(self._count):
                await supervisor.start(self._command(), actor="bench")
            await timed.all_rest.wait()
            held_bytes = resident_bytes()
        wall_s = perf_counter() - began_s
        gc.collect()
        before_bytes, self._before_bytes = self._before_bytes, resident_bytes()
        middle_s = median(timed.took_s)
        also = {
            "median_s": middle_s,
            "slowest_s": max(timed.took_s),
            "model_s": (CALLS + 1) * DELAY_S,
            "steps_per_s": self._count * (CALLS + 1) / wall_s,
            "resident_mib": held_bytes / MIB,
            "growth_mib": (self._before_bytes - before_bytes) / MIB,
        }
        return Sample(max(timed.took_s) / middle_s, also=also)

    def _command(self) -> StartSession:
        return StartSession(
            agent=AGENT,
            prompt="Find it.",
            model=f"scripted:{self._script()}",
            tools=("look",),
            limits=SessionLimits(max_iterations=CALLS + 1),
            memory=None,
        )

    def _script(self) -> Path:
        return self._scripted.script(CALLS, delay_s=DELAY_S)


def resident_bytes() -> int:
    """How much memory this process holds; the most that it ever held, where no more is told."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource  # noqa: PLC0415 - there is none on every system.

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
