"""Projections: what one is, and how one block of events becomes rows, exactly once.

A projection is applied in the transaction that moves its checkpoint. The checkpoint's row is also
the lock: whoever holds it works, everybody else passes by. When a block fails because of what its
events say, halves of it are tried until one event is left; that event's stream is parked.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import asyncpg
import structlog

from eventlog.block import Block, BlockLimits, read_block
from eventlog.database import Conn
from eventlog.statements import statement
from schema.envelope import RecordedEvent
from schema.errors import Invalid, UnknownEvent
from schema.events import Event

TAKE_CHECKPOINT: Final = statement(__package__, "take_checkpoint")
MOVE_CHECKPOINT: Final = statement(__package__, "move_checkpoint")
MOVE_HEADS: Final = statement(__package__, "move_heads")
PARK_STREAM: Final = statement(__package__, "park_stream")

POISON: Final = (
    asyncpg.DataError,  # class 22
    asyncpg.IntegrityConstraintViolationError,  # class 23
    asyncpg.ProgramLimitExceededError,  # a key too long for an index
    UnknownEvent,
    Invalid,
)
"""Faults that lie in what an event says. Any other is not the event's, and ends the projection.

An `apply` that meets odd data says so by `Invalid`; a KeyError in it is a slip of ours.
"""

ERROR_CHARACTERS_MAX: Final = 2000

ApplyFn = Callable[[Conn, Sequence[RecordedEvent]], Awaitable[None]]

log = structlog.get_logger()


@dataclass(frozen=True)
class Projection:
    """A read model's only writer.

    `apply` gets the events of `handles`, in order, all of one partition, and writes `tables` by
    set-wise statements that name them without a schema. Rows may depend on nothing but the events:
    not on where a block ends, not on a clock, not on defaults of the server.
    """

    name: str
    tables: tuple[str, ...]
    """By their names; `schema.tables` describes them. Whoever projects need not load that."""
    apply: ApplyFn
    handles: frozenset[type[Event]]
    kinds: frozenset[str] | None = None
    """The kinds of streams (`session`, `memory`) whose heads it keeps; None for all."""

    @cached_property
    def types(self) -> list[str]:
        """The stored names of what it handles."""
        return sorted(event.type for event in self.handles)

    def heads_in(self, block: Block) -> dict[str, int]:
        """Stream → the last version of it in *block*, for those whose heads it keeps."""
        heads = block.heads()
        if self.kinds is None:
            return heads
        return {name: at for name, at in heads.items() if name.partition("-")[0] in self.kinds}


@dataclass(frozen=True)
class Suspicion:
    """Where poison stands: behind position `after`, at `up_to` or before."""

    after: int = 0
    up_to: int = 0

    def narrowed(self, limits: BlockLimits, position: int) -> BlockLimits:
        """The next block behind *position*: all before the suspects, then half of what is left."""
        if position >= self.up_to:
            return limits
        left = self.up_to - position
        events = self.after - position if position < self.after else max(1, left // 2)
        return BlockLimits(events=events, bytes=limits.bytes)


class Poisoned(Exception):
    """The events of `block` could not be projected; nothing of them was written."""

    def __init__(self, block: Block, suspicion: Suspicion) -> None:
        super().__init__(f"positions {suspicion.after + 1} to {suspicion.up_to}")
        self.block = block
        self.suspicion = suspicion


async def apply_block(conn: Conn, projection: Projection, block: Block) -> None:
    """Write what *block* says into the tables on the connection's search path, heads included.

    Raises `Poisoned` when it cannot be; the transaction around it is then to be rolled back.
    """
    wanted = _decoded(block)
    try:
        if wanted:
            await projection.apply(conn, wanted)
    except POISON as error:
        raise Poisoned(block, Suspicion(block.after, block.up_to)) from error
    if heads := projection.heads_in(block):
        await conn.execute(
            MOVE_HEADS, block.partition, projection.name, list(heads), list(heads.values())
        )


def _decoded(block: Block) -> list[RecordedEvent]:
    """The wanted events; raises `Poisoned`, with the one position, when one can't be decoded."""
    decoded: list[RecordedEvent] = []
    rows = block.wanted_rows()
    try:
        for row in rows:
            decoded.append(block.recorded(row))  # noqa: PERF401 - how far we came tells which.
    except POISON as error:
        position = rows[len(decoded)]["position"]
        raise Poisoned(block, Suspicion(position - 1, position)) from error
    return decoded


async def advance(
    conn: Conn, projection: Projection, partition: int, limits: BlockLimits, suspicion: Suspicion
) -> int:
    """Apply the next block of *partition* and move the checkpoint; how many events that were.

    0 also while another process holds the checkpoint. Raises `Poisoned`.
    """
    async with conn.transaction():
        position = await conn.fetchval(TAKE_CHECKPOINT, projection.name, partition)
        if position is None:
            return 0
        block = await read_block(
            conn,
            partition,
            after=position,
            limits=suspicion.narrowed(limits, position),
            types=projection.types,
            projection=projection.name,
        )
        if block.rows:
            await apply_block(conn, projection, block)
            await conn.execute(MOVE_CHECKPOINT, projection.name, partition, block.up_to)
        return len(block.rows)


async def park(conn: Conn, projection: Projection, poisoned: Poisoned) -> None:
    """Leave the stream of the one event in *poisoned* aside, and move the checkpoint past it.

    The stream's later events are passed by until the projection is rebuilt, which needs the fault
    mended; all other streams go on.
    """
    block = poisoned.block
    error = told(poisoned.__cause__)
    async with conn.transaction():
        position = await conn.fetchval(TAKE_CHECKPOINT, projection.name, block.partition)
        if position != block.after:
            return  # Another process came first.
        parked = await conn.fetchrow(
            PARK_STREAM, block.partition, projection.name, block.up_to, error
        )
        await conn.execute(MOVE_CHECKPOINT, projection.name, block.partition, block.up_to)
    log.error(
        "projection.stream_parked",
        projection=projection.name,
        partition=block.partition,
        position=block.up_to,
        error=error,
        **dict(parked or {}),
    )


def told(error: BaseException | None) -> str:
    """*error* in one line, fit for a text column; without the rows that PostgreSQL would quote."""
    words = str(error.args[0] if isinstance(error, asyncpg.PostgresError) else error)
    words = f"{type(error).__name__}: {words}"[:ERROR_CHARACTERS_MAX]
    return " ".join(words.encode(errors="replace").decode().replace("\x00", "?").split())
