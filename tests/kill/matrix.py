"""Kills processes at every event of a session, lets others go on, and judges what came of it."""

import asyncio
import multiprocessing
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Final
from uuid import UUID

from eventlog.bell import BellSettings
from eventlog.log import EventLog, open_log
from schema.envelope import RecordedEvent
from schema.events import Effect
from schema.ids import memory_stream
from service.agent.session import Status, fold
from service.control import Control
from tests.conftest import TestServer
from tests.kill.child import WHENS, Kill, Plan, run
from tests.kill.judging import judge
from tests.kill.settling import settle, waits_for_word
from tests.kill.story import classes_of
from tests.kill.world import World, open_world

DRIVERS_MAX: Final = 12
"""Processes that one session may need to come to rest."""
CHILD_TIMEOUT_S: Final = 60.0
AT_ONCE: Final = 3

LEASE_OF: Final = "select session_id from ops.leases where agent_id = $1"
RUN_OUT: Final = "update ops.leases set until = eventlog.clock() where agent_id = $1"

SESSION_OF: Final = """
select stream from eventlog.events where agent_id = $1 and type = 'session_started'"""


@dataclass(frozen=True)
class Case:
    """One session: its model, where its first process is killed, and the next ones.

    The versions of later kills count from where those before left the session.
    """

    model: str
    kills: tuple[Kill, ...]


@dataclass
class Came:
    """What came of a case."""

    case: Case
    hit: str
    """The class of tools that the first kill hit."""
    kills: int = 0
    """Processes that were killed indeed."""
    reconciled: int = 0
    """Calls whose outcome nobody knew, until somebody looked at the world and said it."""
    end: str = "never began"
    faults: list[str] = field(default_factory=list)


class Matrix:
    """Runs cases over one database, in one world."""

    def __init__(self, log: EventLog, url: str, world: World) -> None:
        self._log = log
        self._url = url
        self._world = world
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.kill.child"])
        self._count = 0
        self.boundaries: dict[str, list[tuple[str, str]]] = {}
        """Model → type and class of tools of each version of a session that nobody kills."""

    async def measure(self, model: str) -> None:
        """See how the story goes undisturbed."""
        came, facts = await self._play(Case(model, ()))
        assert (came.end, came.faults) == (Status.COMPLETED, []), came
        self.boundaries[model] = list(_boundaries(facts))

    def cases(self, model: str) -> list[Case]:
        """A kill at every version, at every moment of its append."""
        versions = range(1, len(self.boundaries[model]) + 1)
        return [Case(model, (Kill(*at),)) for at in product(versions, WHENS)]

    def in_doubt(self, model: str) -> Case:
        """A kill while a call that must not run twice is under way."""
        version = 1 + self.boundaries[model].index(("tool_called", Effect.AT_MOST_ONCE.value))
        return Case(model, (Kill(version, "after"),))

    def chances(self, model: str, chance: random.Random) -> Case:
        """A case of several kills."""
        first = chance.randint(1, len(self.boundaries[model]))
        later = [Kill(chance.randint(1, 5), chance.choice(WHENS)) for _ in range(2)]
        return Case(model, (Kill(first, chance.choice(WHENS)), *later))

    async def run(self, cases: Iterable[Case], tell: Callable[[Came], None]) -> None:
        """Play *cases*, some at once; *tell* hears of each."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(case: Case) -> None:
            async with slots:
                tell((await self._play(case))[0])

        async with asyncio.TaskGroup() as group:
            for case in cases:
                group.create_task(one(case))

    async def _play(self, case: Case) -> tuple[Came, list[RecordedEvent]]:
        self._count += 1
        came = Came(case, self._hit(case))
        plan = Plan(self._url, self._world.url, case.model, f"killed-{self._count}")
        kills = list(case.kills)
        for _ in range(DRIVERS_MAX):
            kill = kills.pop(0) if kills else None
            came.kills += await self._child(replace(plan, kill=kill))
            session_id = await self._left_behind(plan.agent)
            if session_id is None:
                session_id = await self._settled(plan, came)
                if session_id is None:
                    break
                plan = replace(plan, session_id=session_id, resume=True)
            else:
                plan = replace(plan, session_id=session_id, resume=False)
            if kills:
                head = len(await self._events(f"session-{session_id}"))
                kills[0] = replace(kills[0], version=head + kills[0].version)
        else:
            came.faults.append(f"lost: not at rest after {DRIVERS_MAX} processes")
        return came, await self._judged(came, plan)

    async def _settled(self, plan: Plan, came: Came) -> UUID | None:
        """The session that waited for what only the world knows, once it is told; None: no such."""
        session_id = await self._session_of(plan.agent)
        if session_id is None:
            return None
        facts = await self._events(f"session-{session_id}")
        state = fold(fact.event for fact in facts)
        if not waits_for_word(state):
            return None
        control = Control(self._log, "matrix")
        came.reconciled += await settle(control, session_id, state, self._world)
        return session_id

    async def _judged(self, came: Came, plan: Plan) -> list[RecordedEvent]:
        session_id = plan.session_id or await self._session_of(plan.agent)
        facts = await self._events(f"session-{session_id}") if session_id else []
        if facts:
            state = fold(fact.event for fact in facts)
            came.end = state.status if state.ended else f"{state.status}: {state.cause}"
            mind = await self._events(memory_stream(plan.agent))
            came.faults += judge(facts, mind, self._world)
        elif plan.session_id is None or came.case.kills[0].version > 1:
            came.faults.append("lost: there is no session")
        return facts

    def _hit(self, case: Case) -> str:
        boundaries = self.boundaries.get(case.model)
        return boundaries[case.kills[0].version - 1][1] if boundaries and case.kills else ""

    async def _child(self, plan: Plan) -> bool:
        """Run a process to its end; whether it was killed."""
        process = self._context.Process(target=run, args=(plan,))
        process.start()
        await asyncio.to_thread(process.join, CHILD_TIMEOUT_S)
        code = process.exitcode
        if code is None:
            process.kill()
        process.close()
        assert code in {0, -signal.SIGKILL}, f"a child of {plan} ended with {code}"
        return code != 0

    async def _left_behind(self, agent: str) -> UUID | None:
        """The session whose lease a killed process left; its time is up now."""
        async with self._log.database.acquire() as conn:
            await conn.execute(RUN_OUT, agent)
            found: UUID | None = await conn.fetchval(LEASE_OF, agent)
        return found

    async def _session_of(self, agent: str) -> UUID | None:
        query = (
            "select stream from eventlog.events where agent_id = $1 and type = 'session_started'"
        )
        async with self._log.database.acquire() as conn:
            stream = await conn.fetchval(query, agent)
        return None if stream is None else UUID(stream.removeprefix("session-"))

    async def _events(self, stream: str) -> list[RecordedEvent]:
        async with aclosing(self._log.read_stream(stream)) as blocks:
            return [fact async for block in blocks for fact in block]


def _boundaries(facts: Sequence[RecordedEvent]) -> Iterable[tuple[str, str]]:
    for n, fact in enumerate(facts):
        steps = fold(before.event for before in facts[: n + 1]).steps
        yield fact.type, classes_of(steps)


@asynccontextmanager
async def open_matrix(postgres: TestServer) -> AsyncIterator[Matrix]:
    """A matrix over a fresh database and a fresh world."""
    async with (
        postgres.database(1) as database,
        open_log(database, BellSettings(poll_s=60)) as log,
        open_world() as world,
    ):
        yield Matrix(log, database.address.options["dsn"], world)
