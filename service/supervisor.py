"""The sessions of a process that serves: those it was asked for, and those that others left behind.

A fault in one session must not cost the others theirs: it pauses that session, loudly, and is the
one thing here that is caught whatever it is. A fault of the supervisor itself ends the process.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import structlog
from structlog.contextvars import bind_contextvars

from eventlog.lifetimes import ungrouped
from eventlog.retrying import PASSING
from schema.errors import AgentRuntimeError, Fenced, LeaseLost, Shed, Unavailable
from schema.messages.sessions import StartSession
from service.admission import Admission
from service.agent.session import SessionState
from service.effects import Watcher
from service.lease import Lease
from service.leases import Leases
from service.metrics import Metrics
from service.voices import Voices

LOOKS: Final = 3
"""How often, in the time that a lease runs, we look for those that ran out."""
TAKEN_MAX: Final = 50
"""How many of them are taken at once."""
ACTOR: Final = "supervisor"
STOPPED: Final = "this process stops: ask another one"

Work = Callable[[Lease], Awaitable[None]]

log = structlog.get_logger()


class Sessions(Protocol):
    """What a supervisor needs of the runtime."""

    @property
    def leases(self) -> Leases:
        """Under which sessions are driven."""

    @property
    def metrics(self) -> Metrics:
        """Where what is shed is counted."""

    async def start_session(
        self, command: StartSession, *, actor: str, session_id: UUID | None = None
    ) -> Lease:
        """Record that a session was asked for; it's ours to drive."""

    async def resume_session(self, session_id: UUID, reason: str, /, *, actor: str) -> Lease:
        """Record that a session goes on that nobody drives; it's ours to drive."""

    async def take_over(self, lease: Lease) -> bool:
        """Record that the session goes on here, if there is anything to do in it."""

    async def run_session(self, lease: Lease, watcher: Watcher, /) -> SessionState:
        """Drive it to where it rests, and give back the lease; on a fault the lease stays ours."""

    async def pause_session(self, session_id: UUID, reason: str, /, *, actor: str) -> SessionState:
        """Record that it's to wait for somebody who lets it go on."""


@dataclass(frozen=True)
class _Driven:
    """A session that is driven here."""

    lease: Lease
    place: ExitStack


class Supervisor:
    """Drives sessions beside each other; made by `open_supervisor`."""

    def __init__(self, sessions: Sessions, admission: Admission, group: asyncio.TaskGroup) -> None:
        self._sessions = sessions
        self._admission = admission
        self._group = group
        self._driven: dict[asyncio.Task[None], _Driven] = {}
        self._stopping = False
        self._bell = asyncio.Event()
        self.voices = Voices()
        """Of the sessions that are driven here."""

    @property
    def free(self) -> int:
        """How many more sessions fit."""
        return self._admission.free

    async def start(
        self, command: StartSession, *, actor: str, session_id: UUID | None = None
    ) -> UUID:
        """Start a session and drive it from here on; `Shed` where there are too many.

        See `Runtime.start_session` for a *session_id* that the caller has chosen; who asks for the
        same one meanwhile, or soon, gets the first one's outcome.
        """

        async def begin() -> UUID:
            return await self._begin(
                lambda: self._sessions.start_session(command, actor=actor, session_id=session_id)
            )

        return await self._admission.once(session_id, begin)

    async def resume(self, session_id: UUID, reason: str, *, actor: str) -> UUID:
        """Go on with a session that nobody drives; `LeaseHeld` where somebody does."""
        return await self._begin(
            lambda: self._sessions.resume_session(session_id, reason, actor=actor)
        )

    def ring(self) -> None:
        """Look at once for sessions that wait to be driven."""
        self._bell.set()

    async def look(self) -> None:
        """Take what others left behind, again and again until cancelled."""
        pause_s = self._sessions.leases.lease_s / LOOKS
        while True:
            self._bell.clear()
            if limit := min(self.free, TAKEN_MAX):
                await self._take(limit)
            try:
                async with asyncio.timeout(pause_s):
                    await self._bell.wait()
            except TimeoutError:
                continue

    async def stop(self, timeout_s: float) -> None:
        """Begin nothing more; let what runs come to the end of its move, then hand it back."""
        self._stopping = True
        for driven in self._driven.values():
            driven.lease.stop()
        if self._driven:
            log.info("sessions.stopping", sessions=len(self._driven))
            await asyncio.wait(self._driven, timeout=timeout_s)
        for task in list(self._driven):
            task.cancel()

    async def _begin(self, begin: Callable[[], Awaitable[Lease]]) -> UUID:
        if self._stopping:
            raise Unavailable(STOPPED)
        with self._admission.place() as place:
            lease = await begin()
            self._drive(lease, self._run, place.pop_all())
        return lease.session_id

    async def _take(self, limit: int) -> None:
        """Drive at most *limit* sessions that nobody drives."""
        try:
            taken = await self._sessions.leases.expired(limit)
        except PASSING as error:
            log.warning("sessions.not_looked_for", error=repr(error))
            return
        for lease in taken:
            await self._take_one(lease)
        if len(taken) == limit:
            self.ring()  # There may be more.

    async def _take_one(self, lease: Lease) -> None:
        try:
            place = self._admission.place()
        except Shed:  # Somebody began one while we looked.
            await self._sessions.leases.hand_back(lease)
        else:
            self._drive(lease, self._go_on, place)

    def _drive(self, lease: Lease, work: Work, place: ExitStack) -> None:
        if self._stopping:
            lease.stop()
        task = self._group.create_task(self._to_rest(lease, work))
        self._driven[task] = _Driven(lease, place)
        task.add_done_callback(self._rests)

    def _rests(self, task: asyncio.Task[None]) -> None:
        if not self.free:
            self.ring()  # There was no place for what waits elsewhere.
        self._driven.pop(task).place.close()

    async def _go_on(self, lease: Lease) -> None:
        if await self._sessions.take_over(lease):
            await self._run(lease)

    async def _run(self, lease: Lease) -> None:
        with self.voices.speaking(lease.session_id) as watcher:
            await self._sessions.run_session(lease, watcher)

    async def _to_rest(self, lease: Lease, work: Work) -> None:
        """Do *work* on a session, and see that its lease is given back, whatever comes."""
        # It is this task's own context: nobody else's logs say so.
        bind_contextvars(session=str(lease.session_id), agent=lease.agent_id, epoch=lease.epoch)
        leases = self._sessions.leases
        try:
            await work(lease)
        except (LeaseLost, Fenced) as error:
            log.info("session.left", why=str(error))
            await leases.hand_back(lease)
        except asyncio.CancelledError:
            log.info("session.left", why=STOPPED)
            await leases.hand_back(lease)
            raise
        except Unavailable as error:
            # Whoever takes it when its lease has run out may meet better times.
            log.warning("session.left", why=repr(error))
            leases.forget(lease)
        except Exception as error:
            log.exception("session.fault")
            await self._pause(lease, error)

    async def _pause(self, lease: Lease, error: Exception) -> None:
        """Let a session wait that can't go on here: to try it again and again helps nobody."""
        leases = self._sessions.leases
        try:
            await self._sessions.pause_session(lease.session_id, _words(error), actor=ACTOR)
        except PASSING:
            leases.forget(lease)
        except AgentRuntimeError:  # Not even that can be said of it: it's left as it is.
            log.exception("session.not_paused", session=str(lease.session_id))
            await leases.release(lease)
        else:
            await leases.release(lease)


@asynccontextmanager
async def open_supervisor(
    sessions: Sessions, *, sessions_max: int, stop_timeout_s: float, soft_limit: int | None = None
) -> AsyncIterator[Supervisor]:
    """A supervisor of at most *sessions_max* sessions at once, which it hands back at the end.

    It warns when they come up to *soft_limit*, by default nine tenths of that.
    """
    admission = Admission(sessions.metrics, sessions_max=sessions_max, soft_limit=soft_limit)
    with ungrouped():
        async with asyncio.TaskGroup() as group:
            supervisor = Supervisor(sessions, admission, group)
            looking = group.create_task(supervisor.look())
            try:
                yield supervisor
            finally:
                looking.cancel()
                await supervisor.stop(stop_timeout_s)


def _words(error: Exception) -> str:
    """What stopped a session; of a fault that isn't ours only the name: it may quote a secret."""
    if isinstance(error, AgentRuntimeError):
        return f"{error.code}: {error}"
    return f"stopped by {type(error).__name__}"
