"""Whatever writers, connections and consumer do: every committed event once, in order, dense."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from eventlog.bell import BellSettings, open_bell
from eventlog.block import BlockLimits
from eventlog.database import Dedicated, open_database
from eventlog.signals import Signal
from eventlog.subscribe import Subscription
from schema import events
from tests.log_writing import agent_in, done_or_blocked, kill, write

RINGS: Final = BellSettings(poll_s=0.02, quiet_max_s=1.0)
SILENT: Final = BellSettings(notify=False, poll_s=0.02, quiet_max_s=1.0)

writers = st.integers(0, 1)


class Writer:
    """One of two processes that append: a connection, and its transaction while one is open."""

    def __init__(self, name: int, conn: Dedicated) -> None:
        self.name = name
        self.conn = conn
        self.partition = 0
        self.count = 0
        self.wrote: asyncio.Task[int] | None = None

    @property
    def idle(self) -> bool:
        return self.wrote is None

    @property
    def holds(self) -> bool:
        """It has written, and not yet committed."""
        return self.wrote is not None and self.wrote.done()


def pick(able: list[Writer], which: int) -> Writer:
    return able[which % len(able)]


class SubscriptionMachine(RuleBasedStateMachine):
    """A model of the log beside the real one."""

    url: str
    home: Any
    partitions: int

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.committed: list[list[tuple[int, UUID]]] = []
        self.seen: list[list[tuple[int, UUID]]] = []
        self.run(self.open())

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        self.loop.run(work)

    async def open(self) -> None:
        self.database = await self.stack.enter_async_context(open_database(self.url, self.home))
        self.watcher = await self.database.connect_as_owner()
        self.writers = [Writer(n, await self.database.connect()) for n in (0, 1)]
        heads = await self.watcher.fetch("select * from eventlog.partitions order by partition")
        self.start = {row["partition"]: row["position"] for row in heads}
        self.committed = [[] for _ in self.start]
        self.seen = [[] for _ in self.start]
        # The consumer's process, which writer 0 lives in as well, and the process of writer 1.
        self.bell = await self.stack.enter_async_context(open_bell(self.database.connect, RINGS))
        self.bell_1 = await self.stack.enter_async_context(open_bell(self.database.connect, RINGS))
        self.running = asyncio.Event()
        self.running.set()
        self.progress = Signal()
        self.consume(self.start)

    def consume(self, after: dict[int, int]) -> None:
        self.subscription = Subscription(
            self.database, self.bell, after=after, types=None, limits=BlockLimits(events=3)
        )
        self.consumer = asyncio.get_running_loop().create_task(self.keep_consuming())

    async def keep_consuming(self) -> None:
        async for block in self.subscription.blocks():
            for recorded in block:
                self.seen[recorded.partition].append((recorded.position, recorded.event_id))
            self.progress.send()
            await self.running.wait()

    @precondition(lambda self: any(writer.idle for writer in self.writers))
    @rule(which=writers, partition=st.integers(0, 3), count=st.integers(1, 5))
    def append(self, which: int, partition: int, count: int) -> None:
        """It may have to wait for the other, who holds the partition; then it's left waiting."""
        writer = pick([writer for writer in self.writers if writer.idle], which)
        writer.partition, writer.count = partition % self.partitions, count
        self.run(self.begin(writer))

    async def begin(self, writer: Writer) -> None:
        await writer.conn.execute("begin")
        agent = agent_in(writer.partition, self.partitions)
        facts = [events.SessionCancelled(reason=str(n)) for n in range(writer.count)]
        stream = f"memory-{agent}"
        writing = write(writer.conn, writer.partition, agent, stream, *facts)
        writer.wrote = asyncio.create_task(writing)
        await done_or_blocked(writer.wrote, writer.conn, self.watcher)

    @precondition(lambda self: all(writer.idle for writer in self.writers))
    @rule(which=writers, partition=st.integers(0, 3), count=st.integers(1, 5))
    def append_and_commit(self, which: int, partition: int, count: int) -> None:
        self.append(which, partition, count)
        self.end(0, "commit")

    @precondition(lambda self: any(writer.holds for writer in self.writers))
    @rule(which=writers, outcome=st.sampled_from(["commit", "commit", "rollback"]))
    def end(self, which: int, outcome: str) -> None:
        writer = pick([writer for writer in self.writers if writer.holds], which)
        self.run(self.finish(writer, outcome))

    async def finish(self, writer: Writer, outcome: str) -> None:
        assert writer.wrote is not None
        last = writer.wrote.result()
        await writer.conn.execute(outcome)
        if outcome == "commit":
            rows = await self.watcher.fetch(
                "select position, event_id from eventlog.events"
                " where partition = $1 and position > $2 and position <= $3 order by position",
                writer.partition,
                last - writer.count,
                last,
            )
            self.committed[writer.partition] += [(row[0], row[1]) for row in rows]
            (self.bell, self.bell_1)[writer.name].ring(writer.partition)
        writer.wrote = None
        await self.let_others_on()

    async def let_others_on(self) -> None:
        for writer in self.writers:
            if writer.wrote is not None:
                await done_or_blocked(writer.wrote, writer.conn, self.watcher)

    @precondition(lambda self: not all(writer.idle for writer in self.writers))
    @rule(which=writers)
    def drop_the_connection_in_mid_append(self, which: int) -> None:
        self.run(self.drop(pick([w for w in self.writers if not w.idle], which)))

    async def drop(self, writer: Writer) -> None:
        assert writer.wrote is not None
        await kill(writer.conn, self.watcher)
        await asyncio.wait({writer.wrote})
        writer.wrote.exception()
        writer.wrote = None
        writer.conn.terminate()
        writer.conn = await self.database.connect()
        await self.let_others_on()

    @rule()
    def drop_every_connection_of_the_consumer(self) -> None:
        kept = [self.watcher, *(writer.conn for writer in self.writers)]
        self.run(self.drop_others([conn.get_server_pid() for conn in kept]))

    async def drop_others(self, kept: list[int]) -> None:
        await self.watcher.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> all ($1::int[])",
            kept,
        )

    @rule()
    def pause_the_consumer(self) -> None:
        self.running.clear()

    @rule()
    def resume_the_consumer(self) -> None:
        self.running.set()

    @rule()
    def restart_the_consumer(self) -> None:
        self.run(self.restart())

    async def restart(self) -> None:
        self.consumer.cancel()
        await asyncio.wait({self.consumer})
        after = {p: self.start[p] + len(seen) for p, seen in enumerate(self.seen)}
        self.running.set()
        self.consume(after)

    @rule()
    def all_that_was_committed_arrives(self) -> None:
        self.run(self.arrival())

    async def arrival(self) -> None:
        self.running.set()
        async with asyncio.timeout(10):
            while self.seen != self.committed:
                progress = self.progress.next()
                if self.consumer.done():
                    self.consumer.result()
                await progress.wait()

    @invariant()
    def what_was_seen_is_what_was_committed_so_far_and_dense(self) -> None:
        for partition, seen in enumerate(self.seen):
            first = self.start[partition] + 1
            assert [position for position, _ in seen] == list(range(first, first + len(seen)))
            assert seen == self.committed[partition][: len(seen)]

    def teardown(self) -> None:
        try:
            self.run(self.close())
        finally:
            self.loop.close()

    async def close(self) -> None:
        try:
            for writer in self.writers:
                if writer.holds:
                    await self.finish(writer, "commit")
            for writer in self.writers:
                if writer.holds:
                    await self.finish(writer, "commit")
            await self.arrival()
        finally:
            self.consumer.cancel()
            await asyncio.wait({self.consumer})
            for writer in self.writers:
                writer.conn.terminate()
            self.watcher.terminate()
            await self.stack.aclose()


@pytest.mark.parametrize("rings", [RINGS, SILENT], ids=["notify", "poll-only"])
def test_a_subscriber_sees_every_committed_event_once_in_order(
    postgres: Any,
    partitions: int,
    rings: BellSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(globals(), "RINGS", rings)
    with asyncio.Runner() as runner:
        lifetime = AsyncExitStack()
        fresh = runner.run(lifetime.enter_async_context(postgres.database(partitions)))
        try:
            machine = type(
                "Machine",
                (SubscriptionMachine,),
                {
                    "url": url_of(postgres, fresh, runner),
                    "home": tmp_path,
                    "partitions": partitions,
                },
            )
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=15,
                    stateful_step_count=40,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(lifetime.aclose())


def url_of(postgres: Any, database: Any, runner: asyncio.Runner) -> str:
    async def name() -> str:
        async with database.acquire() as conn:
            found: str = await conn.fetchval("select current_database()")
            return found

    url: str = postgres.url(runner.run(name()))
    return url
