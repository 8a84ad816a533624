"""Appends for tests that hold the transaction in their own hands: no batching, retry or bell."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from eventlog.batch import append
from eventlog.database import Conn
from eventlog.members import StreamAppend, prepare
from schema import events
from schema.envelope import AT_HEAD, Metadata
from schema.events import Event
from schema.ids import h12, partition_of, session_stream, uuid7

VERSION = "select version from eventlog.streams where partition = $1 and stream = $2"


async def write(
    conn: Conn,
    partition: int,
    agent_id: str,
    stream: str,
    *facts: Event,
    ids: Sequence[UUID] = (),
) -> int:
    """Append *facts* within the transaction that *conn* is in; the position of the last."""
    expected = AT_HEAD
    if stream.startswith("session-"):
        expected = await conn.fetchval(VERSION, partition, stream) or 0
    member = prepare(agent_id, [StreamAppend(stream, expected, facts, ids)], Metadata())
    await append(conn, partition, [member])
    (appended,) = await member.outcome
    return appended.position


@dataclass(frozen=True)
class Talk:
    """A session that a test writes: its place in the log."""

    agent_id: str
    session_id: UUID
    partition: int

    @property
    def stream(self) -> str:
        return session_stream(self.session_id)


def talk_of(agent_id: str, partitions: int) -> Talk:
    return Talk(agent_id, uuid7(h12(agent_id)), partition_of(agent_id, partitions))


def agent_in(partition: int, partitions: int) -> str:
    """Some agent whose streams stand in *partition*."""
    return next(
        name for n in range(10_000) if partition_of(name := f"agent-{n}", partitions) == partition
    )


def started(prompt: str = "find the leak") -> events.SessionStarted:
    return events.SessionStarted(agent_id="a-1", prompt=prompt, model="scripted:x", salt="0" * 32)


def thought(step: int, text: str = "I look.") -> events.CompletionReceived:
    usage = events.Usage(input_tokens=100 + step, output_tokens=7, cached_tokens=step)
    return events.CompletionReceived(
        step=step, text=text, model="m-1", usage=usage, latency_ms=1.5, prompt_digest="0" * 64
    )


def called(step: int, index: int = 0) -> events.ToolCalled:
    return events.ToolCalled(
        call_id=f"{step}.{index}", tool="grep", arguments={"pattern": "malloc", "n": step}
    )


def returned(step: int, index: int = 0, observation: str = "3 hits") -> events.ToolReturned:
    return events.ToolReturned(
        call_id=f"{step}.{index}", ok=True, observation=observation, latency_ms=0.25
    )


def whole_session(steps: int, observation: str = "3 hits") -> Iterator[Event]:
    """Started, *steps* steps with a tool call each, completed."""
    yield started()
    for step in range(1, steps + 1):
        yield thought(step)
        yield called(step)
        yield returned(step, observation=observation)
    yield events.SessionCompleted(answer="it was malloc")


def in_groups(facts: Sequence[Event], size: int) -> Iterator[Sequence[Event]]:
    for first in range(0, len(facts), size):
        yield facts[first : first + size]


async def done_or_blocked(task: "asyncio.Task[Any]", conn: Conn, watcher: Conn) -> None:
    """Return when *task*, which works on *conn*, is done, or when the server reports it blocked."""
    pid = conn.get_server_pid()
    async with asyncio.timeout(20):
        while not task.done():
            if await watcher.fetchval("select cardinality(pg_blocking_pids($1)) > 0", pid):
                return


async def kill(conn: Conn, watcher: Conn) -> None:
    """Cut *conn* off, and return when the server has forgotten it and all that it held."""
    pid = conn.get_server_pid()
    await watcher.execute("select pg_terminate_backend($1, 10000)", pid)
