"""Recall inside memories of 1,000, 10,000 and 100,000 entries, beside raw queries of pgvector."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import median
from time import perf_counter
from typing import Any, Final, TypeAlias

import numpy as np

from eventlog.database import Conn, Database, Dedicated
from eventlog.statements import statement
from schema.events import MemoryPolicy
from schema.ids import memory_stream
from service.bench.bench import Bench, Budget, Contest, Sample
from service.bench.recall.ground import (
    AGENTS,
    MANY,
    OTHER_ENTRIES,
    SPACE,
    fill,
    vector_bytes,
)
from service.bench.recall.likely import DIMENSIONS, Likely, Vectors
from service.bench.recall.remembering import BEGUN
from service.memory.ann import Prospect, nearest, prospect_of
from service.memory.search import Question, find
from service.memory.sending import fetch_by_vector, sent
from service.mind.place import Coordinate

NEAREST_BY_SCAN: Final = statement("service.memory", "nearest_by_scan")
RAW_BY_SCAN: Final = statement("service.bench", "raw_nearest_by_scan")
RAW_BY_INDEX: Final = statement("service.bench", "raw_nearest_by_index")
RAW_WORDS: Final = statement("service.bench", "raw_words")
RAW_AGENT: Final = statement("service.bench", "raw_agent")
HEAD: Final = statement("service.bench", "memory_head")

QUESTIONS: Final = 40
QUESTION_WORDS: Final = 7
TOP: Final = 10
BY_INDEX: Final = 33
"""How many our index is asked for where ten are wanted: it then looks at about 40, as raw."""
BEST: Final = {
    "max_parallel_workers_per_gather": "0",
    "enable_bitmapscan": "off",
    "enable_seqscan": "off",
}
"""What makes raw queries fastest; their index on nearness looks at 40, which is its default."""

AskFn: TypeAlias = Callable[[int], Awaitable[Sequence[int]]]
"""Asks one of the questions; the entries found, the best first."""


def recall_benches(*, vectors: Budget, exact: Budget, blend: Budget, as_of: Budget) -> list[Bench]:
    """Three benches for each size, all on one ground."""
    return [
        _bench(name, agent_id, budgets)
        for agent_id in AGENTS
        for name, budgets in (
            ("recall_vectors", (vectors, exact)),
            ("recall_blend", (blend,)),
            ("recall_as_of", (as_of,)),
        )
    ]


def _bench(name: str, agent_id: str, budgets: tuple[Budget, ...]) -> Bench:
    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with AsyncExitStack() as opened:
            ours = await opened.enter_async_context(database.acquire())
            raw = await database.connect_as_owner(settings=BEST)
            opened.push_async_callback(raw.close)
            yield await (await _Asking.of(agent_id, ours, raw)).contest(name)

    return Bench(
        name=name,
        params={
            "entries": AGENTS[agent_id],
            "others": OTHER_ENTRIES,
            "dimensions": DIMENSIONS,
        },
        unit="ms",
        prepare=prepare,
        budgets=budgets,
        ground=fill,
    )


class _Asking:
    """The same questions to our tables and to raw ones."""

    def __init__(
        self, agent_id: str, ours: Conn, raw: Dedicated, prospect: Prospect, number: int
    ) -> None:
        self._agent_id = agent_id
        self._stream = memory_stream(agent_id)
        self._ours = ours
        self._raw = raw
        self._number = number
        self._prospect = prospect
        self._place = Coordinate(version=prospect.version, at=BEGUN)
        likely = Likely(99)
        self._vectors: Vectors = likely.vectors(QUESTIONS)
        self._bytes = [vector_bytes(vector) for vector in self._vectors]
        self._texts = likely.texts(QUESTIONS, QUESTION_WORDS)

    @classmethod
    async def of(cls, agent_id: str, ours: Conn, raw: Dedicated) -> "_Asking":
        """Ready to ask the memory of *agent_id*."""
        await raw.set_type_codec(
            "vector", schema="public", encoder=lambda v: v, decoder=bytes, format="binary"
        )
        await raw.execute("select '[1]'::vector")  # Which loads the extension and its settings.
        stream = memory_stream(agent_id)
        head = Coordinate(version=await raw.fetchval(HEAD, stream), at=BEGUN)
        prospect = await prospect_of(ours, 0, stream, head, SPACE)
        if prospect.can_use_index != (agent_id == MANY):
            raise AssertionError(f"the way to the nearest is another than measured: {prospect}")
        number = await raw.fetchval(RAW_AGENT, stream)
        return cls(agent_id, ours, raw, prospect, number)

    async def contest(self, name: str) -> Contest:
        """Ours and the floor of the bench *name*."""
        match name:
            case "recall_vectors":
                exactness = {"recall@10": await self._exactness()}
                return Contest(_rounds(self._our_vectors, exactness), _rounds(self._raw_vectors))
            case "recall_blend":
                return Contest(_rounds(self._blend), _rounds(self._raw_both))
            case _:
                return Contest(_rounds(self._scan_as_of), _rounds(self._scan))

    async def _our_vectors(self, n: int) -> Sequence[int]:
        if self._agent_id != MANY:
            return await self._scan(n)
        near = await nearest(self._ours, self._prospect, self._vectors[n], BY_INDEX)
        if near is None:
            raise AssertionError("the rows have moved on while they were asked")
        return near[0][:TOP]

    async def _scan(self, n: int) -> Sequence[int]:
        return await self._scan_at(n, self._place.version)

    async def _scan_as_of(self, n: int) -> Sequence[int]:
        """As of when all was remembered, and nothing forgotten."""
        return await self._scan_at(n, AGENTS[self._agent_id])

    async def _scan_at(self, n: int, version: int) -> Sequence[int]:
        vector = sent(self._vectors[n])
        rows = await fetch_by_vector(
            self._ours, NEAREST_BY_SCAN, 0, self._stream, SPACE, vector, version, TOP
        )
        return [row["entry"] for row in rows]

    async def _blend(self, n: int) -> Sequence[int]:
        question = Question(query=self._texts[n], vector=self._vectors[n], space=SPACE, limit=TOP)
        found = await find(self._ours, 0, self._stream, self._place, question, MemoryPolicy())
        return [len(item.content) for item in found.items]

    async def _raw_vectors(self, n: int) -> Sequence[int]:
        sql = RAW_BY_INDEX if self._agent_id == MANY else RAW_BY_SCAN
        rows = await self._raw.fetch(sql.format(agent=self._number), self._bytes[n])
        return [row["id"] for row in rows]

    async def _raw_both(self, n: int) -> Sequence[int]:
        words = " | ".join(self._texts[n].split())
        await self._raw.fetch(RAW_WORDS.format(agent=self._number), words)
        return await self._raw_vectors(n)

    async def _exactness(self) -> float:
        """How many of the ten nearest our way finds; a raw scan says which those are."""
        shares = []
        for n in range(QUESTIONS):
            rows = await self._raw.fetch(RAW_BY_SCAN.format(agent=self._number), self._bytes[n])
            shares.append(len({row["id"] for row in rows} & {*await self._our_vectors(n)}) / TOP)
        return float(np.mean(shares))


def _rounds(ask: AskFn, also: Mapping[str, float] | None = None) -> Any:
    """One question after another for a while; the value is what one takes."""

    async def measure(round_s: float) -> Sample:
        await ask(0)
        latencies_ms: list[float] = []
        until = perf_counter() + round_s
        while not latencies_ms or perf_counter() < until:
            began = perf_counter()
            await ask(len(latencies_ms) % QUESTIONS)
            latencies_ms.append((perf_counter() - began) * 1000)
        return Sample(median(latencies_ms), latencies_ms, also or {})

    return measure
