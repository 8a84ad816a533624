"""How exact an index on nearness is: what it found lately, beside what a scan would have found."""

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from eventlog.database import Conn
from eventlog.statements import statement
from service.memory.sending import fetch_by_vector, sent

if TYPE_CHECKING:
    from service.memory.embedder import Vector

NEAREST_BY_SCAN: Final = statement(__package__, "nearest_by_scan")

KEPT: Final = 20
"""The questions that are kept: the last ones of the process."""
AMONG: Final = 10
"""How many of the nearest are compared."""
ALIKE: Final = 1e-6
"""Distances that differ by no more are the same."""


class Asked(Struct, frozen=True, kw_only=True):
    """A question that an index answered."""

    partition: int
    stream: str
    version: int
    """Of the memory, when it was asked; the scan looks there."""
    space: str
    vector: "Vector"
    distances: Sequence[float]
    """Of the nearest that the index found, the nearest first."""


class Exactness:
    """What indexes answered lately in this process."""

    def __init__(self) -> None:
        self._asked: deque[Asked] = deque(maxlen=KEPT)

    @property
    def kept(self) -> int:
        """How many questions are kept."""
        return len(self._asked)

    def note(self, asked: Asked) -> None:
        """Keep *asked* until it is among the last ones no more."""
        self._asked.append(asked)

    async def measure(self, conn: Conn) -> float | None:
        """The share, from 0 to 1, of the ten nearest that were found; None where none was asked.

        Costs a scan for each question that is kept.
        """
        found = [await _share(conn, asked) for asked in tuple(self._asked)]
        shares = [share for share in found if share is not None]
        return sum(shares) / len(shares) if shares else None


async def _share(conn: Conn, asked: Asked) -> float | None:
    """How much of what is nearest *asked* found; None where by now nothing is left to compare."""
    rows = await fetch_by_vector(
        conn,
        NEAREST_BY_SCAN,
        asked.partition,
        asked.stream,
        asked.space,
        sent(asked.vector),
        asked.version,
        AMONG,
    )
    if not rows:
        return None
    farthest: float = rows[-1]["distance"] + ALIKE
    found: int = sum(distance <= farthest for distance in asked.distances[: len(rows)])
    return found / len(rows)


lately: Final = Exactness()
"""The process's own: an index is asked deep below whoever wants to know."""
