"""Breakers that processes share, over real PostgreSQL: each store here is a process's own."""

import asyncio
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from eventlog.database import Database, open_database
from eventlog.embedded import running_server
from eventlog.migrate import migrate
from schema.errors import BreakerOpen
from service.orchestrator.breaker import Breaker, BreakerMoved, BreakerStore, untold
from service.orchestrator.circuit import Rules, State
from service.orchestrator.shared_breaker import SharedBreakers, open_shared_breakers
from tests.conftest import FORGETFUL, TestServer
from tests.unit.service.orchestrator.breaker_machine import BreakerMachine

GUIDE = Path(__file__).parents[4] / "docs" / "guards.md"
RULES = Rules(threshold=2, recovery_window_s=3_600.0, probe_lease_s=600.0)
"""No time of these passes by itself while a test runs."""

PASS_TIME = "update ops.breakers set until = until - make_interval(secs => $1)"
PASS_TIME_OPEN = f"{PASS_TIME} where state = 'open'"
"""Time during which every prober renews its lease."""

PROBER = """
import asyncio, sys
from pathlib import Path
from eventlog.database import open_database
from service.orchestrator.breaker import Breaker
from service.orchestrator.circuit import Rules
from service.orchestrator.shared_breaker import open_shared_breakers

async def probe():
    print("probing", flush=True)
    await asyncio.Event().wait()

async def main():
    rules = Rules(threshold=2, recovery_window_s=3_600.0, probe_lease_s=600.0)
    async with open_database(sys.argv[1], Path(sys.argv[2])) as database:
        async with open_shared_breakers(database) as store:
            await Breaker("model", rules, store).call(probe)

asyncio.run(main())
"""


@pytest.fixture
def partitions() -> int:
    return 1


@pytest.fixture
async def stores(database: Database) -> list[SharedBreakers]:
    """Three processes' own; they know what the others did when they look, and not before."""
    return [SharedBreakers(database, untold) for _ in range(3)]


def made(store: BreakerStore, rules: Rules = RULES) -> Breaker:
    return Breaker("model", rules, store)


async def done() -> str:
    return "done"


async def fail(breaker: Breaker, times: int = 1) -> None:
    async def lost() -> None:
        raise ConnectionError("lost")

    for _ in range(times):
        with pytest.raises(ConnectionError):
            await breaker.call(lost)


async def pass_time(database: Database, seconds: float, *stores: SharedBreakers) -> None:
    async with database.acquire() as conn:
        await conn.execute(PASS_TIME, seconds)
    for store in stores:
        await store.look()


async def row(database: Database) -> dict[str, Any]:
    async with database.acquire() as conn:
        found = await conn.fetchrow("select * from ops.breakers where name = 'model'")
    assert found is not None
    return dict(found)


class SharedMachine(BreakerMachine):
    """Three callers, each in a process of its own."""

    callers = 3
    database: ClassVar[Database]
    on: ClassVar[asyncio.AbstractEventLoop]

    def open_loop(self) -> asyncio.AbstractEventLoop:
        self.stores: list[SharedBreakers] = []
        return self.on

    async def open_store(self, on_move: Callable[[BreakerMoved], None]) -> BreakerStore:
        self.stores.append(SharedBreakers(self.database, on_move))
        return self.stores[-1]

    async def pass_time(self, seconds: float) -> None:
        async with self.database.acquire() as conn:
            await conn.execute(PASS_TIME_OPEN, seconds)

    async def look(self) -> None:
        for store in self.stores:
            await store.look()

    def close_loop(self) -> None:
        """It is used by the next example."""


def test_callers_in_several_processes_see_one_breaker(postgres: TestServer):
    with asyncio.Runner() as runner:
        databases = AsyncExitStack()
        SharedMachine.on = runner.get_loop()
        SharedMachine.database = runner.run(databases.enter_async_context(postgres.database(1)))
        try:
            run_state_machine_as_test(
                SharedMachine,
                settings=settings(max_examples=40, stateful_step_count=30, deadline=None),
            )
        finally:
            runner.run(databases.aclose())


async def test_an_opening_is_seen_by_another_process_within_a_second(database: Database):
    seen: asyncio.Queue[BreakerMoved] = asyncio.Queue()
    async with (
        open_shared_breakers(database) as ours,
        open_shared_breakers(database, on_move=seen.put_nowait) as theirs,
    ):
        await fail(made(ours), RULES.threshold)
        opened_at = time.monotonic()
        moved = await asyncio.wait_for(seen.get(), 10)

        assert time.monotonic() - opened_at < 1.0
        assert (moved.name, moved.after, moved.failures) == ("model", State.OPEN, 2)
        with pytest.raises(BreakerOpen) as raised:
            await made(theirs).call(done)
        assert raised.value.retry_after_s == pytest.approx(3_600, abs=10)


async def test_of_probes_in_many_processes_exactly_one_passes(
    stores: list[SharedBreakers], database: Database
):
    for _ in range(5):
        await fail(made(stores[0]), RULES.threshold)
        await pass_time(database, 3_600, *stores)
        began = 0

        async def probe() -> str:
            nonlocal began
            began += 1
            await asyncio.sleep(0.05)
            return "done"

        calls = [made(store).call(probe) for store in stores for _ in range(10)]
        answers = await asyncio.gather(*calls, return_exceptions=True)

        assert began == 1
        assert answers.count("done") == 1
        assert sum(isinstance(answer, BreakerOpen) for answer in answers) == 29
        assert (await row(database))["state"] == "closed"
        await look(stores)


async def look(stores: list[SharedBreakers]) -> None:
    for store in stores:
        await store.look()


async def test_failures_in_many_processes_at_once_are_each_counted(
    stores: list[SharedBreakers], database: Database
):
    rules = Rules(threshold=90, recovery_window_s=60.0)

    await asyncio.gather(*(fail(made(store, rules)) for store in stores for _ in range(29)))
    assert (await row(database))["failures"] == 87
    assert (await row(database))["state"] == "closed"

    await asyncio.gather(*(fail(made(store, rules)) for store in stores))
    opened = await row(database)
    assert (opened["failures"], opened["generation"], opened["state"]) == (90, 1, "open")


async def test_the_probe_of_a_killed_process_ends_with_its_lease(
    stores: list[SharedBreakers], database: Database, postgres: TestServer, home: Path
):
    store = stores[0]
    await fail(made(store), RULES.threshold)
    await pass_time(database, 3_600, store)
    async with database.acquire() as conn:
        url = postgres.url(await conn.fetchval("select current_database()"))
    with prober(url, home) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    await store.look()

    with pytest.raises(BreakerOpen) as raised:
        await made(store).call(done)
    assert raised.value.retry_after_s == pytest.approx(600, abs=60)

    await pass_time(database, 601, store)
    assert await made(store).call(done) == "done"
    assert (await row(database))["state"] == "closed"


@contextmanager
def prober(url: str, home: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process whose probe is under way."""
    with subprocess.Popen(
        [sys.executable, "-c", PROBER, url, str(home)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "probing\n"
            yield process
        finally:
            process.kill()


async def test_a_prober_that_was_taken_for_dead_has_nothing_to_say_any_more(
    stores: list[SharedBreakers], database: Database
):
    stopped, other, _ = stores
    await fail(made(stopped), RULES.threshold)
    await pass_time(database, 3_600, *stores)
    go = asyncio.Event()
    probing = asyncio.Event()

    async def late() -> str:
        probing.set()
        await go.wait()
        return "done"

    probe = asyncio.create_task(made(stopped).call(late))
    await probing.wait()
    await pass_time(database, 601, other)
    await fail(made(other))
    go.set()

    assert await probe == "done"
    assert (await row(database))["state"] == "open"


async def test_a_prober_that_lives_renews_its_lease(
    stores: list[SharedBreakers], database: Database
):
    rules = Rules(threshold=1, recovery_window_s=3_600.0, probe_lease_s=0.09)
    await fail(made(stores[0], rules))
    await pass_time(database, 3_600, *stores)

    async def probe() -> list[dict[str, Any]]:
        seen = [await row(database)]
        while len(seen) < 2 or seen[-1]["until"] == seen[0]["until"]:
            seen.append(await row(database))
        return seen

    first, *_, last = await made(stores[0], rules).call(probe)

    assert first["until"] < last["until"]
    assert {**first, "until": 0, "changed_at": 0} == {**last, "until": 0, "changed_at": 0}


async def test_a_row_that_was_removed_by_hand_closes_the_breaker_everywhere(database: Database):
    moves: list[list[State]] = [[], []]
    stores = [SharedBreakers(database, lambda m, to=to: to.append(m.after)) for to in moves]  # type: ignore[misc]
    await fail(made(stores[0]), RULES.threshold)
    await look(stores)
    async with database.acquire() as conn:
        await conn.execute("delete from ops.breakers")
    await look(stores)

    assert [await made(store).call(done) for store in stores] == ["done"] * 2
    assert moves == [[State.OPEN, State.CLOSED]] * 2
    await fail(made(stores[1]), RULES.threshold)
    assert made(stores[1]).state is State.OPEN


async def test_a_look_that_began_before_a_move_does_not_undo_it(database: Database):
    slow = SlowToAnswer(database)
    store = SharedBreakers(slow, untold)  # type: ignore[arg-type]
    looking = asyncio.create_task(store.look())
    await slow.answered.wait()
    await fail(made(store), RULES.threshold)
    slow.go.set()
    await looking

    assert made(store).state is State.OPEN


class SlowToAnswer:
    """A database whose answer of many rows is long under way."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.answered = asyncio.Event()
        self.go = asyncio.Event()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        async with self.database.acquire() as self.conn:
            self.fetchrow, self.fetchval = self.conn.fetchrow, self.conn.fetchval
            yield self

    async def fetch(self, *query: Any) -> Any:
        rows = await self.conn.fetch(*query)
        self.answered.set()
        await self.go.wait()
        return rows


async def test_the_query_of_the_guide_tells_of_each_breaker(
    stores: list[SharedBreakers], database: Database
):
    (query,) = re.findall(r"```sql\n(.*?)```", GUIDE.read_text(), flags=re.DOTALL)
    await fail(made(stores[0]), RULES.threshold)
    async with database.acquire() as conn:
        (told,) = await conn.fetch(query)

    assert (told["name"], told["state"], told["failures"]) == ("model", "open", 2)


async def test_a_call_that_succeeds_asks_the_database_nothing(database: Database):
    store = SharedBreakers(Unasked(), untold)  # type: ignore[arg-type]

    assert await made(store).call(done) == "done"


class Unasked:
    def acquire(self) -> None:
        raise AssertionError("it was asked")


async def test_a_breaker_that_is_closed_for_a_month_needs_no_row(database: Database):
    rows = """
      insert into ops.breakers (name, state, failures, generation, until, changed_at) values
        ('old', 'closed', 0, 2, null, now() - interval '31 days'),
        ('old and open', 'open', 2, 1, now(), now() - interval '31 days'),
        ('young', 'closed', 0, 2, null, now() - interval '29 days')"""
    async with database.acquire() as conn:
        await conn.execute(rows)
    async with open_shared_breakers(database):
        pass
    async with database.acquire() as conn:
        kept = await conn.fetch("select name from ops.breakers order by 1")

    assert [name for (name,) in kept] == ["old and open", "young"]


async def test_while_the_database_is_away_each_process_guards_itself(home: Path):
    moved: asyncio.Queue[State] = asyncio.Queue()
    async with AsyncExitStack() as opened:
        with running_server(home, FORGETFUL) as server:
            url = TestServer(server, home).url("postgres")
            database = await opened.enter_async_context(open_database(url, home))
            await migrate(database, partitions=1)
            store = await opened.enter_async_context(
                open_shared_breakers(database, on_move=lambda move: moved.put_nowait(move.after))
            )
            breaker = made(store)
            await fail(breaker)

        await fail(breaker)
        assert await asyncio.wait_for(moved.get(), 10) is State.OPEN
        with pytest.raises(BreakerOpen):
            await breaker.call(done)

        with running_server(home, FORGETFUL):
            # What was not kept is no more: the row knows of one failure.
            assert await asyncio.wait_for(moved.get(), 20) is State.CLOSED
            await fail(breaker)
            assert (await row(database))["state"] == "open"
            await opened.aclose()
