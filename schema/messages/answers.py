"""What is answered over HTTP, as the documentation tells it; answers are tested by this."""

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schema.messages.agents import DefineAgent
from schema.messages.http import Status

T = TypeVar("T")


class Answer(BaseModel):
    """What every answer is."""

    model_config = ConfigDict(extra="forbid")


class ListOf(Answer, Generic[T]):
    """A part of a list."""

    data: list[T]
    next_cursor: str | None
    """Gives the next part; null behind the last."""


class Listed(ListOf[T], Generic[T]):
    """A part of what a mind holds, and the version that it is true of."""

    version: int


class ErrorAnswer(Answer):
    """What is wrong with one field, parameter or header."""

    pointer: str | None = None
    """Into the body, by RFC 6901."""
    parameter: str | None = None
    header: str | None = None
    detail: str


class Problem(BaseModel):
    """What went wrong, by RFC 9457."""

    status: int
    title: str
    code: str
    """Stays as it is; the detail may be said otherwise some day."""
    detail: str
    request_id: str
    retryable: bool
    """Whether the same request may succeed later."""
    errors: list[ErrorAnswer] = []


class HealthAnswer(Answer):
    """How the process is."""

    status: Literal["alive", "ready", "not_ready"]
    detail: str = ""


class DefinedAnswer(Answer):
    """One version of an agent."""

    id: str
    version: int
    recorded_at: datetime
    definition: DefineAgent


class AgentAnswer(Answer):
    """An agent that the log knows."""

    id: str
    definitions: int
    """0 for one that was never defined."""
    memories: int
    sessions: int


class UsageAnswer(Answer):
    """Tokens spent; null once events were erased."""

    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None


class SessionAnswer(Answer):
    """A session as it stands at a version."""

    id: UUID
    agent: str | None
    """Null where it was erased, as are the prompt and the model."""
    status: Status
    version: int
    prompt: str | None
    model: str | None
    answer: str | None
    cause: str | None
    """Why it paused, failed or was cancelled."""
    detail: str
    steps: int
    usage: UsageAnswer
    cost: float | None
    """In dollars; null where the price of a completion is not known, and in lists for forks."""
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class StartedAnswer(SessionAnswer):
    """A session that was started."""

    token: str


class EventAnswer(Answer):
    """A recorded event."""

    stream: str
    version: int
    position: str
    """An opaque token: `after` it come the events behind."""
    id: UUID
    type: str
    schema_version: int
    data: dict[str, Any] | None
    """Null once erased."""
    metadata: dict[str, Any]
    recorded_at: datetime


class TicketAnswer(Answer):
    """Where to follow a stream without a key in a header."""

    url: str
    """A path and its query: `new EventSource(url)`."""
    expires_at: datetime


class LogAnswer(ListOf[EventAnswer]):
    """A part of the whole log."""

    token: str
    """Where this part ends, even where there is nothing behind it yet: ask again from here."""


class CallAnswer(Answer):
    """A call of a tool."""

    call_id: str | None
    tool: str | None
    arguments: Any
    returned: dict[str, Any] | None
    """What it returned; null as long as it has not."""


class TurnAnswer(Answer):
    """One completion, and what it led to."""

    step: int
    text: str | None
    """Null once erased."""
    calls: list[CallAnswer]


class NoteAnswer(Answer):
    """An entry of working memory."""

    key: str
    value: str


class CheckpointAnswer(Answer):
    """A name for a version of a session."""

    label: str
    at: int
    version: int
    """At which the label was given."""
    recorded_at: datetime


class StateAnswer(SessionAnswer):
    """All that a session's events add up to at a version."""

    turns: list[TurnAnswer]
    working: list[NoteAnswer]
    recalled: dict[str, Any] | None
    """What memory held for the task."""
    graph: dict[str, Any] | None
    """What the graph held for it."""
    labels: list[CheckpointAnswer]
    erased: list[int]
    """Versions whose data is gone."""


class VerifiedAnswer(Answer):
    """What verifying found."""

    verified: bool
    checked: dict[str, int]
    difference: dict[str, Any] | None


class EpisodeAnswer(Answer):
    """Something that an agent remembers."""

    id: UUID
    content: str
    importance: float
    timestamp: datetime
    tags: list[str]
    session: str | None
    expires_at: datetime | None
    pinned: bool
    recall_count: int
    recalled_at: datetime | None


class FactAnswer(Answer):
    """What stands under a key."""

    id: UUID
    key: str
    value: str
    tags: list[str]
    session: str | None
    recorded_at: datetime
    expires_at: datetime | None
    recall_count: int
    recalled_at: datetime | None


class WrittenAnswer(Answer):
    """A change of a mind."""

    id: str
    """Of the event, and so of the episode or fact that it made."""
    version: int
    """Of that part of the mind from then on."""
    token: str | None
    """Null where all was so already."""
    evicted: list[str] = []
    """Episodes that had to go."""


class WrittenItemAnswer(WrittenAnswer, Generic[T]):
    """A change, and what it made."""

    item: T


class FoundItem(Answer):
    """A memory that was found."""

    id: str
    kind: Literal["episode", "fact"]
    content: str
    score: float
    parts: dict[str, float]
    importance: float
    timestamp: datetime
    tags: list[str]
    recall_count: int
    session: str | None


class FoundAnswer(Answer):
    """What a search found, the best first."""

    items: list[FoundItem]
    version: int
    at: datetime
    space: str | None
    """Whose vectors were compared; null where words alone counted."""
    without_vectors: str
    """Why words alone counted, where vectors were wanted."""


class EntityAnswer(Answer):
    """A thing that an agent knows of."""

    id: str
    label: str
    properties: dict[str, Any]


class RelationshipAnswer(Answer):
    """One entity relates to another."""

    source: str = Field(alias="from")
    target: str = Field(alias="to")
    kind: str
    weight: float


class KnownAnswer(EntityAnswer):
    """An entity and its first relationships."""

    relationships: list[RelationshipAnswer]
    complete: bool
    """Whether these are all."""
    version: int


class GraphAnswer(Answer):
    """What the graph has to say; the shape depends on the `op`."""

    result: Any
    version: int


class ToolAnswer(Answer):
    """A tool that sessions may be given."""

    name: str
    description: str
    parameters: dict[str, Any]
    effect: str


class ProjectionAnswer(Answer):
    """How far a read model has come in a partition."""

    projection: str
    partition: int
    position: int
    head: int
    lag: int
    parked: list[str]
