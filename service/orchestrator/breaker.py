"""Circuit breakers: what fails all the time is left alone for a while, then tried by one call."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from eventlog.lifetimes import beside
from schema.errors import BreakerOpen, Broken, Invalid, Refused, Shed
from service.orchestrator.circuit import (
    Circuit,
    Rules,
    State,
    failed,
    probed,
    released,
    renewed,
    succeeded,
)

T = TypeVar("T")

NAME_CHARS_MAX: Final = 200
RENEWALS_PER_LEASE: Final = 3
CIRCUITS_MAX: Final = 10_000
UNMOVED: Final = Circuit()

Step = Callable[[Circuit, float], Circuit]
"""What becomes of a circuit, at a time in seconds by its store's clock."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """What a step did to a circuit."""

    before: Circuit
    after: Circuit
    now_s: float


@dataclass(frozen=True, kw_only=True)
class BreakerMoved:
    """A breaker came into another state: for logs, metrics, events."""

    name: str
    before: State
    after: State
    failures: int
    """So many in a row."""


def untold(_: BreakerMoved) -> None:
    """Tell nobody."""


class BreakerStore(Protocol):
    """Where circuits are kept, by name."""

    def known(self, name: str) -> tuple[Circuit, float]:
        """The circuit as far as it's known here, without asking anybody, and the time in seconds.

        One that nobody ever moved is closed.
        """

    async def change(self, name: str, step: Step) -> Move:
        """Do *step* to the circuit, while nobody else does theirs."""


def counts(error: Exception) -> bool:
    """Whether *error* speaks against what was called, and not against who called it."""
    return not isinstance(error, Refused | Broken | Shed | BreakerOpen)


class Breaker:
    """Calls functions that reach one thing, by *name*, as long as that makes sense.

    Errors come out as they are. `BreakerOpen` is raised instead of a call while the circuit is open
    or its probe is under way. An error that *counts* denies says nothing, and moves nothing.
    """

    def __init__(
        self,
        name: str,
        rules: Rules,
        store: BreakerStore,
        *,
        counts: Callable[[Exception], bool] = counts,
    ) -> None:
        if not (0 < len(name) <= NAME_CHARS_MAX and name.isprintable()):
            raise Invalid("name", f"a breaker needs 1 to {NAME_CHARS_MAX} printable characters")
        self.name = name
        self._rules = rules
        self._store = store
        self._counts = counts

    @property
    def state(self) -> State:
        """What it is in, as far as it's known here."""
        return self._store.known(self.name)[0].state

    async def call(self, fn: Callable[[], Awaitable[T]]) -> T:
        """What *fn* returns."""
        circuit = await self._admitted()
        try:
            if circuit.state is State.CLOSED:
                result = await fn()
            else:
                result = await self._probe(fn, circuit.generation)
        except Exception as error:
            await (self._failed if self._counts(error) else self._released)(circuit)
            raise
        except asyncio.CancelledError:
            await self._released(circuit)
            raise
        await self._succeeded(circuit)
        return result

    async def _admitted(self) -> Circuit:
        """The circuit that lets us pass; half open means that we are the probe."""
        circuit, now_s = self._store.known(self.name)
        if circuit.state is State.CLOSED:
            return circuit
        if circuit.admits(now_s):
            move = await self._store.change(self.name, lambda c, now: probed(c, now, self._rules))
            circuit, now_s = move.after, move.now_s
            if circuit.state is State.CLOSED or circuit.generation != move.before.generation:
                return circuit
        raise BreakerOpen(self.name, max(0.0, circuit.until_s - now_s))

    async def _probe(self, fn: Callable[[], Awaitable[T]], generation: int) -> T:
        """Call *fn* as the one probe, however long it takes."""
        fault: Exception | None = None
        async with beside(self._renew(generation)):
            try:
                result = await fn()
            except Exception as error:  # noqa: BLE001 - raised below, where no group wraps it.
                fault = error
        if fault is not None:
            raise fault
        return result

    async def _renew(self, generation: int) -> None:
        while True:
            await asyncio.sleep(self._rules.probe_lease_s / RENEWALS_PER_LEASE)
            await self._store.change(
                self.name, lambda c, now: renewed(c, generation, now, self._rules)
            )

    async def _succeeded(self, admitted: Circuit) -> None:
        circuit, _ = self._store.known(self.name)
        if circuit.state is State.CLOSED and not circuit.failures:
            return  # The way of nearly all calls, on which nobody is asked.
        await self._store.change(self.name, lambda c, _: succeeded(c, admitted.generation))

    async def _failed(self, admitted: Circuit) -> None:
        await self._store.change(
            self.name, lambda c, now: failed(c, admitted.generation, now, self._rules)
        )

    async def _released(self, admitted: Circuit) -> None:
        if admitted.state is not State.CLOSED:
            await self._store.change(self.name, lambda c, _: released(c, admitted.generation))


class LocalBreakers:
    """Circuits of this process alone."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        on_move: Callable[[BreakerMoved], None] = untold,
    ) -> None:
        self._clock = clock
        self._on_move = on_move
        self._circuits: dict[str, Circuit] = {}

    def known(self, name: str) -> tuple[Circuit, float]:
        """The circuit, and the time."""
        return self._circuits.get(name, UNMOVED), self._clock()

    async def change(self, name: str, step: Step) -> Move:
        """Do *step*; nothing is awaited, so nobody comes between."""
        before, now_s = self.known(name)
        after = step(before, now_s)
        if after != before:
            self._circuits[name] = after
            self._forget_some()
            tell(self._on_move, name, before, after)
        return Move(before=before, after=after, now_s=now_s)

    def _forget_some(self) -> None:
        """Forget a circuit that stands as if nobody had moved it, where there are too many."""
        if len(self._circuits) > CIRCUITS_MAX:
            closed = (n for n, c in self._circuits.items() if c.state is State.CLOSED)
            self._circuits.pop(next(closed, next(iter(self._circuits))))


def tell(
    on_move: Callable[[BreakerMoved], None], name: str, before: Circuit, after: Circuit
) -> None:
    """Tell of a circuit that came into another state."""
    if before.state is not after.state:
        on_move(
            BreakerMoved(name=name, before=before.state, after=after.state, failures=after.failures)
        )
