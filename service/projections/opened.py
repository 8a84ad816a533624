"""Entries that a batch opens: episodes and facts, and the words that they are found by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from eventlog.database import Conn
from eventlog.statements import statement
from schema import events
from schema.envelope import RecordedEvent
from service.projections.setwise import fetch_for, groups_of

INDEX: Final = statement(__package__, "index_entries")

INDEXED_CHARACTERS: Final = 1 << 20
"""What one statement is given to index, so that none takes long."""

FIRST: Final = datetime.min.replace(tzinfo=UTC)
LAST: Final = datetime.max.replace(tzinfo=UTC)

Words: TypeAlias = dict[tuple[str, int], int]
"""The length of each entry, by its stream and its version."""


@dataclass
class Opened:
    """An episode or a fact that a batch records."""

    recorded: RecordedEvent
    event: events.EpisodeRecorded | events.FactStored
    text: str
    """What it is found by."""
    valid_to: int | None = None
    """Set where the same batch ends a fact."""

    @property
    def place(self) -> tuple[int, str, int]:
        """Partition, stream, entry."""
        return self.recorded.partition, self.recorded.stream, self.recorded.version


async def index_words(conn: Conn, opened: Sequence[Opened]) -> Words:
    """Add the words of entries; how many each has."""
    words: Words = {}
    for group in groups_of(opened, lambda entry: len(entry.text), INDEXED_CHARACTERS):
        rows = await fetch_for(conn, INDEX, ((*o.place, o.valid_to, o.text) for o in group))
        words |= {(row["stream"], row["entry"]): row["words"] for row in rows}
    return words


def in_utc(moment: datetime | None) -> datetime | None:
    """*moment* as PostgreSQL takes it; at the ends of the calendar its zone may not fit in."""
    if moment is None:
        return None
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return FIRST if moment.year == 1 else LAST
