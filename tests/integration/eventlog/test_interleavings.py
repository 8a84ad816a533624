"""What a reader sees while writers commit in another order than they wrote in.

Writers A, B and C each hold a transaction of their own on a connection of their own. In an order,
`A+` is A writing, `Ac` its commit, `Ar` its rollback, `Ak` its connection killed, and `…` the time
after which a reader with a timer gives a gap up. Every reader reads after every step.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Protocol
from uuid import UUID

import pytest

from eventlog.block import BlockLimits, read_block
from eventlog.database import Conn, Database, Dedicated
from schema import events
from schema.ids import new_session_id, session_stream
from tests.log_writing import Talk, done_or_blocked, kill, talk_of, write

SIDE_TABLE = """
    create table side (id bigint generated always as identity primary key, note text);
    grant select, insert on side to agent_runtime_app
"""

# The order, and what each naive reader never gets to see although it was committed.
ORDERS = [
    # order                        by identity  timer over gaps
    ("A+ Ac B+ Bc", "", ""),
    ("A+ B+ Ac Bc", "", ""),
    ("A+ B+ Bc Ac", "A", ""),
    ("A+ B+ Bc … Ac", "A", "A"),
    ("A+ B+ Bc Ar", "", ""),
    ("A+ B+ Bc … Ar", "", ""),
    ("A+ B+ Bc Ak", "", ""),
    ("A+ B+ Br Ac", "", ""),
    ("A+ B+ Bk … Ac", "", ""),
    ("A+ Ar B+ C+ Cc Bc", "B", ""),
    ("A+ Ar B+ C+ Cc … Bc", "B", "B"),
    ("A+ B+ C+ Cc Bc Ac", "AB", ""),
    ("A+ B+ C+ Cc … Bc Ac", "AB", "AB"),
    ("A+ B+ C+ Cc Bc … Ac", "AB", "A"),
    ("A+ B+ C+ Bc … Cc Ac", "A", "A"),
    ("A+ B+ C+ Ac Cc … Bc", "B", "B"),
    ("A+ B+ C+ Cc … Ar Bc", "B", "B"),
]


class Reader(Protocol):
    async def read(self, conn: Conn) -> None: ...
    def give_up_gaps(self) -> None: ...


@dataclass
class ByIdentity:
    """Reads what stands behind the highest number that it has seen."""

    seen: list[str] = field(default_factory=list)
    last: int = 0

    async def read(self, conn: Conn) -> None:
        for row in await conn.fetch("select * from side where id > $1 order by id", self.last):
            self.seen.append(row["note"])
            self.last = row["id"]

    def give_up_gaps(self) -> None:
        """It knows of none."""


@dataclass
class TimerOverGaps:
    """Stops before a gap until its timer says that nobody will ever fill it."""

    seen: list[str] = field(default_factory=list)
    last: int = 0
    expired: bool = False

    async def read(self, conn: Conn) -> None:
        for row in await conn.fetch("select * from side where id > $1 order by id", self.last):
            if row["id"] > self.last + 1 and not self.expired:
                break
            self.seen.append(row["note"])
            self.last = row["id"]
        self.expired = False

    def give_up_gaps(self) -> None:
        self.expired = True


@dataclass
class ByPosition:
    """Ours."""

    partition: int
    seen: list[tuple[int, UUID]] = field(default_factory=list)

    async def read(self, conn: Conn) -> None:
        block = await read_block(
            conn,
            self.partition,
            after=len(self.seen),
            limits=BlockLimits(),
            types=None,
            projection=None,
        )
        self.seen += [(row["position"], row["event_id"]) for row in block.rows]

    def give_up_gaps(self) -> None:
        """There are none."""


@dataclass
class Writer:
    """A connection with a transaction; its write may have to wait for another writer's end."""

    name: str
    conn: Dedicated
    watcher: Conn
    wrote: "asyncio.Task[Any] | None" = None

    async def begin(self, writing: Any) -> None:
        await self.conn.execute("begin")
        self.wrote = asyncio.create_task(writing)
        await done_or_blocked(self.wrote, self.conn, self.watcher)

    async def end(self, how: str) -> None:
        """Commit, roll back or be killed; a blocked writer waits for its turn to commit."""
        assert self.wrote is not None
        if how == "k":
            await kill(self.conn, self.watcher)
            await asyncio.wait({self.wrote})
            self.wrote.exception()
            return
        await self.wrote
        await self.conn.execute("commit" if how == "c" else "rollback")

    @property
    def blocked(self) -> bool:
        return self.wrote is not None and not self.wrote.done()


@pytest.fixture
async def watcher(database: Database) -> AsyncIterator[Dedicated]:
    conn = await database.connect_as_owner()
    await conn.execute(SIDE_TABLE)
    yield conn
    await conn.close()


async def perform(
    database: Database, watcher: Conn, order: str, writing: Any, reader: Reader
) -> str:
    """Go through *order*, reading after every step; who committed, in that order.

    A writer's end waits until it has written: with positions, the order of commits is that of
    writes, so what an order asks for beyond that comes as soon as it can.
    """
    async with AsyncExitStack() as stack:
        writers: dict[str, Writer] = {}
        for name in sorted({step[0] for step in order.split()} - {"…"}):
            conn = await database.connect()
            stack.callback(conn.terminate)
            writers[name] = Writer(name, conn, watcher)
        committed = ""
        waiting: list[str] = []
        for step in [*order.split(), "…"]:
            if step == "…":
                reader.give_up_gaps()
            elif step[1] == "+":
                writer = writers[step[0]]
                await writer.begin(writing(writer))
            else:
                waiting.append(step)
            for ending in list(waiting):
                writer = writers[ending[0]]
                if not writer.blocked or ending[1] == "k":
                    waiting.remove(ending)
                    await writer.end(ending[1])
                    committed += writer.name if ending[1] == "c" else ""
                    for other in writers.values():
                        if other.blocked and other.wrote is not None:
                            await done_or_blocked(other.wrote, other.conn, watcher)
            await reader.read(watcher)
        for ending in waiting:
            await writers[ending[0]].end(ending[1])
            committed += ending[0] if ending[1] == "c" else ""
            await reader.read(watcher)
        return committed


async def write_beside(writer: Writer) -> None:
    await writer.conn.execute("insert into side (note) values ($1)", writer.name)


def never_seen(committed: str, seen: list[str]) -> str:
    return "".join(sorted(set(committed) - set(seen)))


@pytest.mark.parametrize(("order", "by_identity", "timer_over_gaps"), ORDERS)
async def test_naive_readers_lose_events_and_ours_does_not(
    database: Database,
    watcher: Dedicated,
    partitions: int,
    order: str,
    by_identity: str,
    timer_over_gaps: str,
):
    identity, timer = ByIdentity(), TimerOverGaps()
    committed = await perform(database, watcher, order, write_beside, identity)
    assert never_seen(committed, identity.seen) == by_identity
    await watcher.execute("truncate side restart identity")
    committed = await perform(database, watcher, order, write_beside, timer)
    assert never_seen(committed, timer.seen) == timer_over_gaps
    await assert_nothing_lost(database, watcher, partitions, order)


async def assert_nothing_lost(
    database: Database, watcher: Conn, partitions: int, order: str
) -> None:
    talk = talk_of("a-1", partitions)
    start = await watcher.fetchval(
        "select position from eventlog.partitions where partition = $1", talk.partition
    )
    reader = ByPosition(talk.partition, seen=[(n, UUID(int=0)) for n in range(1, start + 1)])
    committed = await perform(database, watcher, order, appending(talk), reader)
    fresh = reader.seen[start:]
    in_log = await watcher.fetch(
        "select position, event_id, data->>'reason' as who from eventlog.events "
        "where partition = $1 and position > $2 order by position",
        talk.partition,
        start,
    )
    assert fresh == [(row["position"], row["event_id"]) for row in in_log]
    assert [row["position"] for row in in_log] == list(range(start + 1, start + 1 + len(in_log)))
    assert "".join(row["who"] for row in in_log) == "".join(name * 2 for name in committed)


def appending(talk: Talk) -> Any:
    async def append(writer: Writer) -> None:
        fact = events.SessionCancelled(reason=writer.name)
        stream = session_stream(new_session_id(talk.agent_id))  # Only the partition is shared.
        await write(writer.conn, talk.partition, talk.agent_id, stream, fact, fact)

    return append


def every_order(names: str) -> Iterator[str]:
    """Each way in which writers can write and end, with each way in which each can end."""
    for ends in product("crk", repeat=len(names)):
        steps = {name: [f"{name}+", f"{name}{end}"] for name, end in zip(names, ends, strict=True)}
        yield from merged(steps)


def merged(steps: dict[str, list[str]]) -> Iterator[str]:
    if not any(steps.values()):
        yield ""
    for name, (first, *rest) in ((name, left) for name, left in steps.items() if left):
        for tail in merged({**steps, name: rest}):
            yield f"{first} {tail}".strip()


async def test_no_order_of_two_writers_loses_anything(
    database: Database, watcher: Dedicated, partitions: int
):
    for order in every_order("AB"):
        await assert_nothing_lost(database, watcher, partitions, order)
