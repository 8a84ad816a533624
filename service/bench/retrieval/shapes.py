"""What retrieval is measured on: conversations, and questions whose evidence is known."""

from datetime import datetime

from msgspec import Struct


class Turn(Struct, frozen=True, kw_only=True):
    """What one person said at a time; it is remembered as one episode."""

    ids: tuple[str, ...] = ()
    """What evidence may call it by, beside its text and its place."""
    text: str
    speaker: str | None = None
    session: str | None = None
    """The part of the conversation that it belongs to; None where there are no parts."""
    timestamp: datetime | None = None

    @property
    def content(self) -> str:
        """What is remembered of it."""
        return self.text if self.speaker is None else f"{self.speaker}: {self.text}"


class Question(Struct, frozen=True, kw_only=True):
    """What is asked, and the places of the turns that answer it."""

    text: str
    evidence: tuple[int, ...]


class Conversation(Struct, frozen=True, kw_only=True):
    """What one agent remembers, and what it is asked afterwards."""

    turns: tuple[Turn, ...]
    questions: tuple[Question, ...]
