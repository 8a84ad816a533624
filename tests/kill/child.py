"""A process that drives sessions until it is killed, which it sees to itself."""

import asyncio
import os
import random
import signal
import sys
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

import httpx
from pydantic import SecretStr

from eventlog.log import EventLog
from eventlog.members import StreamAppend
from schema.errors import Fenced, LeaseLost
from schema.events import Effect
from schema.messages.sessions import StartSession
from service.agent.tools import ToolContext, tool
from service.config import Settings
from service.effects import Unwatched
from service.logs import configure_logs
from service.runtime import open_runtime
from tests.kill.story import TOOLS

When = Literal["before", "amid", "after"]
WHENS: Final[tuple[When, ...]] = ("before", "amid", "after")
"""The append that an event comes with: not yet sent, sent, or answered."""
AMID_S_MAX: Final = 0.004
"""An append takes less."""
LEFT: Final = 7
"""The exit code of who finds its session in other hands."""
WORLD: Final = "KILLED_CHILD_WORLD"


@dataclass(frozen=True)
class Kill:
    """Where a process ends."""

    version: int
    when: When


@dataclass(frozen=True)
class Plan:
    """What a child does: start a session of *agent*, or take over the one that others left."""

    database_url: str
    world_url: str
    model: str
    agent: str
    session_id: UUID | None = None
    resume: bool = False
    """It was paused, and somebody wants it to go on."""
    kill: Kill | None = None
    by: signal.Signals = signal.SIGKILL
    """Or SIGSTOP, after which it may be woken again."""
    lease_s: float = 30.0


def run(plan: Plan) -> None:
    """The child's program."""
    os.environ[WORLD] = plan.world_url
    configure_logs("error", "json")  # What came of it is told by the table.
    if plan.kill is not None:
        hit_at(plan.kill, plan.by)
    try:
        asyncio.run(drive(plan))
    except (LeaseLost, Fenced):
        sys.exit(LEFT)


async def drive(plan: Plan) -> None:
    settings = Settings(
        database_url=SecretStr(plan.database_url),
        lease_s=plan.lease_s,
        embedder="none",
        openai_api_key=SecretStr("sk-of-the-story"),
        openai_base_url=f"{plan.world_url}/v1",
    )
    async with open_runtime(settings, (look, put, pay)) as runtime:
        if plan.session_id is None:
            command = StartSession(
                agent=plan.agent, prompt="Do it all.", model=plan.model, tools=TOOLS
            )
            lease = await runtime.start_session(command, actor="child")
            await runtime.run_session(lease, Unwatched())
        elif plan.resume:
            lease = await runtime.resume_session(plan.session_id, "it is known", actor="child")
            await runtime.run_session(lease, Unwatched())
        else:
            lease = await runtime.leases.take(plan.session_id, plan.agent)
            if await runtime.take_over(lease):
                await runtime.run_session(lease, Unwatched())


def hit_at(kill: Kill, by: signal.Signals) -> None:
    """Have this process hit, once, around the append that brings a session to a version."""
    original = EventLog.append
    still_to_come = [by]

    async def append(log: EventLog, agent_id: str, *appends: StreamAppend, **rest: Any) -> Any:
        first, last = appends[0].expected + 1, appends[0].expected + len(appends[0].events)
        here = appends[0].stream.startswith("session-") and first <= kill.version <= last
        if not here or not still_to_come:
            return await original(log, agent_id, *appends, **rest)
        still_to_come.clear()
        if kill.when == "before":
            hit(by)
        appending = asyncio.ensure_future(original(log, agent_id, *appends, **rest))
        if kill.when == "amid":
            await asyncio.sleep(random.uniform(0, AMID_S_MAX))  # noqa: S311 - a moment by chance.
            hit(by)
        appended = await appending
        if kill.when == "after":
            hit(by)
        return appended

    setattr(EventLog, "append", append)  # noqa: B010 - a method can't be assigned.


def hit(by: signal.Signals) -> None:
    """The end, or a long sleep."""
    os.kill(os.getpid(), by)


async def happen(context: ToolContext, name: str) -> str:
    """Do something to the world, under the call's key."""
    async with httpx.AsyncClient() as client:
        effect = {
            "session": str(context.session_id),
            "call": context.call_id,
            "tool": name,
            "key": str(context.idempotency_key),
            "pid": os.getpid(),
        }
        answer = await client.post(f"{os.environ[WORLD]}/effect", json=effect)
        answer.raise_for_status()
    return "done"


@tool(effect=Effect.PURE)
async def look(context: ToolContext) -> str:
    """Look."""
    return await happen(context, "look")


@tool(effect=Effect.IDEMPOTENT)
async def put(context: ToolContext) -> str:
    """Put."""
    return await happen(context, "put")


@tool(effect=Effect.AT_MOST_ONCE)
async def pay(context: ToolContext) -> str:
    """Pay."""
    return await happen(context, "pay")
