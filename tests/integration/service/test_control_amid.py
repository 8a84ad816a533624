"""Words of other processes at every point of a run lose no answer that was paid, and no effect."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest

from eventlog.bell import BellSettings
from eventlog.database import Database
from eventlog.log import EventLog, open_log
from eventlog.members import StreamAppend
from schema import events
from schema.completions import Completion, CompletionRequest
from schema.envelope import Metadata, RecordedEvent
from schema.errors import Refused
from schema.events import Effect, RequestedCall
from schema.ids import memory_stream, session_of
from schema.messages.sessions import SessionBudget, StartSession
from service.agent.session import SessionState, Status, fold
from service.agent.tools import ToolContext, tool
from service.api.labelling import label_version
from service.config import Settings
from service.control import Control
from service.effects import Unwatched
from service.providers.open import Providers, ProviderSettings
from service.replay import verify
from service.runtime import Runtime, open_runtime
from service.sessions import read_session

STORY = (("look",), ("look", "put"), ("pay", "look"), ("remember",), ())
"""The tools that each step calls; the last one answers."""
POINTS = 30
"""More than a session has; those beyond its end are past, which says nothing."""
PAIRS = 25
AT_ONCE = 8
OTHER = Metadata(actor="other")

Say = Callable[[Control, UUID], Awaitable[object]]


async def approve(control: Control, session_id: UUID) -> None:
    await control.approve(session_id, "3.0")


async def reject(control: Control, session_id: UUID) -> None:
    await control.reject(session_id, "3.0", reason="too dear")


async def raise_budget(control: Control, session_id: UUID) -> None:
    await control.raise_budget(session_id, steps=50)


async def label(control: Control, session_id: UUID) -> None:
    await label_version(
        control.log, session_id, label="here", at=None, event_id=None, metadata=OTHER
    )


WORDS: Mapping[str, Say] = {
    "cancel": lambda control, session_id: control.cancel(session_id),
    "pause": lambda control, session_id: control.pause(session_id),
    "approve": approve,
    "reject": reject,
    "raise_budget": raise_budget,
    "label": label,
}


@dataclass
class Course:
    """One session: what is said where, and what happened beside the log."""

    words: dict[int, list[str]]
    """Point → what others say there."""
    passed: int = 0
    said: list[str] = field(default_factory=list)
    """What was not refused."""
    paid: list[str] = field(default_factory=list)
    """Answers that the model gave, by their ids."""
    done: list[str] = field(default_factory=list)
    """Calls whose effect was finished."""


@dataclass
class World:
    """A model and tools that let others get a word in between whatever happens."""

    others: Control
    courses: dict[UUID, Course] = field(default_factory=dict)
    native_tools: bool = True

    async def point(self, session_id: UUID) -> None:
        """Somewhere in a run: what is to be said here, another process says now."""
        course = self.courses[session_id]
        course.passed += 1
        for name in course.words.get(course.passed, ()):
            with suppress(Refused):
                await WORDS[name](self.others, session_id)
                course.said.append(name)

    async def complete(
        self, request: CompletionRequest, _on_delta: Callable[[str], None]
    ) -> Completion:
        session_id = UUID(request.session)
        await self.point(session_id)
        names = STORY[request.step - 1]
        given = '{"content": "noted"}'
        calls = [
            RequestedCall(id=str(n), name=name, arguments=given if name == "remember" else "{}")
            for n, name in enumerate(names)
        ]
        paid = f"{request.session}/{request.step}/{self.courses[session_id].passed}"
        self.courses[session_id].paid.append(paid)
        await self.point(session_id)
        reason: Any = "tool_calls" if calls else "end"
        text = "" if calls else "All is done."
        return Completion(
            text=text, calls=tuple(calls), stop_reason=reason, model="story", request_id=paid
        )

    async def happen(self, context: ToolContext) -> str:
        await self.point(context.session_id)
        self.courses[context.session_id].done.append(context.call_id)
        await self.point(context.session_id)
        return "done"


WORLD: list[World] = []


@tool(effect=Effect.PURE)
async def look(context: ToolContext) -> str:
    """Look."""
    return await WORLD[0].happen(context)


@tool(effect=Effect.IDEMPOTENT)
async def put(context: ToolContext) -> str:
    """Put."""
    return await WORLD[0].happen(context)


@tool(effect=Effect.AT_MOST_ONCE)
async def pay(context: ToolContext) -> str:
    """Pay."""
    return await WORLD[0].happen(context)


class Interrupted(EventLog):
    """The driver's log: others get in before and behind each append of a session."""

    async def append(self, agent_id: str, *appends: StreamAppend, metadata: Metadata) -> Any:
        ours = metadata.actor == "loop"
        if ours:
            await WORLD[0].point(session_of(appends[0].stream))
        appended = await super().append(agent_id, *appends, metadata=metadata)
        if ours:
            await WORLD[0].point(session_of(appends[0].stream))
        return appended


@pytest.fixture
def partitions() -> int:
    return 1


@pytest.fixture
async def runtime(database: Database) -> AsyncIterator[Runtime]:
    async with open_log(database, BellSettings(poll_s=60)) as theirs:
        WORLD[:] = [World(Control(theirs, "other"))]

        @asynccontextmanager
        async def providers(_settings: ProviderSettings) -> AsyncIterator[Providers]:
            yield Providers({"fake": lambda _name: WORLD[0]})

        settings = Settings(database_url=database.address.options["dsn"], embedder="none")
        async with open_runtime(settings, (look, put, pay), providers=providers) as opened:
            log = opened.log
            parts = (log.database, log.bell, log.partitions, log.epoch, log._appender)
            yield replace(opened, log=Interrupted(*parts))


@pytest.mark.parametrize("word", WORDS)
async def test_wherever_others_say_a_word_nothing_is_lost(runtime: Runtime, word: str):
    await play(runtime, [{point: [word]} for point in range(1, POINTS + 1)])


async def test_whatever_several_of_them_say_nothing_is_lost(runtime: Runtime):
    chance = random.Random(5)  # noqa: S311 - the same each time.
    cases: list[dict[int, list[str]]] = []
    for _ in range(PAIRS):
        points = (chance.randint(1, POINTS) for _ in range(3))
        cases.append({point: chance.choices(list(WORDS), k=2) for point in points})
    await play(runtime, cases)


async def play(runtime: Runtime, cases: Sequence[dict[int, list[str]]]) -> None:
    """Run a session for each of *cases*, to its end, and judge it."""
    slots = asyncio.Semaphore(AT_ONCE)
    found: list[str] = []

    async def one(number: int, words: dict[int, list[str]]) -> None:
        async with slots:
            found.extend(f"{words}: {fault}" for fault in await judged(runtime, number, words))

    async with asyncio.TaskGroup() as group:
        for number, words in enumerate(cases):
            group.create_task(one(number, words))
    assert found == []


async def judged(runtime: Runtime, number: int, words: dict[int, list[str]]) -> list[str]:
    """What is wrong with a session in which *words* were said."""
    command = StartSession(
        agent=f"a-{number}",
        prompt="Do it all.",
        model="fake:story",
        tools=("look", "put", "pay", "remember"),
        approve=("pay",),
        budget=SessionBudget(steps=3),
    )
    lease = await runtime.start_session(command, actor="test")
    course = WORLD[0].courses[lease.session_id] = Course(words)
    await runtime.run_session(lease, Unwatched())
    state = await finished(runtime, lease.session_id)
    facts = await read_session(runtime.log, lease.session_id)
    async with aclosing(runtime.log.read_stream(memory_stream(command.agent))) as blocks:
        mind = [fact async for block in blocks for fact in block]
    return [*ends(state, course), *losses(facts, mind, course)]


async def finished(runtime: Runtime, session_id: UUID) -> SessionState:
    """The session at its end, with whatever it takes to get there."""
    control = Control(WORLD[0].others.log, "finisher")
    for _ in range(POINTS):
        state = fold(fact.event for fact in await read_session(runtime.log, session_id))
        if state.ended:
            return state
        if state.budget.steps == 3:
            await control.raise_budget(session_id, steps=100)
        for call_id in state.waiting_for:
            await control.approve(session_id, call_id)
        await runtime.take_up(session_id, "go on", Unwatched(), actor="finisher")
    raise AssertionError(f"session {session_id} does not end: {state.status} {state.cause}")


def ends(state: SessionState, course: Course) -> list[str]:
    wanted = Status.CANCELLED if "cancel" in course.said else Status.COMPLETED
    return [] if state.status is wanted else [f"it is {state.status}: {state.cause} {state.detail}"]


def losses(
    facts: Sequence[RecordedEvent], mind: Sequence[RecordedEvent], course: Course
) -> list[str]:
    """What is missing from the log, or is there twice."""
    told = [fact.event for fact in facts]
    paid = [one.request_id for one in told if isinstance(one, events.CompletionReceived)]
    back = Counter(one.call_id for one in told if isinstance(one, events.ToolReturned))
    found = [f"paid {course.paid}, kept {paid}"] if paid != course.paid else []
    found += [
        f"{call} was done, and came back {back[call]} times"
        for call in course.done
        if back[call] != 1
    ]
    found += [f"{call} was done {n} times" for call, n in Counter(course.done).items() if n > 1]
    labels = sum(isinstance(one, events.CheckpointLabelled) for one in told)
    if labels != course.said.count("label"):
        found.append(f"{labels} labels of {course.said}")
    notes = sum(isinstance(fact.event, events.EpisodeRecorded) for fact in mind)
    if notes != back["4.0"]:
        found.append(f"{notes} notes for {back['4.0']} returns")
    if (difference := verify(facts).difference) is not None:
        found.append(f"verify: {difference}")
    return found
