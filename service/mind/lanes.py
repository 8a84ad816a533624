"""Who decides upon a part of an agent's mind in this process: one after the other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Lanes:
    """A lane for each agent that somebody is busy with, and for no other."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def lane(self, agent_id: str) -> AsyncIterator[None]:
        """Within it nobody else here decides upon that agent's part; first come, first served.

        It spares conflicts and proves nothing: other processes have lanes of their own.
        """
        lock = self._locks.get(agent_id)
        if lock is None:
            lock = self._locks[agent_id] = asyncio.Lock()
        async with lock:
            yield

    def __len__(self) -> int:
        return len(self._locks)
