"""Takes sessions up: the log is told, under a lease of ours, that they go on here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from eventlog.log import EventLog
from eventlog.members import StreamAppend
from schema import events
from schema.envelope import Metadata
from schema.errors import Broken, NotFound, Refused, WrongExpectedVersion
from schema.ids import session_stream
from service.agent.moves import Stop, Wait
from service.agent.rules import rules_of
from service.agent.session import SessionState, fold
from service.lease import Lease
from service.leases import Leases
from service.sessions import read_session

TRIES_MAX: Final = 100
"""How often a session may move on while we take it up: its former driver may not know yet."""
TAKEN_OVER: Final = Metadata(actor="supervisor")
WHY: Final = "its lease was free"


@dataclass(frozen=True)
class Turns:
    """How this process gets sessions that others have begun."""

    log: EventLog
    leases: Leases
    see_able: Callable[[events.SessionStarted], None]
    """Raises `Invalid` where this process lacks what a session needs."""

    async def resume(self, session_id: UUID, reason: str, *, actor: str) -> Lease:
        """Let a session that nobody drives go on, also one that was paused.

        `Refused` where it has ended, `LeaseHeld` where somebody drives it.
        """
        facts = await read_session(self.log, session_id)
        _must_be_open(fold(fact.event for fact in facts), session_id)
        lease = await self.leases.take(session_id, facts[0].agent_id)
        try:
            await self._go_on(lease, reason, Metadata(actor=actor), _must_be_open)
        except BaseException:
            await self.leases.hand_back(lease)
            raise
        return lease

    async def take_over(self, lease: Lease) -> bool:
        """Let a session go on whose lease we took; False, and no lease, where it is at rest.

        A session without events is none: who began it came no further than its lease.
        """
        try:
            goes_on = await self._go_on(lease, WHY, TAKEN_OVER, _has_something_to_do)
        except NotFound:
            goes_on = False
        if not goes_on:
            await self.leases.release(lease)
        return goes_on

    async def _go_on(
        self,
        lease: Lease,
        reason: str,
        metadata: Metadata,
        may_go_on: Callable[[SessionState, UUID], bool],
    ) -> bool:
        """Append `session_resumed` behind whatever comes in between, if the session may go on."""
        session_id, agent_id = lease.session_id, lease.agent_id
        fact = events.SessionResumed(epoch=lease.epoch, reason=reason)
        for _ in range(TRIES_MAX):
            facts = await read_session(self.log, session_id)
            state = fold(recorded.event for recorded in facts)
            if not may_go_on(state, session_id):
                return False
            if state.started is not None:
                self.see_able(state.started)
            stream = session_stream(session_id)
            append = StreamAppend(stream, state.version, (fact,), epoch=lease.epoch)
            try:
                await self.log.append(agent_id, append, metadata=metadata)
            except WrongExpectedVersion:
                continue
            return True
        raise Broken(f"session {session_id} moves on too fast to be taken up")


def _must_be_open(state: SessionState, session_id: UUID) -> bool:
    if state.ended:
        raise Refused(f"session {session_id} is {state.status}: it can't go on")
    if state.started is None:
        raise Refused(f"what session {session_id} began with was erased: it can't go on")
    return True


def _has_something_to_do(state: SessionState, _session_id: UUID) -> bool:
    if state.started is None:
        return False
    return not isinstance(rules_of(state.started).next_move(state), Wait | Stop)
