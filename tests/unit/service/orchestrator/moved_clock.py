"""An event loop whose clock jumps to the next timer as soon as nothing else is left to do."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

SETTLED_AFTER = 20
"""So many turns of the loop are more than any of our tasks needs to come to its next wait."""


class Jumping(selectors.DefaultSelector):
    """Waits by moving the clock. What comes from threads is waited for in truth."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            return super().select(timeout)
        ready = super().select(0)
        if not ready:
            self.now_s += timeout
        return ready


class MovedLoop(asyncio.SelectorEventLoop):
    """A loop on which an hour takes no time."""

    def __init__(self) -> None:
        self.jumping = Jumping()
        super().__init__(self.jumping)

    def time(self) -> float:
        return self.jumping.now_s


def runner() -> asyncio.Runner:
    return asyncio.Runner(loop_factory=MovedLoop)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run *main* to its end on a clock that starts at 0."""
    with runner() as on:
        return on.run(main)


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def settle() -> None:
    """Let every task come to its next wait, without moving the clock."""
    for _ in range(SETTLED_AFTER):
        await asyncio.sleep(0)
