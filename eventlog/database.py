"""The way to PostgreSQL: one pool as the application role, and connections of one's own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar

import asyncpg
import stamina
from asyncpg.pool import PoolConnectionProxy

from eventlog.address import EMBEDDED_DATABASE, Address
from eventlog.embedded import running_server
from eventlog.reach import APPLICATION_ROLE, UNREACHABLE, connecting, is_lost, working
from schema.errors import DatabaseUnavailable

T = TypeVar("T")

Dedicated: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
"""A connection of one's own."""

Conn: TypeAlias = "Dedicated | PoolConnectionProxy[asyncpg.Record]"
"""A connection, of one's own or lent by the pool."""

CONNECT_TIMEOUT_S: Final = 10.0
ACQUIRE_TIMEOUT_S: Final = 10.0
CLOSE_TIMEOUT_S: Final = 10.0
LAST_TRY_S: Final = 0.1
"""What is left for an attempt that begins when the time is up."""
ANSWER_GRACE_S: Final = 5.0
NO_SETTINGS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True)
class Limits:
    """How long the server lets us take; and how many connections the pool may hold."""

    statement_s: float = 30.0
    lock_s: float = 10.0
    idle_in_transaction_s: float = 60.0
    connections_max: int = 16


@dataclass(frozen=True)
class Database:
    """One database: a pool that runs as the application role, and connections for who needs one."""

    address: Address
    pool: "asyncpg.Pool[asyncpg.Record]"
    limits: Limits = Limits()

    @property
    def embedded(self) -> bool:
        """Whether the server is our own."""
        return self.address.embedded

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Conn]:
        """A connection of the pool; its loss, also within the block, is `DatabaseUnavailable`."""
        with connecting(self.address.label):
            conn = await self.pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        try:
            with working(self.address.label):
                yield conn
        except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            if not is_lost(conn, error):
                raise
            raise DatabaseUnavailable(f"{self.address.label} cut the line: {error}") from error
        finally:
            # The pool gets rid of a connection that cannot be reset. To say so here would replace
            # what the block is left with, a cancellation too.
            with suppress(*UNREACHABLE, asyncpg.InterfaceError):
                await self.pool.release(conn, timeout=CLOSE_TIMEOUT_S)

    async def connect(self, *, settings: Mapping[str, str] = NO_SETTINGS) -> Dedicated:
        """A connection of one's own as the application role; the caller closes it."""
        return await _connect(self.address, self.limits, {"role": APPLICATION_ROLE, **settings})

    async def connect_as_owner(self, *, settings: Mapping[str, str] = NO_SETTINGS) -> Dedicated:
        """A connection of one's own as the URL's role, which owns the tables."""
        return await _connect(self.address, self.limits, settings)


@asynccontextmanager
async def open_database(
    url: str | None,
    home: Path,
    *,
    limits: Limits = Limits(),
    wait_s: float = 10.0,
) -> AsyncIterator[Database]:
    """The database at *url*, or without one our own server's under *home*.

    A server that does not answer is asked again for *wait_s*, then `DatabaseUnavailable` is
    raised; `NotReady` when it refuses us. An empty database has yet to be migrated.
    """
    async with _address(url, home) as address:
        await _reach(address, limits, wait_s)
        pool = asyncpg.create_pool(
            **address.options,
            min_size=0,  # The application role may not exist yet.
            max_size=limits.connections_max,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=limits.statement_s + ANSWER_GRACE_S,
            server_settings=session_settings(limits, {"role": APPLICATION_ROLE}),
        )
        try:
            yield Database(address, await pool, limits)
        finally:
            await _close(pool)


async def reach(url: str, *, wait_s: float) -> None:
    """Return when the server at *url* takes a connection; raises as `open_database` does."""
    await _reach(Address.of_url(url), Limits(), wait_s)


def session_settings(limits: Limits, settings: Mapping[str, str]) -> dict[str, str]:
    """What every session of ours is started with; as its defaults they survive the pool's reset."""
    return {
        "application_name": "agent-runtime",
        "search_path": "public",
        "statement_timeout": _ms(limits.statement_s),
        "lock_timeout": _ms(limits.lock_s),
        "idle_in_transaction_session_timeout": _ms(limits.idle_in_transaction_s),
        "jit": "off",
        "citus.override_table_visibility": "off",  # Else the driver's look at types takes seconds.
        **settings,
    }


@asynccontextmanager
async def _address(url: str | None, home: Path) -> AsyncIterator[Address]:
    if url is not None:
        yield Address.of_url(url)
        return
    async with _in_threads(running_server(home)) as server:
        yield Address.of_socket(server.socket_folder, server.port, server.owner)


async def _reach(address: Address, limits: Limits, wait_s: float) -> None:
    """See that the server answers, and that our own one has its database."""
    now = asyncio.get_running_loop().time
    deadline = now() + wait_s
    asked = stamina.retry_context(
        on=DatabaseUnavailable,
        attempts=None,
        timeout=wait_s,
        wait_initial=0.05,
        wait_max=1.0,
        wait_jitter=0.05,
    )
    async for attempt in asked:
        with attempt:
            if address.embedded:
                await _ensure_embedded_database(address, limits)
            # A host that swallows packets would take the whole time of a connection, each time.
            timeout_s = min(CONNECT_TIMEOUT_S, max(LAST_TRY_S, deadline - now()))
            conn = await _connect(address, limits, NO_SETTINGS, timeout_s=timeout_s)
            await conn.close(timeout=CLOSE_TIMEOUT_S)


async def _ensure_embedded_database(address: Address, limits: Limits) -> None:
    first = {**address.options, "database": "postgres"}
    conn = await _connect_with(address.label, first, limits, NO_SETTINGS)
    try:
        await conn.execute(f"create database {EMBEDDED_DATABASE}")
    except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
        pass  # Made before, or by a process that started together with us.
    finally:
        await conn.close(timeout=CLOSE_TIMEOUT_S)


async def _connect(
    address: Address,
    limits: Limits,
    settings: Mapping[str, str],
    *,
    timeout_s: float = CONNECT_TIMEOUT_S,
) -> Dedicated:
    return await _connect_with(
        address.label, address.options, limits, settings, timeout_s=timeout_s
    )


async def _connect_with(
    label: str,
    options: Mapping[str, Any],
    limits: Limits,
    settings: Mapping[str, str],
    *,
    timeout_s: float = CONNECT_TIMEOUT_S,
) -> Dedicated:
    session = session_settings(limits, settings)
    statement_s = int(session["statement_timeout"]) / 1000
    with connecting(label):
        return await asyncpg.connect(
            **options,
            timeout=timeout_s,
            # Beyond the server's own limit the line is dead; 0 there means no limit.
            command_timeout=statement_s + ANSWER_GRACE_S if statement_s else None,
            server_settings=session,
        )


async def _close(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    try:
        await asyncio.wait_for(pool.close(), CLOSE_TIMEOUT_S)
    except TimeoutError:  # Somebody still holds a connection; it dies with its transaction.
        pool.terminate()


@asynccontextmanager
async def _in_threads(blocking: AbstractContextManager[T]) -> AsyncIterator[T]:
    """Enter and leave *blocking* off the event loop; what was entered is left, come what may."""
    entering = asyncio.ensure_future(asyncio.to_thread(blocking.__enter__))
    try:
        yield await _to_its_end(entering)
    finally:
        if entering.exception() is None:
            leaving = asyncio.to_thread(blocking.__exit__, None, None, None)
            await _to_its_end(asyncio.ensure_future(leaving))


async def _to_its_end(running: "asyncio.Future[T]") -> T:
    """Wait for *running* even when cancelled: a thread cannot be stopped half-way."""
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


def _ms(seconds: float) -> str:
    return str(round(seconds * 1000))
