"""What if: a recorded session run once more, otherwise, and compared with what it was.

The model is asked anew, which counts for what the agent may spend in a day. Tools answer from the
record; one that the record has no answer of stops it, unless the caller lets its class run.
Nothing is written to the log or to any mind.
"""

import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from eventlog.members import StreamAppend
from schema import events
from schema.completions import Completion, CompletionRequest
from schema.envelope import Metadata, RecordedEvent
from schema.errors import Refused, WrongExpectedVersion
from schema.events import Effect, Event, MindVersions, SessionStarted
from schema.ids import uuid7
from schema.messages.whatif import AskWhatIf
from service.agent import loop
from service.agent.recorder import Changed
from service.agent.session import fold
from service.agent.session_memory import SessionMemory
from service.agent.tools import Observed, ToolContext
from service.audit.overrides import over
from service.memory.working import Working
from service.replay.diff import Comparison, compare
from service.replay.mind_read import mind_read
from service.runtime import CALLS_AT_ONCE, Runtime
from service.sessions import read_session

NOTE: Final = "note"
"""The one tool on the mind that changes nothing but the session itself: it runs for real."""


class Missed(Refused):
    """A tool was called of which the record has no answer, and which may not run."""

    def __init__(self, call: events.ToolCalled) -> None:
        self.call = call
        super().__init__(f"the record has no answer of {call.tool} for these arguments")


class Tried(Struct, frozen=True, kw_only=True):
    """A session as it was, on the left, beside what it would have been."""

    session: UUID
    comparison: Comparison
    missed: events.ToolCalled | None
    """The call that stopped it; None where it came to its own end."""
    asked: int
    """How often the model was asked."""
    ran: int
    """How many tools ran, for the record had no answer of them."""


async def what_if(runtime: Runtime, session_id: UUID, command: AskWhatIf) -> Tried:
    """The session of that id, once more with what *command* says.

    `Invalid` names what can't be had; `Refused` where what it began with was erased.
    """
    facts = await read_session(runtime.log, session_id)
    began = fold(fact.event for fact in facts).started
    if began is None:
        raise Refused(f"what session {session_id} began with was erased: it can't be run again")
    started = _started(runtime, command, began, facts)
    runtime.means.see_able(started)
    world = _World(
        runtime, facts, started, recalls_anew=command.memory is not None, live=command.live
    )
    missed = await world.run()
    return Tried(
        session=session_id,
        comparison=compare(facts, world.facts),
        missed=missed,
        asked=world.asked,
        ran=world.ran,
    )


def _started(
    runtime: Runtime, command: AskWhatIf, began: SessionStarted, facts: Sequence[RecordedEvent]
) -> SessionStarted:
    """What the session begins with, in the place of what it began with."""
    read = mind_read(facts)
    memory = next((f.event.version for f in facts if isinstance(f.event, events.MemoryRecalled)), 0)
    mind = began.mind or MindVersions(
        memory=memory, graph=0 if read.graph is None else read.graph.version
    )
    others: dict[str, Any] = {
        "model": command.model,
        "fallbacks": None if command.model is None else (),
        "system_prompt": command.system_prompt,
        "tools": None if command.tools is None else runtime.means.specs(command.tools),
        "limits": over(began.limits, command.limits),
        "sampling": over(began.sampling, command.sampling),
        "memory": None if began.memory is None else over(began.memory, command.memory),
    }
    said = {name: value for name, value in others.items() if value is not None}
    return replace(began, mind=mind, approvals=(), budget=events.Budget(), **said)


class _World:
    """What the loop reaches instead of the world."""

    def __init__(
        self,
        runtime: Runtime,
        recorded: Sequence[RecordedEvent],
        started: SessionStarted,
        *,
        recalls_anew: bool,
        live: frozenset[Effect],
    ) -> None:
        self._runtime = runtime
        self._recorded = recorded
        self._started = started
        self._recalls_anew = recalls_anew
        self._live = live
        self._answers = _answers(recorded)
        self._at = recorded[0].recorded_at
        self.facts = [_fact(1, started, recorded[0])]
        self.asked = self.ran = 0
        self._memory = SessionMemory(
            session=recorded[-1].stream.removeprefix("session-"),
            started=started,
            minds=runtime.memory,
            graphs=runtime.graphs,
            tools=runtime.tools,
        )

    async def run(self) -> events.ToolCalled | None:
        """Drive it to where it rests; the call that stopped it, if one did."""
        try:
            await loop.run(
                fold(fact.event for fact in self.facts),
                self._effects(),
                calls_at_once=CALLS_AT_ONCE,
            )
        except Missed as missed:
            return missed.call
        return None

    def _effects(self) -> loop.Effects:
        return loop.Effects(
            think=self._think,
            act=self._act,
            record=self._record,
            read=self._read,
            recall=self._recall,
            transact=self._transact,
            outdated=self._outdated,
            passed=self._runtime.stages.pipeline("answer_stages", self._started.answer_stages).run,
        )

    async def _think(self, request: CompletionRequest) -> Completion:
        self.asked += 1
        model = f"{request.provider}:{request.model}"
        provider, _ = self._runtime.providers.get(model)

        async def ask() -> Completion:
            return await provider.complete(request, lambda _delta: None)

        async def guarded() -> Completion:
            return await self._runtime.guards.ask(
                model, ask, timeout_s=request.timeout_s, open_wait_s=request.timeout_s
            )

        # It is written nowhere, yet paid for: it counts for the agent's day.
        return await self._runtime.spending.ask(
            self._started.agent_id, request, guarded, budget=self._started.budget
        )

    async def _act(self, call: events.ToolCalled) -> Observed:
        if (back := self._answer(call)) is not None:
            return Observed(ok=back.ok, observation=back.observation, kind=back.kind)
        if call.effect not in self._live:
            raise Missed(call)
        self.ran += 1
        context = ToolContext(
            idempotency_key=uuid7(),
            session_id=UUID(self._memory.session),
            agent_id=self._started.agent_id,
            call_id=call.call_id,
            timeout_s=self._started.limits.tool_timeout_s,
        )
        bytes_max = self._started.limits.observation_bytes_max
        return await self._runtime.tools.call(
            call.tool, call.arguments, context, observation_bytes_max=bytes_max
        )

    def _answer(self, call: events.ToolCalled) -> events.ToolReturned | None:
        """What the record has for such a call: its answers in turn, and the last one for ever."""
        answers = self._answers.get(_key(call))
        if not answers:
            return None
        return answers.popleft() if len(answers) > 1 else answers[0]

    async def _recall(self, query: str) -> Changed:
        told = [
            fact.event
            for fact in self._recorded
            if isinstance(fact.event, events.MemoryRecalled | events.GraphRecalled)
            and fact.event.call_id is None
        ]
        if told and not self._recalls_anew:
            return Changed(tuple(told))
        return await self._memory.recall(query, self._at)

    def _transact(
        self, call: events.ToolCalled, working: Working
    ) -> AbstractAsyncContextManager[Changed]:
        return self._on_mind(call, working)

    @asynccontextmanager
    async def _on_mind(self, call: events.ToolCalled, working: Working) -> AsyncIterator[Changed]:
        """From the record; else by the mind as it was, which is left as it is."""
        back = None if call.tool == NOTE else self._answer(call)
        if back is not None:
            yield Changed((replace(back, call_id=call.call_id),))
            return
        async with self._memory.transact(call, self._at, working) as changed:
            yield changed

    async def _outdated(self, _changed: Changed) -> bool:
        return False

    async def _record(
        self, facts: Sequence[Event], _ids: Sequence[UUID], version: int, *_others: StreamAppend
    ) -> None:
        if version != len(self.facts):
            raise WrongExpectedVersion("what-if", version, len(self.facts))
        for fact in facts:
            self.facts.append(_fact(len(self.facts) + 1, fact, self._recorded[0]))

    async def _read(self, after: int) -> Sequence[Event]:
        return [fact.event for fact in self.facts[after:]]


def _answers(
    recorded: Sequence[RecordedEvent],
) -> dict[tuple[str, str], deque[events.ToolReturned]]:
    """What each call came to, by its tool and its arguments, in the order of the calls."""
    calls: dict[str, events.ToolCalled] = {}
    found: dict[tuple[str, str], deque[events.ToolReturned]] = defaultdict(deque)
    for fact in recorded:
        if isinstance(fact.event, events.ToolCalled):
            calls[fact.event.call_id] = fact.event
        elif isinstance(fact.event, events.ToolReturned) and fact.event.call_id in calls:
            found[_key(calls[fact.event.call_id])].append(fact.event)
    return dict(found)


def _key(call: events.ToolCalled) -> tuple[str, str]:
    """A call by what it asks for, however that was spelt."""
    return call.tool, json.dumps(call.arguments, sort_keys=True, separators=(",", ":"))


def _fact(version: int, event: Event, like: RecordedEvent) -> RecordedEvent:
    at: datetime = like.recorded_at
    return RecordedEvent(
        like.partition,
        version,
        like.agent_id,
        like.stream,
        version,
        uuid7(),
        event.type,
        event.schema_version,
        event,
        Metadata(actor="what-if"),
        at,
    )
