"""A signal between tasks: sent many times, heard by all who took hold of the next one before."""

import asyncio


class Signal:
    """Whoever takes `next` before looking hears each `send` that comes after."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def next(self) -> asyncio.Event:
        """The sending to come."""
        return self._next

    def send(self) -> None:
        """Wake all who wait for it, and begin another."""
        self._next.set()
        self._next = asyncio.Event()


async def heard(sending: asyncio.Event, timeout_s: float) -> bool:
    """Whether *sending* came before *timeout_s* had passed."""
    try:
        async with asyncio.timeout(timeout_s):
            await sending.wait()
    except TimeoutError:
        return False
    return True
