"""Two workers, so that a question that takes long holds up none that does not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from msgspec import Struct

from eventlog.address import Address
from schema.messages import graph as asked
from service.graph.worker.process import Child, driver_environment
from service.graph.worker.words import Ask, Place, Start
from service.graph.worker.worker import Result, Worker

SLOW_NICENESS: Final = 5
"""What takes long leaves the processor to what somebody waits for, but for a quarter or so."""


class Workers(Struct, frozen=True, kw_only=True):
    """The processes that answer questions about whole graphs."""

    quick: Worker
    slow: Worker

    async def ask(
        self, place: Place, query: asked.Query, said: dict[str, Any], *, timeout_s: float
    ) -> Result:
        """The answer to *query* (*said*, in JSON's words) about the graph of *place*."""
        worker = self.slow if _takes_long(query) else self.quick
        return await worker.ask(Ask(place=place, query=said), timeout_s=timeout_s)


@asynccontextmanager
async def open_workers(address: Address, *, cache_bytes: int) -> AsyncIterator[Workers]:
    """Workers over the database at *address*; each may hold graphs of *cache_bytes*."""
    start = Start(
        label=address.label,
        options=dict(address.options),
        environment=driver_environment(),
        cache_bytes=cache_bytes,
    )
    workers = Workers(
        quick=Worker("quick", lambda: Child.start(start, niceness=0)),
        slow=Worker("slow", lambda: Child.start(start, niceness=SLOW_NICENESS)),
    )
    try:
        yield workers
    finally:
        await workers.quick.stop()
        await workers.slow.stop()


def _takes_long(query: asked.Query) -> bool:
    if isinstance(query, asked.Closure):
        return query.start is None
    return isinstance(query, asked.Betweenness | asked.Communities | asked.Cycles)
