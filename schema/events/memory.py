"""What happens to an agent's memory: episodes, facts, counts, vectors, and working memory."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, TypeAlias

import msgspec

from schema.events.base import Event, Side
from schema.events.shape import Shape

Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its zone; without one nobody could say when it was."""


class Eviction(StrEnum):
    """Which episode must go when there are too many."""

    LOWEST_IMPORTANCE = "lowest_importance"
    """The one whose decayed importance is least; of equals, the earliest."""
    OLDEST = "oldest"


class RecallPolicy(Shape, frozen=True, kw_only=True):
    """What makes one memory come before another; weights are 0 or more.

    `relevance` ranks by words, meaning and neighbours; `importance` and `hybrid` are the seed's,
    which see no query. A policy reads its own weights and no others.
    """

    policy: Literal["relevance", "importance", "hybrid"] = "relevance"

    recency_weight: float = 0.0
    """`hybrid`: what a new episode gains at once, and loses by e every `tau_hours`."""
    frequency_weight: float = 0.0
    """`hybrid`: what an episode gains that is recalled most."""
    tau_hours: float = 24.0

    lexical_weight: float = 0.7
    """`relevance`: the share of words, from 0 to 1; the rest is the share of meaning."""
    neighbour_weight: float = 0.5
    """`relevance`: how much of its best neighbour's relevance an episode is lent."""
    recency_floor: float = 0.9
    """`relevance`: the factor of what is infinitely old, from 0 to 1."""
    frequency_gain: float = 0.1
    """`relevance`: how much the factor of what is recalled often exceeds 1."""
    importance_gain: float = 0.4
    """`relevance`: how far apart the factors of importance 0 and 1 are."""


class MemoryPolicy(Shape, frozen=True, kw_only=True):
    """How an agent remembers."""

    capacity: int | None = None
    """Episodes at most, at least 1; None sets no limit."""
    eviction: Eviction = Eviction.LOWEST_IMPORTANCE
    half_life_hours: float | None = None
    """After so long importance counts half; None keeps it."""
    max_age_hours: float | None = None
    """What is older is not recalled."""
    recall: RecallPolicy = RecallPolicy()
    max_memory_recalls: int = 3
    """How many memories a prompt gets; 0 recalls nothing before a run."""
    max_memory_tokens: int | None = None
    """What they may take together, at about 4 characters a token; what does not fit is skipped."""
    working_capacity: int = 32
    """Entries of working memory at most, at least 1; the least recently used one goes first."""
    working_shared: bool = False
    """Whether working memory is the agent's, seen by all its sessions, or each session's own."""
    write_back: bool = False
    """Whether a session that completed is remembered as an episode."""


class EpisodeRecorded(Event, frozen=True, kw_only=True):
    """Something was remembered; this event's id is the episode's."""

    type: ClassVar[str] = "episode_recorded"

    content: str
    importance: float
    """From 0 to 1."""
    timestamp: Moment
    """When it happened, which may be long before it was recorded."""
    tags: tuple[str, ...] = ()
    session: str | None = None
    """The session, or the conversation elsewhere, that it is part of: its neighbours are there."""
    call_id: str | None = None
    """The tool call that wrote it."""
    expires_at: Moment | None = None
    """From then on it is not recalled."""
    pinned: bool = False
    """Never evicted."""
    embedding: tuple[float, ...] = ()
    """The caller's own vector, if one was given."""


class EpisodeEvicted(Event, frozen=True, kw_only=True):
    """There were too many episodes, and this one had to go."""

    type: ClassVar[str] = "episode_evicted"
    side: ClassVar[Side] = Side.DECISION

    id: str
    importance: float
    """Decayed, at the time *at*."""
    at: Moment


class EpisodeForgotten(Event, frozen=True, kw_only=True):
    """Somebody wanted this episode forgotten; the log still knows it, recall does not."""

    type: ClassVar[str] = "episode_forgotten"

    id: str
    reason: str = ""


class EpisodePinned(Event, frozen=True, kw_only=True):
    """Somebody said whether this episode may ever be evicted."""

    type: ClassVar[str] = "episode_pinned"

    id: str
    pinned: bool


class RecallsCounted(Event, frozen=True, kw_only=True):
    """An agent was given these memories, all of one recall."""

    type: ClassVar[str] = "recalls_counted"

    ids: tuple[str, ...]
    at: Moment


class EmbeddingSpaceActivated(Event, frozen=True, kw_only=True):
    """From here on recall compares vectors of this space."""

    type: ClassVar[str] = "embedding_space_activated"

    space: str
    model: str
    dimensions: int


class EpisodesEmbedded(Event, frozen=True, kw_only=True):
    """These episodes and facts have their vectors in a space; the vectors are in `derived`."""

    type: ClassVar[str] = "episodes_embedded"

    space: str
    ids: tuple[str, ...]


class FactStored(Event, frozen=True, kw_only=True):
    """A key has a value; this event's id is the fact's, and the key's former fact is superseded."""

    type: ClassVar[str] = "fact_stored"

    key: str
    value: str
    tags: tuple[str, ...] = ()
    session: str | None = None
    """The session that stored it."""
    call_id: str | None = None
    expires_at: Moment | None = None
    embedding: tuple[float, ...] = ()
    """The caller's own vector, if one was given."""


class FactRemoved(Event, frozen=True, kw_only=True):
    """A key has no value any more."""

    type: ClassVar[str] = "fact_removed"

    key: str
    reason: str = ""


class WorkingSet(Event, frozen=True, kw_only=True):
    """An entry of working memory was written, and is the most recently used."""

    type: ClassVar[str] = "working_set"

    key: str
    value: str


class WorkingRead(Event, frozen=True, kw_only=True):
    """An entry of working memory was read, and is the most recently used."""

    type: ClassVar[str] = "working_read"

    key: str


class WorkingRemoved(Event, frozen=True, kw_only=True):
    """An entry of working memory was removed."""

    type: ClassVar[str] = "working_removed"

    key: str


class WorkingEvicted(Event, frozen=True, kw_only=True):
    """Working memory was full, and this entry was the least recently used."""

    type: ClassVar[str] = "working_evicted"

    key: str


class MindVersions(Shape, frozen=True, kw_only=True):
    """A place of an agent's whole mind."""

    memory: int
    graph: int


class WorkingEntry(Shape, frozen=True, kw_only=True):
    """A key of working memory, and what stands there."""

    key: str
    value: str


class RecalledItem(Shape, frozen=True, kw_only=True):
    """A memory as it was found: what stands here is all that a replay needs."""

    id: str
    kind: Literal["episode", "fact"]
    content: str
    """Verbatim; of a fact, `key: value`."""
    score: float
    """Rounded to 1e-6; the sum or product of *parts*, as the policy has it."""
    parts: dict[str, float]
    """Each factor by its name, rounded alike."""
    importance: float
    timestamp: Moment
    tags: tuple[str, ...] = ()
    recall_count: int = 0
    """Before this recall."""
    session: str | None = None
    told: bool = True
    """Whether the model was told; a token budget may have left it out."""


class MemoryRecalled(Event, frozen=True, kw_only=True):
    """What memory held for a query, at a version of its stream and a moment."""

    type: ClassVar[str] = "memory_recalled"

    query: str
    policy: MemoryPolicy
    version: int
    """Of the agent's memory stream; 0 before its first event."""
    at: Moment
    """The time that ages were counted from: that of the event that asked."""
    space: str | None = None
    """Whose vectors were compared; None where words alone counted."""
    without_vectors: str = ""
    """Why words alone counted, where vectors were wanted."""
    items: tuple[RecalledItem, ...] = ()
    """The best first."""
    working: tuple[WorkingEntry, ...] = ()
    """Shared working memory as it was, in the order of its keys."""
    call_id: str | None = None
    """The tool call that asked; None before the first step."""
