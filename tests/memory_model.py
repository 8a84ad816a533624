"""What the rows of memory must be: a model without SQL, batches or erasures, to hold them against.

It takes a stream's events one by one; an erased event is one that it is not given. Contents are
lower-case words that stemming leaves as they are.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from eventlog.database import Conn
from schema import events
from schema.events import Event

Rows = dict[str, set[tuple[Any, ...]]]

COLUMNS = {
    "episodes": "id, valid_from, valid_to, entry, ordinal, pinned, words, session, content",
    "facts": "key, valid_from, valid_to, entry, id, words, value",
    "working_memory": "key, valid_from, valid_to, used_version, value",
    "postings": "lexeme, entry, valid_to, tf, words",
    "corpora": "version, entries, words",
    "recall_counts": "entry, version, recall_count",
    "vectors": "space, entry, valid_from, valid_to",
    "memory_spaces": "valid_from, valid_to, space, dimensions",
    "unembedded": "entry",
}


async def memory_rows(conn: Conn, stream: str) -> Rows:
    """What the rows say of *stream*."""
    return {
        table: {
            tuple(row)
            for row in await conn.fetch(
                f"select {columns} from readmodel.{table} where stream = $1", stream
            )
        }
        for table, columns in COLUMNS.items()
    }


@dataclass
class Span:
    """What was so for a while."""

    values: tuple[Any, ...]
    valid_from: int
    valid_to: int | None = None


@dataclass
class Entry:
    """An episode or a fact."""

    entry: int
    words: list[str]
    ended: int | None = None


@dataclass
class Model:
    """A stream's memory."""

    derived: frozenset[str]
    """The texts that models have vectors of, in every space."""
    version: int = 0
    dimensions: int = 0
    """Of the first vector that a caller gave."""
    entries: dict[UUID, Entry] = field(default_factory=dict)
    texts: dict[UUID, str] = field(default_factory=dict)
    episodes: dict[UUID, list[Span]] = field(default_factory=dict)
    facts: dict[str, list[tuple[UUID, Span]]] = field(default_factory=dict)
    working: dict[str, list[Span]] = field(default_factory=dict)
    spaces: list[Span] = field(default_factory=list)
    vectors: dict[tuple[str, int], int] = field(default_factory=dict)
    corpora: dict[int, tuple[int, int]] = field(default_factory=dict)
    counts: list[tuple[int, int, int]] = field(default_factory=list)
    sessions: Counter[str] = field(default_factory=Counter)

    def take(  # noqa: C901, PLR0912 - a case for each event, and nothing else.
        self, version: int, id_: UUID, event: Event
    ) -> None:
        """What *event* does at *version*."""
        self.version = version
        match event:
            case events.EpisodeRecorded():
                self._open(id_, event.content, event.embedding)
                ordinal = None
                if event.session:
                    self.sessions[event.session] += 1
                    ordinal = self.sessions[event.session]
                told = (ordinal, event.pinned, event.session, event.content)
                self.episodes[id_] = [Span(told, version)]
            case events.EpisodePinned():
                if spans := self._live_episode(event.id):
                    spans[-1].valid_to = version
                    ordinal, _, *rest = spans[-1].values
                    spans.append(Span((ordinal, event.pinned, *rest), version))
            case events.EpisodeEvicted() | events.EpisodeForgotten():
                if spans := self._live_episode(event.id):
                    spans[-1].valid_to = version
                    self._close(UUID(event.id))
            case events.FactStored():
                self._remove(event.key)
                self._open(id_, f"{event.key}: {event.value}", event.embedding)
                self.facts.setdefault(event.key, []).append((id_, Span((event.value,), version)))
            case events.FactRemoved():
                self._remove(event.key)
            case events.RecallsCounted():
                for text in dict.fromkeys(event.ids):
                    if found := self._live(text):
                        before = sum(entry == found.entry for entry, _, _ in self.counts)
                        self.counts.append((found.entry, version, before + 1))
            case events.EmbeddingSpaceActivated():
                self._end(self.spaces)
                self.spaces.append(Span((event.space, event.dimensions), version))
            case events.EpisodesEmbedded():
                for text in event.ids:
                    if (found := self._live(text)) and self.texts[UUID(text)] in self.derived:
                        self.vectors.setdefault((event.space, found.entry), version)
            case events.WorkingSet():
                spans = self.working.setdefault(event.key, [])
                self._end(spans)
                spans.append(Span((version, event.value), version))
            case events.WorkingRead():
                spans = self.working.get(event.key, [])
                if spans and spans[-1].valid_to is None:
                    spans[-1].values = (version, spans[-1].values[1])
            case events.WorkingRemoved() | events.WorkingEvicted():
                self._end(self.working.get(event.key, []))
            case _:
                raise AssertionError(event)

    def rows(self) -> Rows:
        """What the rows must say."""
        ended = {entry.entry: entry.ended for entry in self.entries.values()}
        active = self.spaces[-1].values[0] if self.spaces else None
        return {
            "episodes": set(self._episode_rows()),
            "facts": {
                (key, s.valid_from, s.valid_to, s.valid_from, id_, self._words(id_), *s.values)
                for key, spans in self.facts.items()
                for id_, s in spans
            },
            "working_memory": {
                (key, s.valid_from, s.valid_to, *s.values)
                for key, spans in self.working.items()
                for s in spans
            },
            "postings": {
                (word, entry.entry, entry.ended, count, len(entry.words))
                for entry in self.entries.values()
                for word, count in Counter(entry.words).items()
            },
            "corpora": {(version, *sizes) for version, sizes in self.corpora.items()},
            "recall_counts": set(self.counts),
            "vectors": {(*name, since, ended[name[1]]) for name, since in self.vectors.items()},
            "memory_spaces": {(s.valid_from, s.valid_to, *s.values) for s in self.spaces},
            "unembedded": {
                (entry,)
                for entry, end in ended.items()
                if end is None and (active, entry) not in self.vectors
            },
        }

    def _episode_rows(self) -> Iterable[tuple[Any, ...]]:
        for id_, spans in self.episodes.items():
            for s in spans:
                ordinal, pinned, session, content = s.values
                entry = self.entries[id_].entry
                told = (ordinal, pinned, self._words(id_), session, content)
                yield id_, s.valid_from, s.valid_to, entry, *told

    def _words(self, id_: UUID) -> int:
        return len(self.entries[id_].words)

    def _open(self, id_: UUID, text: str, given: Sequence[float]) -> None:
        self.entries[id_] = Entry(self.version, text.replace(":", "").split())
        self.texts[id_] = text
        self.dimensions = self.dimensions or len(given)
        if given and len(given) == self.dimensions:
            self.vectors["given", self.version] = self.version
        self._weigh()

    def _close(self, id_: UUID) -> None:
        self.entries[id_].ended = self.version
        self._weigh()

    def _weigh(self) -> None:
        live = [entry for entry in self.entries.values() if entry.ended is None]
        self.corpora[self.version] = (len(live), sum(len(entry.words) for entry in live))

    def _remove(self, key: str) -> None:
        if (spans := self.facts.get(key)) and spans[-1][1].valid_to is None:
            spans[-1][1].valid_to = self.version
            self._close(spans[-1][0])

    def _live(self, text: str) -> Entry | None:
        found = next((entry for id_, entry in self.entries.items() if str(id_) == text), None)
        return found if found and found.ended is None else None

    def _live_episode(self, text: str) -> list[Span] | None:
        live = self._live(text)
        return self.episodes.get(UUID(text)) if live else None

    def _end(self, spans: list[Span]) -> None:
        if spans and spans[-1].valid_to is None:
            spans[-1].valid_to = self.version
