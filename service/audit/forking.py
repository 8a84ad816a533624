"""Forks a session: another future from one of its versions, at the same cost at any length."""

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from eventlog.log import EventLog
from eventlog.members import StreamAppend
from schema import events
from schema.envelope import Metadata, RecordedEvent
from schema.errors import Invalid, NotFound, Refused
from schema.events import MindVersions, Protocol, SessionForked, SessionStarted
from schema.ids import new_session_id, session_stream
from schema.messages.forks import ForkSession
from schema.messages.sessions import ProtocolChoice
from service.agent.forked import begun
from service.agent.session import SessionState
from service.audit.overrides import over
from service.graph.coordinates import GRAPH
from service.lease import Lease
from service.memory.coordinates import MEMORY
from service.mind.coordinates import coordinate_of
from service.mind.part import Part
from service.providers.base import Provider
from service.replay.states import state_at, version_at
from service.runtime import Runtime
from service.sessions import read_session

SALT_BYTES: Final = 16


async def fork_session(
    runtime: Runtime, session_id: UUID, command: ForkSession, *, actor: str
) -> Lease:
    """Record that a session goes on otherwise from one of its versions, as a session of its own.

    One event, however long the parent is: its own events are read where they stand. The fork reads
    the agent's mind as that was then, and leaves it as it is. Nothing runs yet, and it's ours to
    run. `NotFound` where there is no such place, `Invalid` names what can't be had.
    """
    facts = await read_session(runtime.log, session_id)
    at = version_at(facts, command.at)
    state = state_at(facts, at)
    if at == 0:
        raise NotFound(f"session {session_id} can be forked from version 1 on, not from {at}")
    if state.started is None:
        raise Refused(f"what session {session_id} began with was erased: it can't be forked")
    _see_whole(facts, at)
    fact = SessionForked(
        parent=str(session_id),
        at=at,
        origin=facts[0].stream.removeprefix("session-"),
        mind=await _mind(runtime.log, facts[at - 1], state),
        salt=os.urandom(SALT_BYTES).hex(),
        reason=command.reason,
        **_overrides(runtime, command, state.started, state),
    )
    runtime.means.see_able(begun(state.started, fact))
    return await _begin(runtime, facts[0].agent_id, fact, actor)


def _see_whole(facts: Sequence[RecordedEvent], at: int) -> None:
    """Raise `Invalid` where *at* lies amid the calls of one turn: there is no state without all."""
    if not all(isinstance(fact.event, events.ToolCalled) for fact in facts[at - 1 : at + 1]):
        return
    if at == len(facts):
        return
    first = last = at
    while isinstance(facts[first - 2].event, events.ToolCalled):
        first -= 1
    while last < len(facts) and isinstance(facts[last].event, events.ToolCalled):
        last += 1
    raise Invalid(
        "at", f"the calls of versions {first} to {last} belong together: take {first - 1} or {last}"
    )


async def _begin(runtime: Runtime, agent_id: str, fact: SessionForked, actor: str) -> Lease:
    lease = await runtime.leases.begin(new_session_id(agent_id), agent_id)
    stream = session_stream(lease.session_id)
    append = StreamAppend(stream, fact.at, (fact,), epoch=lease.epoch)
    try:
        await runtime.log.append(agent_id, append, metadata=Metadata(actor=actor))
    except Refused:
        await runtime.leases.release(lease)
        raise
    except BaseException:
        runtime.leases.forget(lease)  # It may be in: who takes the lease later will see.
        raise
    return lease


async def _mind(log: EventLog, last: RecordedEvent, state: SessionState) -> MindVersions:
    """Where the agent's mind stood when *last* was recorded; a fork's stands still."""
    if state.started is not None and state.started.mind is not None:
        return state.started.mind
    places = [
        await _version(log, part, last.agent_id, last.recorded_at) for part in (MEMORY, GRAPH)
    ]
    return MindVersions(memory=places[0], graph=places[1])


async def _version(log: EventLog, part: Part, agent_id: str, at: datetime) -> int:
    return (await coordinate_of(log, part, agent_id, at.isoformat(), at)).version


def _overrides(
    runtime: Runtime, command: ForkSession, started: SessionStarted, state: SessionState
) -> dict[str, Any]:
    """The fields of the event that *command* says; `Invalid` names what can't be had."""
    model = command.model or started.model
    provider, _ = runtime.providers.get(model)
    said: dict[str, Any] = {"model": command.model, "system_prompt": command.system_prompt}
    if command.tools is not None:
        said["tools"] = runtime.means.specs(command.tools)
    if command.approve is not None:
        said["approvals"] = _offered(command.approve, command.tools, started.tools)
    said |= {
        "limits": over(started.limits, command.limits),
        "sampling": over(started.sampling, command.sampling),
        "budget": over(started.budget, command.budget),
        "protocol": _protocol(command.protocol, provider, state),
    }
    return {name: value for name, value in said.items() if value is not None}


def _offered(
    approve: Sequence[str], tools: Sequence[str] | None, had: Sequence[events.ToolSpec]
) -> tuple[str, ...]:
    offered = [spec.name for spec in had] if tools is None else tools
    if unknown := [name for name in approve if name not in offered]:
        raise Invalid("approve", f"{', '.join(unknown)}: is not among the tools")
    return tuple(approve)


def _protocol(
    said: ProtocolChoice | None, provider: Provider, state: SessionState
) -> Protocol | None:
    """The protocol of the fork, where it is another; what was said in one can't be told in two."""
    had = Protocol.TEXT if state.started is None else state.started.protocol
    wanted = had if said is None else _chosen(said, provider)
    if wanted is Protocol.NATIVE and not provider.native_tools:
        raise Invalid("protocol", "this model has no native tool calls, which the session uses")
    if wanted is had:
        return None
    if state.steps:
        raise Invalid("protocol", f"the session's steps are written in {had}: fork it before them")
    return wanted


def _chosen(said: ProtocolChoice, provider: Provider) -> Protocol:
    if said == "auto":
        return Protocol.NATIVE if provider.native_tools else Protocol.TEXT
    return Protocol(said)
