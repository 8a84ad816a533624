"""Workers that each do one thing after another for a while: a closed loop."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import TypeAlias

from service.bench.bench import Sample

OnceFn: TypeAlias = Callable[[], Awaitable[object]]


async def closed_loop(workers: Sequence[OnceFn], round_s: float) -> Sample:
    """Operations per second of all *workers* at once; the first of each only warms it up."""
    for work in workers:
        await work()
    latencies_ms: list[float] = []
    began = perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for work in workers:
            tasks.create_task(_repeat(work, began + round_s, latencies_ms))
    return Sample(len(latencies_ms) / (perf_counter() - began), latencies_ms)


async def _repeat(work: OnceFn, until: float, latencies_ms: list[float]) -> None:
    began = perf_counter()
    while began < until:
        await work()
        ended = perf_counter()
        latencies_ms.append((ended - began) * 1000)
        began = ended
