"""Episodes and facts with all that goes with them: their words, and how much there is of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from eventlog.database import Conn
from eventlog.statements import statement
from schema.envelope import RecordedEvent
from service.projections.episodes import change_episodes, open_episodes, recorded_episodes
from service.projections.facts import close_facts, fact_spans, open_facts
from service.projections.opened import Opened, Words, index_words
from service.projections.setwise import Row, execute_for, groups_of

CLOSE_POSTINGS: Final = statement(__package__, "close_postings")
ADD_CORPORA: Final = statement(__package__, "add_corpora")

WORDS_CLOSED: Final = 50_000
"""The words that one statement ends, so that none takes long."""
WORDS_READ: Final = 1000
"""What it takes to find an entry's words again, as so many of them."""


@dataclass(frozen=True)
class Entries:
    """What a batch did to what is remembered."""

    opened: Sequence[Opened]
    closed: Sequence[tuple[int, str, int, int]]
    """Partition, stream, entry, and the version that ended it; not what the batch itself opened
    and then ended, if that is a fact."""


async def apply_entries(conn: Conn, batch: Sequence[RecordedEvent]) -> Entries:
    """Bring episodes and facts to the last event in *batch*."""
    episodes, spans = recorded_episodes(batch), fact_spans(batch)
    facts = [span.value for span in spans.begun]
    words = await index_words(conn, [*episodes, *facts])
    await open_episodes(conn, episodes, words)
    gone = await change_episodes(conn, batch) + await close_facts(conn, spans)
    await open_facts(conn, facts, words)
    entries = Entries(
        [*episodes, *facts],
        [_closed(row) for row in gone],
    )
    for group in groups_of(gone, lambda row: WORDS_READ + int(row["words"]), WORDS_CLOSED):
        await execute_for(conn, CLOSE_POSTINGS, map(_closed, group))
    await execute_for(conn, ADD_CORPORA, _growth(entries.opened, words, gone))
    return entries


def _closed(row: Any) -> tuple[int, str, int, int]:
    return row["partition"], row["stream"], row["entry"], row["valid_to"]


def _growth(opened: Sequence[Opened], words: Words, gone: Sequence[Any]) -> Iterator[Row]:
    """Per version, how many entries and words came to a stream; less than none where they went."""
    growth: dict[tuple[int, str, int], tuple[int, int]] = {}

    def add(place: tuple[int, str, int], entries: int, count: int) -> None:
        before = growth.get(place, (0, 0))
        growth[place] = before[0] + entries, before[1] + count

    for entry in opened:
        partition, stream, version = entry.place
        count = words[stream, version]
        add(entry.place, 1, count)
        if entry.valid_to is not None:
            add((partition, stream, entry.valid_to), -1, -count)
    for row in gone:
        add((row["partition"], row["stream"], row["valid_to"]), -1, -row["words"])
    for place, (entries, count) in growth.items():
        yield *place, entries, count
