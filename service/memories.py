"""Opens what all agents remember, without any model that could be asked."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from eventlog.log import EventLog
from service.config import Settings
from service.definitions import Policies
from service.memory.memory import Memory
from service.memory.opening import open_memory
from service.store import open_store

if TYPE_CHECKING:
    from eventlog.runner import Runner
    from service.memory.embedder import Embedder


class Memories(Struct, frozen=True):
    """The log, and all that agents remember by it."""

    log: EventLog
    memory: Memory
    policies: Policies


@asynccontextmanager
async def open_memories(settings: Settings) -> AsyncIterator[Memories]:
    """The memories in the log that *settings* name; see `open_memory`."""
    async with open_store(settings) as log:
        policies = Policies(log)
        async with open_memory(
            log,
            load_runner=lambda: _runner(log),
            open_embedder=lambda: _embedder(settings),
            policy_of=policies,
        ) as memory:
            yield Memories(log, memory, policies)


def _runner(log: EventLog) -> "Runner":
    # Projections bring SQLModel along, which takes longer to load than all else together.
    from service.projecting import memory_runner  # noqa: PLC0415

    return memory_runner(log)


def _embedder(settings: Settings) -> AbstractAsyncContextManager["Embedder | None"]:
    from service.providers.embedders import open_embedder  # noqa: PLC0415 - it brings numpy along.

    return open_embedder(settings)
