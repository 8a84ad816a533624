"""Circuits that processes share: rows of `ops.breakers`, by the server's clock.

Each process knows all of them and looks again every `POLL_S`, so that a call asks nobody as long as
its circuit is closed, nor while it is open. A move rests on the row as it was read and is made only
where that is still the row: no lock outlives a statement, whatever becomes of the process that
holds it. As long as the database doesn't answer, each process moves its own circuits.

So two things come late, by `POLL_S` at most: that others opened a circuit, and that one call's
success ends a row of failures that others began.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog

from eventlog.database import Conn, Database
from eventlog.lifetimes import beside
from eventlog.retrying import PASSING
from eventlog.statements import statement
from schema.errors import DatabaseUnavailable, NotReady
from service.orchestrator.breaker import UNMOVED, BreakerMoved, Move, Step, tell, untold
from service.orchestrator.circuit import Circuit, State

READ_ONE: Final = statement(__package__, "read_breaker")
READ_ALL: Final = statement(__package__, "read_breakers")
MOVE: Final = statement(__package__, "move_breaker")
FORGET: Final = statement(__package__, "forget_breakers")

POLL_S: Final = 0.25
ANSWER_TIMEOUT_S: Final = 2.0
TRIES_MAX: Final = 50
"""So often others may be faster before a move is given up."""
BREAKERS_MAX: Final = 1_000
"""So many are known here, of those that moved last."""
KEPT_S: Final = 30 * 86_400.0
"""A circuit that is closed for so long needs no row."""

SILENCE: Final = (*PASSING, NotReady)
"""What a database says that doesn't answer us; a guard goes on without it."""

log = structlog.get_logger()


class SharedBreakers:
    """Circuits in a database; made by `open_shared_breakers`."""

    def __init__(self, database: Database, on_move: Callable[[BreakerMoved], None]) -> None:
        self._database = database
        self._on_move = on_move
        self._circuits: dict[str, Circuit] = {}
        self._touched: set[str] = set()
        """What moved here since the last look began, which may not have seen it."""
        self._ahead_s = 0.0
        """The server's time less ours."""
        self._answers = True
        self._lane = asyncio.Lock()

    def known(self, name: str) -> tuple[Circuit, float]:
        """The circuit as of the last look, and the server's time as far as our clock tells it."""
        return self._circuits.get(name, UNMOVED), time.monotonic() + self._ahead_s

    async def change(self, name: str, step: Step) -> Move:
        """Do *step* to the row; to what is known here, while the database doesn't answer."""
        async with self._lane:
            before, now_s = self.known(name)
            here = Move(before=before, after=step(before, now_s), now_s=now_s)
            if here.after == before:
                return here
            if self._answers:
                try:
                    async with asyncio.timeout(ANSWER_TIMEOUT_S), self._database.acquire() as conn:
                        return await self._change_row(conn, name, step)
                except SILENCE as error:
                    self._went_silent(error)
            self._hold(name, here.after)
            return here

    async def look(self) -> None:
        """Know what the rows say now."""
        self._touched.clear()
        async with asyncio.timeout(ANSWER_TIMEOUT_S), self._database.acquire() as conn:
            rows = await conn.fetch(READ_ALL, BREAKERS_MAX)
        self._set_clock(rows[0]["now_s"])
        seen = {row["name"]: _circuit(row) for row in rows if row["name"] is not None}
        for name in (seen.keys() | self._circuits.keys()) - self._touched:
            self._hold(name, seen.get(name, UNMOVED))
            if name not in seen:
                del self._circuits[name]

    async def follow(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await asyncio.sleep(POLL_S)
            try:
                await self.look()
            except SILENCE as error:
                self._went_silent(error)
            else:
                self._answers = True

    async def _change_row(self, conn: Conn, name: str, step: Step) -> Move:
        for _ in range(TRIES_MAX):
            row = await conn.fetchrow(READ_ONE, name)
            assert row is not None  # noqa: S101 - the statement gives the time in any case.
            self._set_clock(row["now_s"])
            before = _circuit(row)
            move = Move(before=before, after=step(before, row["now_s"]), now_s=row["now_s"])
            if move.after == before or await _move(conn, name, move):
                self._touched.add(name)
                self._hold(name, move.after)
                return move
        raise DatabaseUnavailable(f"breaker {name}: others were faster {TRIES_MAX} times")

    def _hold(self, name: str, circuit: Circuit) -> None:
        before = self._circuits.get(name, UNMOVED)
        self._circuits[name] = circuit
        tell(self._on_move, name, before, circuit)

    def _set_clock(self, now_s: float) -> None:
        self._ahead_s = now_s - time.monotonic()

    def _went_silent(self, error: Exception) -> None:
        if self._answers:
            log.warning("breakers.store_lost", error=repr(error))
        self._answers = False


@asynccontextmanager
async def open_shared_breakers(
    database: Database, *, on_move: Callable[[BreakerMoved], None] = untold
) -> AsyncIterator[SharedBreakers]:
    """The circuits in *database*; `on_move` hears of each that opens or closes, here or elsewhere.

    It is called on the event loop, within `POLL_S` of what others did.
    """
    async with database.acquire() as conn:
        await conn.execute(FORGET, KEPT_S)
    breakers = SharedBreakers(database, on_move)
    await breakers.look()
    async with beside(breakers.follow()):
        yield breakers


async def _move(conn: Conn, name: str, move: Move) -> bool:
    """Whether it was made: nobody else moved the circuit since it was read."""
    to, since = move.after, move.before
    values = (name, to.state.value, to.failures, to.generation, to.until_s)
    rests_on = (since.failures, since.generation, since.until_s)
    return bool(await conn.fetchval(MOVE, *values, *rests_on))


def _circuit(row: Any) -> Circuit:
    if row["state"] is None:
        return UNMOVED
    return Circuit(
        state=State(row["state"]),
        failures=row["failures"],
        generation=row["generation"],
        until_s=row["until_s"],
    )
