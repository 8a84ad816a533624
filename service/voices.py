"""What models are saying in this process, for those who look on: kept for a moment only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final
from uuid import UUID

from schema.envelope import RecordedEvent

CHARACTERS_MAX: Final = 262_144
"""Of one thought, that those who look on are told; its event has all of it."""

_thoughts: Final = count(1)


def _unheard(_session_id: UUID) -> None:
    """Nobody listens."""


@dataclass
class Voice:
    """The watcher of one session, which keeps the words of the thought that is under way."""

    session_id: UUID
    on_said: Callable[[UUID], None]
    thought: int = 0
    """Of this process; the words of different ones do not go together. 0 between two."""
    behind: int = 0
    """The version of the session that the thought comes after."""
    words: list[str] = field(default_factory=list)
    _characters: int = 0

    def thinking(self) -> None:
        """Begin a thought; the words so far do not count."""
        self.thought = next(_thoughts)
        self.words, self._characters = [], 0
        self.on_said(self.session_id)

    def said(self, delta: str) -> None:
        """Keep the next words, as far as they fit."""
        if self._characters + len(delta) <= CHARACTERS_MAX:
            self.words.append(delta)
            self._characters += len(delta)
            self.on_said(self.session_id)

    def recorded(self, fact: RecordedEvent) -> None:
        """The log tells it from here on."""
        self.behind = max(self.behind, fact.version)
        self.thought = 0
        self.words, self._characters = [], 0


class Voices:
    """The voices of the sessions that are driven in this process."""

    def __init__(self) -> None:
        self.on_said: Callable[[UUID], None] = _unheard
        """Told of each session that has said something."""
        self._speaking: dict[UUID, Voice] = {}

    def of(self, session_id: UUID) -> Voice | None:
        """The session's voice; None where it is not driven here."""
        return self._speaking.get(session_id)

    @contextmanager
    def speaking(self, session_id: UUID) -> Iterator[Voice]:
        """Who watches the session while the block drives it."""
        voice = Voice(session_id, self._tell)
        self._speaking[session_id] = voice
        try:
            yield voice
        finally:
            self._speaking.pop(session_id, None)

    def _tell(self, session_id: UUID) -> None:
        self.on_said(session_id)  # Who listens may come after the voice.
