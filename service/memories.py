"""Opens what all agents remember and know, without any model that could be asked."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from eventlog.log import EventLog
from service.config import Settings
from service.definitions import Definitions
from service.graph.graphs import Graphs
from service.graph.opening import open_graphs
from service.memory.memory import Memory
from service.memory.opening import open_memory
from service.mind.lanes import Lanes
from service.store import open_store

if TYPE_CHECKING:
    from eventlog.runner import Runner
    from service.memory.embedder import Embedder


class Memories(Struct, frozen=True):
    """The log, and all that agents remember and know by it."""

    log: EventLog
    memory: Memory
    definitions: Definitions
    graphs: Graphs


@asynccontextmanager
async def open_memories(settings: Settings) -> AsyncIterator[Memories]:
    """The minds in the log that *settings* name; see `open_memory` and `open_graphs`."""
    async with open_store(settings) as log:
        definitions = Definitions(log)
        lanes = Lanes()  # One for both: a session decides upon an agent's whole mind at once.
        async with (
            open_memory(
                log,
                load_runner=lambda: _runner(log, "memory"),
                open_embedder=lambda: _embedder(settings),
                policy_of=definitions.policy_of,
                lanes=lanes,
            ) as memory,
            open_graphs(
                log,
                lanes=lanes,
                load_runner=lambda: _runner(log, "graph"),
                cache_bytes=settings.graph_cache_bytes,
                timeout_s=settings.graph_timeout_s,
            ) as graphs,
        ):
            yield Memories(log, memory, definitions, graphs)


def _runner(log: EventLog, name: str) -> "Runner":
    # Projections bring SQLModel along, which takes longer to load than all else together.
    from service.projecting import mind_runner  # noqa: PLC0415

    return mind_runner(log, name)


def _embedder(settings: Settings) -> AbstractAsyncContextManager["Embedder | None"]:
    from service.providers.embedders import open_embedder  # noqa: PLC0415 - it brings numpy along.

    return open_embedder(settings)
