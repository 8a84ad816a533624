"""Which events of a session lost their data, and which events record that they did."""

from collections.abc import Iterator

from schema.envelope import RecordedEvent
from schema.events import Erased, EventsErased


class Erasures:
    """What was erased so far, beside what was recorded of it."""

    def __init__(self) -> None:
        self._types: list[str] = []
        """Of each event, by its version less one."""
        self._gone: set[int] = set()
        self._named: set[int] = set()

    def take(self, fact: RecordedEvent) -> None:
        """Note *fact*, the next event of the session."""
        self._types.append(fact.type)
        if isinstance(fact.event, Erased):
            self._gone.add(fact.version)
        self.hear(fact)

    def hear(self, fact: RecordedEvent) -> None:
        """Note only what *fact*, any event of the session, says of others."""
        if isinstance(fact.event, EventsErased):
            self._named.update(fact.event.versions)

    def kept(self, erasure: EventsErased) -> Iterator[tuple[int, str]]:
        """Version and type of what *erasure* names and what has its data.

        Only the record of another erasure may: it is never erased.
        """
        for version in sorted(erasure.versions):
            within = 1 <= version <= len(self._types)
            if within and version not in self._gone and not self._is_record(version):
                yield version, self._types[version - 1]

    def unrecorded(self) -> Iterator[tuple[int, str]]:
        """Version and type of what has no data although no erasure may have taken it."""
        for version in sorted(self._gone):
            if version not in self._named or self._is_record(version):
                yield version, self._types[version - 1]

    def _is_record(self, version: int) -> bool:
        return self._types[version - 1] == EventsErased.type
