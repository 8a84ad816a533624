"""The next events of one partition, bounded in number and bytes, with no position left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from eventlog.database import Conn
from eventlog.rows import recorded
from eventlog.statements import statement
from schema.envelope import RecordedEvent
from schema.errors import Broken

READ: Final = statement(__package__, "read_block")

RECORDED: Final = 10
"""How many of a row's columns make the event; the others say what to do with it."""


@dataclass(frozen=True, kw_only=True)
class BlockLimits:
    """How much one block may hold; an event larger than that comes alone."""

    events: int = 1000
    bytes: int = 4 * 1024 * 1024


@dataclass(frozen=True)
class Block:
    """What stands in `partition` behind position `after`."""

    partition: int
    after: int
    rows: Sequence[Any]

    @property
    def up_to(self) -> int:
        """The position of the last event; `after` where there is none."""
        return self.after + len(self.rows)

    def wanted_rows(self) -> list[Any]:
        """Those of `rows` that were asked for."""
        return [row for row in self.rows if row["wanted"]]

    def recorded(self, row: Any) -> RecordedEvent:
        """The event in one of the rows; raises `UnknownEvent` as `events.decode` does."""
        return recorded(self.partition, row[:RECORDED])

    def heads(self) -> dict[str, int]:
        """Each stream's last version in here, parked streams left out."""
        return {row["stream"]: row["version"] for row in self.rows if not row["parked"]}


async def read_block(
    conn: Conn,
    partition: int,
    *,
    after: int,
    limits: BlockLimits,
    types: Sequence[str] | None,
    projection: str | None,
) -> Block:
    """The events behind position *after*; those not in *types*, or parked for *projection*, unread.

    Raises `Broken` where a position is missing, which the append makes impossible.
    """
    rows = await conn.fetch(READ, partition, after, limits.events, limits.bytes, types, projection)
    if rows and rows[-1]["position"] != after + len(rows):
        raise Broken(f"partition {partition} of the log has a gap behind position {after}")
    return Block(partition, after, rows)
