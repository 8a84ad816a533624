"""What is sent to remember, to search, and to say how an agent remembers."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from schema.events import (
    EpisodeRecorded,
    Eviction,
    FactStored,
    MemoryPolicy,
    RecallPolicy,
    WorkingSet,
)
from schema.messages.base import Key, Message, Moment, Tags, Vector, of_length, of_size
from schema.messages.coordinates import AsOf

CONTENT_BYTES_MAX: Final = 65_536
"""Of an episode's content and of a fact's value, in UTF-8."""
NOTE_BYTES_MAX: Final = 8192
"""Of a value in working memory, which stands in every prompt."""
QUERY_BYTES_MAX: Final = 8192
LIMIT_MAX: Final = 200

PolicyName = Literal["relevance", "importance", "hybrid"]
Weight = Annotated[float, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Hours = Annotated[float, Field(gt=0)]


def _clamped(importance: float) -> float:
    return min(1.0, max(0.0, importance))


class RememberEpisode(Message):
    """Remember what happened."""

    content: Annotated[str, of_size(1, CONTENT_BYTES_MAX)]
    importance: Annotated[float, AfterValidator(_clamped)] = 0.5
    """What lies beyond 0 and 1 is taken for the nearer of them."""
    tags: Tags = ()
    timestamp: Moment | None = None
    """When it happened; now, if left out."""
    session: Annotated[str, of_length(1, 200)] | None = None
    """The session or conversation that it is part of."""
    expires_at: Moment | None = None
    pinned: bool = False
    embedding: Vector | None = None

    def as_event(self, at: datetime, call_id: str | None = None) -> EpisodeRecorded:
        """The same, as the log keeps it; *at* is when it happened, unless the caller said."""
        return EpisodeRecorded(
            content=self.content,
            importance=self.importance,
            timestamp=self.timestamp or at,
            tags=self.tags,
            session=self.session,
            call_id=call_id,
            expires_at=self.expires_at,
            pinned=self.pinned,
            embedding=self.embedding or (),
        )


class StoreFact(Message):
    """Keep a value under a key, in the place of what stood there."""

    key: Key
    value: Annotated[str, of_size(0, CONTENT_BYTES_MAX)]
    """An empty text is a value as any other; a key that is to have none is removed."""
    tags: Tags = ()
    expires_at: Moment | None = None
    embedding: Vector | None = None

    def as_event(self, session: str | None = None, call_id: str | None = None) -> FactStored:
        """The same, as the log keeps it."""
        return FactStored(
            key=self.key,
            value=self.value,
            tags=self.tags,
            session=session,
            call_id=call_id,
            expires_at=self.expires_at,
            embedding=self.embedding or (),
        )


class NoteWorking(Message):
    """Keep a value in working memory."""

    key: Key
    value: Annotated[str, of_size(0, NOTE_BYTES_MAX)]

    def as_event(self) -> WorkingSet:
        """The same, as the log keeps it."""
        return WorkingSet(key=self.key, value=self.value)


class RecallSettings(Message):
    """What makes one memory come before another; what is left out keeps its default."""

    policy: PolicyName = "relevance"
    recency_weight: Weight = 0.0
    frequency_weight: Weight = 0.0
    tau_hours: Hours = 24.0
    lexical_weight: Share = 0.7
    neighbour_weight: Weight = 0.5
    recency_floor: Share = 0.9
    frequency_gain: Weight = 0.1
    importance_gain: Annotated[float, Field(ge=0, le=2)] = 0.4
    """At 2 an importance of 0 takes all; beyond, a factor would be negative."""

    def as_shape(self) -> RecallPolicy:
        """The same, as the log keeps it."""
        return msgspec.convert(self.model_dump(), RecallPolicy)


def _by_name(said: object) -> object:
    return {"policy": said} if isinstance(said, str) else said


Policy = Annotated[
    RecallSettings, BeforeValidator(_by_name, json_schema_input_type=RecallSettings | PolicyName)
]
"""With its weights, or by its name alone."""


class MemorySettings(Message):
    """How an agent remembers; what is left out keeps its default."""

    capacity: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    eviction: Eviction = Eviction.LOWEST_IMPORTANCE
    half_life_hours: Hours | None = None
    max_age_hours: Hours | None = None
    recall: Policy = RecallSettings()
    max_memory_recalls: int = Field(default=3, ge=0, le=100)
    max_memory_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    working_capacity: int = Field(default=32, ge=1, le=256)
    working_shared: bool = False
    write_back: bool = False

    def as_shape(self) -> MemoryPolicy:
        """The same, as the log keeps it."""
        return msgspec.convert(self.model_dump(), MemoryPolicy)


class SearchMemory(Message):
    """Find what an agent remembers."""

    query: Annotated[str, of_size(0, QUERY_BYTES_MAX)] | None = None
    embedding: Vector | None = None
    """Compared with the vectors that callers gave."""
    tags: Tags = ()
    tags_match: Literal["all", "any"] = "all"
    since: Moment | None = None
    until: Moment | None = None
    """It happened by then."""
    min_importance: Share | None = None
    """Of the decayed importance."""
    max_age_hours: Hours | None = None
    kinds: Annotated[tuple[Literal["episode", "fact"], ...], Field(min_length=1)] = (
        "episode",
        "fact",
    )
    limit: int = Field(default=10, ge=1, le=LIMIT_MAX)
    min_score: float | None = None
    """What scores less is left out. Scores of other queries or policies are no measure for it."""
    policy: Policy | None = None
    """The agent's own, if left out."""
    as_of: AsOf | None = None
    """Now, if left out."""

    @field_validator("until")
    @classmethod
    def _after_since(cls, until: datetime | None, said: ValidationInfo) -> datetime | None:
        since = said.data.get("since")
        if since is not None and until is not None and until < since:
            raise ValueError("lies before since")
        return until
