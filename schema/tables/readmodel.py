"""The rows of schema `readmodel`: what projections make of the log, and how far they came.

Columns named `…_altered` say that a text held what PostgreSQL's `text` cannot (NUL, lone
surrogates) and shows U+FFFD there; the log itself has it verbatim.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, BigInteger, DateTime, Index, Text, text
from sqlmodel import Field, SQLModel

SCHEMA = "readmodel"

_READ_MODEL: dict[str, Any] = {"schema": SCHEMA}
# Rows that are updated keep room on their page, so that an update touches no index.
_UPDATED: dict[str, Any] = {"schema": SCHEMA, "postgresql_with": {"fillfactor": 70}}
BY_TIME: dict[str, Any] = {
    "postgresql_using": "brin",
    "postgresql_with": {"pages_per_range": 32, "autosummarize": "on"},
}
"""Rows stand nearly in the order of their time: a few bytes for 32 pages lead there."""


class Session(SQLModel, table=True):
    """One run of an agent on one task, as far as its events tell."""

    __tablename__ = "sessions"
    __table_args__: ClassVar[Any] = (
        Index(
            "sessions_by_origin",
            "partition",
            "origin",
            postgresql_where=text("origin is not null"),
        ),
        Index("sessions_by_time", "started_at", **BY_TIME),
        _UPDATED,
    )

    partition: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    agent_id: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    """running, waiting, paused, completed, failed or cancelled."""
    prompt: str | None = Field(sa_type=Text)
    """Null, with the model, where it was erased."""
    model: str | None = Field(sa_type=Text)
    answer: str | None = Field(sa_type=Text)
    cause: str | None = Field(sa_type=Text)
    """Why it paused, failed or was cancelled."""
    detail: str | None = Field(sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    """Of the last event that this row tells of."""
    started_version: int = Field(sa_type=BigInteger)
    settled_version: int | None = Field(sa_type=BigInteger)
    """Of the event that last set the status, with its cause, detail and answer."""
    steps: int
    input_tokens: int | None = Field(sa_type=BigInteger)
    """Null, as the two below, once events of the session were erased; `completions` has more."""
    output_tokens: int | None = Field(sa_type=BigInteger)
    cached_tokens: int | None = Field(sa_type=BigInteger)
    started_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
    ended_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    prompt_altered: bool
    """Or the model."""
    answer_altered: bool
    """Or the cause, or the detail."""
    parent: UUID | None = None
    """The session that it was forked from, and at which version; null where it was not."""
    forked_at: int | None = Field(default=None, sa_type=BigInteger)
    origin: UUID | None = None
    """The session that began it all, whose prompt this is."""


class Step(SQLModel, table=True):
    """One thought of a session: the text of one completion, whole and once."""

    __tablename__ = "steps"
    __table_args__: ClassVar[Any] = (Index("steps_by_time", "recorded_at", **BY_TIME), _READ_MODEL)

    partition: int = Field(primary_key=True)
    session_id: UUID = Field(primary_key=True)
    step: int = Field(primary_key=True)
    agent_id: str = Field(sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    """Of the `completion_received`."""
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))
    text: str = Field(sa_type=Text)
    text_altered: bool


class Completion(SQLModel, table=True):
    """What a step's completion took: tokens, time and money; its text is the step's."""

    __tablename__ = "completions"
    __table_args__: ClassVar[Any] = (
        Index("completions_by_time", "recorded_at", **BY_TIME),
        _READ_MODEL,
    )

    partition: int = Field(primary_key=True)
    session_id: UUID = Field(primary_key=True)
    step: int = Field(primary_key=True)
    agent_id: str = Field(sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))
    latency_ms: float
    cost: float | None
    """In dollars; null where the price was not known."""
    input_tokens: int = Field(sa_type=BigInteger)
    output_tokens: int = Field(sa_type=BigInteger)
    cached_tokens: int = Field(sa_type=BigInteger)
    model: str = Field(sa_type=Text)
    """As the provider names it."""
    stop_reason: str = Field(sa_type=Text)


class ToolCall(SQLModel, table=True):
    """A tool that the model asked for and, once it returned, what it was told."""

    __tablename__ = "tool_calls"
    __table_args__: ClassVar[Any] = (
        Index("tool_calls_by_time", "called_at", **BY_TIME),
        _READ_MODEL,
    )

    partition: int = Field(primary_key=True)
    session_id: UUID = Field(primary_key=True)
    call_id: str = Field(primary_key=True, sa_type=Text)
    agent_id: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    """called or returned."""
    effect: str = Field(sa_type=Text)
    ok: bool | None
    arguments_altered: bool
    """Or the tool's name."""
    observation_altered: bool
    call_version: int = Field(sa_type=BigInteger)
    """Of the `tool_called`; `return_version` of the `tool_returned`."""
    return_version: int | None = Field(sa_type=BigInteger)
    called_at: datetime = Field(sa_type=DateTime(timezone=True))
    returned_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    latency_ms: float | None
    tool: str = Field(sa_type=Text)
    kind: str | None = Field(sa_type=Text)
    """Why it failed."""
    arguments: Any = Field(sa_type=JSON)
    observation: str | None = Field(sa_type=Text)


class Recall(SQLModel, table=True):
    """A memory that a session found; the event has its text, and each factor of its score."""

    __tablename__ = "recalls"
    __table_args__: ClassVar[Any] = (
        Index("recalls_by_time", "recorded_at", **BY_TIME),
        _READ_MODEL,
    )

    partition: int = Field(primary_key=True)
    session_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_type=BigInteger)
    """Of the `memory_recalled`."""
    rank: int = Field(primary_key=True)
    """From 1."""
    agent_id: str = Field(sa_type=Text)
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))
    memory_version: int = Field(sa_type=BigInteger)
    """Of the memory's stream, when it was asked."""
    score: float
    told: bool
    """Whether the model was told of it."""
    query_altered: bool
    call_id: str | None = Field(sa_type=Text)
    """The tool call that asked; null before the first step."""
    kind: str = Field(sa_type=Text)
    """episode or fact."""
    item: str = Field(sa_type=Text)
    """The id of what was found."""
    query: str = Field(sa_type=Text)


class Change(SQLModel, table=True):
    """An event that is no step: what happened to a memory, a graph, a definition, a session."""

    __tablename__ = "changes"
    __table_args__: ClassVar[Any] = (Index("changes_by_type", "type", "recorded_at"), _READ_MODEL)

    partition: int = Field(primary_key=True)
    stream: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(primary_key=True, sa_type=BigInteger)
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))
    altered: bool
    """The subject or the detail."""
    agent_id: str = Field(sa_type=Text)
    type: str = Field(sa_type=Text)
    """Of the event."""
    actor: str = Field(sa_type=Text)
    subject: str | None = Field(sa_type=Text)
    """What it happened to: an id, a key, a call; null once its event was erased."""
    detail: str | None = Field(sa_type=Text)
    """Why, or what it is from then on."""


class Head(SQLModel, table=True):
    """The version of a stream that a projection has applied: its rows are true of that version."""

    __tablename__ = "heads"
    __table_args__: ClassVar[Any] = _UPDATED

    partition: int = Field(primary_key=True)
    projection: str = Field(primary_key=True, sa_type=Text)
    stream: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(sa_type=BigInteger)
