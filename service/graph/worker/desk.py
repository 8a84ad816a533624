"""One question after the other, as a worker answers them."""

import asyncio
import traceback
from itertools import islice
from pathlib import Path
from typing import Final

from schema.errors import AgentRuntimeError, Broken, PayloadTooLarge
from schema.messages.graph import checked_query
from service.graph.algorithms.answering import answer
from service.graph.algorithms.merging import merge
from service.graph.picture import Graph
from service.graph.worker.frames import FRAME_BYTES_MAX, framed, packed, unpacked
from service.graph.worker.interrupts import Interrupted, Interrupts
from service.graph.worker.kept import Kept
from service.graph.worker.words import Answer, Ask, CalledBack, Compare, Failure, Reply

RESULT_BYTES_MAX: Final = FRAME_BYTES_MAX - 4096
"""The rest of a frame is for its head."""
COMPARED_BYTES_MAX: Final = 16 << 20
"""Of events in the answer to a comparison; one more may stand behind that."""


class Desk:
    """Answers questions from the graphs that are kept here."""

    def __init__(self, kept: Kept, interrupts: Interrupts) -> None:
        self._kept = kept
        self._interrupts = interrupts

    async def reply(self, question: bytes) -> bytes:
        """The frame that answers *question*, or says why there is no answer."""
        task = asyncio.ensure_future(self._reply(question))
        with self._interrupts.question(task):
            await asyncio.wait({task})
        if task.cancelled():
            return framed(packed(CalledBack()))
        head, result = task.result()
        return framed(packed(head), result)

    async def _reply(self, question: bytes) -> tuple[Reply, bytes]:
        try:
            version, result = await self._result(unpacked(question, Ask | Compare))
        except AgentRuntimeError as error:
            return Failure.of(error), b""
        except Interrupted:
            return CalledBack(), b""
        except Exception as fault:  # noqa: BLE001 - who asked must hear of it; they log it, too.
            return Failure.of(Broken(_words(fault))), b""
        return Answer(version=version, loads=self._kept.loads), result

    async def _result(self, question: Ask | Compare) -> tuple[int, bytes]:
        if isinstance(question, Compare):
            other = await self._kept.graph(question.other)
            own = await self._kept.graph(question.own)
            limit = question.limit
            return own.version, self._interrupts.computed(lambda: _lacking(own, other, limit))
        graph = await self._kept.graph(question.place)
        query = checked_query(question.query)
        return graph.version, self._interrupts.computed(lambda: _fitting(answer(graph, query)))


def _words(fault: Exception) -> str:
    """Of what kind it is and where; its own words may be the graph's."""
    at = traceback.extract_tb(fault.__traceback__)[-1]
    return f"a question broke: {type(fault).__name__} in {Path(at.filename).name}:{at.lineno}"


def _fitting(result: object) -> bytes:
    body = packed(result)
    if len(body) > RESULT_BYTES_MAX:
        raise PayloadTooLarge(
            "op",
            f"the answer has {len(body)} bytes, more than {RESULT_BYTES_MAX}: "
            "ask for less, by limit, kinds or labels",
        )
    return body


def _lacking(own: Graph, other: Graph, limit: int) -> bytes:
    """How many events *own* is away from holding all of *other*, and the first of them."""
    lacking = merge(own, other)
    events: list[bytes] = []
    size_bytes = 0
    for event in islice(lacking, limit):
        events.append(packed({"type": event.type, "data": event}))
        size_bytes += len(events[-1])
        if size_bytes > COMPARED_BYTES_MAX:
            break
    left = len(events) + sum(1 for _ in lacking)
    return b'{"left":%d,"events":[%s]}' % (left, b",".join(events))
