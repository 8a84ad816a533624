"""Backpressure: how much may be under way at once, and a warning before that."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from schema.errors import Invalid, Shed


@dataclass(frozen=True)
class Pressure:
    """How full it is."""

    depth: int
    """So many are under way."""
    soft_limit: int
    capacity: int


def untold(_: Pressure) -> None:
    """Tell nobody."""


class Backpressure:
    """Admits at most *capacity* at once, and sheds the rest: nobody waits.

    `on_pressure` is told when the depth comes up to *soft_limit*, and again only after it has been
    below. *what* names, in the plural, what is admitted.
    """

    def __init__(
        self,
        *,
        capacity: int,
        soft_limit: int | None = None,
        what: str = "requests",
        on_pressure: Callable[[Pressure], None] = untold,
    ) -> None:
        if capacity < 1:
            raise Invalid("capacity", f"{capacity} is less than 1")
        if soft_limit is not None and not 1 <= soft_limit < capacity:
            raise Invalid("soft_limit", f"{soft_limit} is not between 1 and {capacity - 1}")
        self.capacity = capacity
        self.soft_limit = soft_limit
        self._what = what
        self._on_pressure = on_pressure
        self._depth = 0

    @property
    def depth(self) -> int:
        """How many are under way."""
        return self._depth

    @contextmanager
    def admit(self) -> Iterator[None]:
        """A place for as long as the block lasts; raises `Shed` where there is none.

        There is no `await` between taking a place and the block, nor after it, so that no
        cancellation comes between.
        """
        if self._depth >= self.capacity:
            raise Shed(self._what, depth=self._depth, capacity=self.capacity)
        self._depth += 1
        try:
            if self._depth == self.soft_limit:
                self._on_pressure(Pressure(self._depth, self.soft_limit, self.capacity))
            yield
        finally:
            self._depth -= 1
