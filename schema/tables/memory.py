"""The rows of schema `readmodel` that are an agent's memory, as it is and as it ever was.

Everything is keyed by its stream and has the stream's versions as its time: a row is true of the
versions from `valid_from` on and before `valid_to`, which is null for what is true now. An *entry*
is the version at which an episode or fact was recorded: its name here, and its age.

Indexes end with `valid_from`, needed or not: asked for the last row by it, the planner takes the
index that is meant, also while it knows nothing of the table.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

from schema.tables.readmodel import SCHEMA

PLAIN: dict[str, Any] = {"storage": "plain"}
"""Vectors stand in their rows, uncompressed: a scan reads every one of them."""

_MEMORY: dict[str, Any] = {"schema": SCHEMA}
_LIVE = text("valid_to is null")
_GONE = text("valid_to is not null")
_EXPIRING = text("expires_at is not null")


class Episode(SQLModel, table=True):
    """Something that was remembered; each pin of it is a row of its own."""

    __tablename__ = "episodes"
    __table_args__: ClassVar[Any] = (
        Index("episodes_by_entry", "partition", "stream", "entry", "valid_from"),
        Index(
            "episodes_by_session",
            *("partition", "stream", "session", "ordinal"),
            postgresql_where=text("session is not null"),
        ),
        Index("episodes_expiring", "partition", "stream", "expires_at", postgresql_where=_EXPIRING),
        _MEMORY,
    )

    partition: int = Field(primary_key=True)
    stream: str = Field(primary_key=True, sa_type=Text)
    id: UUID = Field(primary_key=True)
    """Of the event that recorded it."""
    valid_from: int = Field(primary_key=True, sa_type=BigInteger)
    valid_to: int | None = Field(sa_type=BigInteger)
    entry: int = Field(sa_type=BigInteger)
    importance: float
    timestamp: datetime = Field(sa_type=DateTime(timezone=True))
    """When it happened."""
    expires_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    ordinal: int | None
    """Its place among the episodes of its session, from 1; those that are gone count."""
    words: int
    """How many of its words are indexed."""
    pinned: bool
    content_altered: bool
    """Or a tag, or the session."""
    session: str | None = Field(sa_type=Text)
    call_id: str | None = Field(sa_type=Text)
    tags: list[str] = Field(sa_type=ARRAY(Text))
    content: str = Field(sa_type=Text)


class Fact(SQLModel, table=True):
    """What stood under a key; a new value is a new row."""

    __tablename__ = "facts"
    __table_args__: ClassVar[Any] = (
        Index("facts_by_id", "partition", "stream", "id", "valid_from"),
        Index("facts_by_entry", "partition", "stream", "entry", "valid_from"),
        Index("facts_live", "partition", "stream", "key", unique=True, postgresql_where=_LIVE),
        Index("facts_expiring", "partition", "stream", "expires_at", postgresql_where=_EXPIRING),
        _MEMORY,
    )

    partition: int = Field(primary_key=True)
    stream: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    valid_from: int = Field(primary_key=True, sa_type=BigInteger)
    valid_to: int | None = Field(sa_type=BigInteger)
    entry: int = Field(sa_type=BigInteger)
    id: UUID
    """Of the event that stored it."""
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    words: int
    """How many words of `key: value` are indexed."""
    altered: bool
    """Key, value, a tag or the session."""
    session: str | None = Field(sa_type=Text)
    call_id: str | None = Field(sa_type=Text)
    tags: list[str] = Field(sa_type=ARRAY(Text))
    value: str = Field(sa_type=Text)


class WorkingMemory(SQLModel, table=True):
    """What a session, or an agent that shares it, has at hand; each value is a row of its own."""

    __tablename__ = "working_memory"
    __table_args__: ClassVar[Any] = (
        Index("working_live", "partition", "stream", "key", unique=True, postgresql_where=_LIVE),
        _MEMORY,
    )

    partition: int = Field(primary_key=True)
    stream: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    valid_from: int = Field(primary_key=True, sa_type=BigInteger)
    valid_to: int | None = Field(sa_type=BigInteger)
    used_version: int = Field(sa_type=BigInteger)
    """When it was last written or read: of what stands now the least is the least recently used."""
    altered: bool
    value: str = Field(sa_type=Text)


class Posting(SQLModel, table=True):
    """A lexeme of an entry's text, valid from the entry on."""

    __tablename__ = "postings"
    __table_args__: ClassVar[Any] = (
        PrimaryKeyConstraint(
            *("partition", "stream", "lexeme", "entry"),
            postgresql_include=["valid_to", "tf", "words"],
        ),
        _MEMORY,
    )

    partition: int = Field(sa_column=Column(Integer, autoincrement=False))
    stream: str = Field(sa_type=Text)
    lexeme: str = Field(sa_column=Column(Text(collation="C"), nullable=False))
    entry: int = Field(sa_column=Column(BigInteger, autoincrement=False))
    valid_to: int | None = Field(sa_type=BigInteger)
    tf: int
    """How often it occurs there."""
    words: int
    """The entry's length: how often any lexeme does."""


class Corpus(SQLModel, table=True):
    """How much a stream holds from this version on, to the next row's."""

    __tablename__ = "corpora"
    __table_args__: ClassVar[Any] = _MEMORY

    partition: int = Field(primary_key=True)
    stream: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(primary_key=True, sa_type=BigInteger)
    entries: int = Field(sa_type=BigInteger)
    words: int = Field(sa_type=BigInteger)


class RecallCount(SQLModel, table=True):
    """How often an entry had been recalled from this version on, to its next row's."""

    __tablename__ = "recall_counts"
    __table_args__: ClassVar[Any] = _MEMORY

    partition: int = Field(primary_key=True)
    stream: str = Field(primary_key=True, sa_type=Text)
    entry: int = Field(primary_key=True, sa_type=BigInteger)
    version: int = Field(primary_key=True, sa_type=BigInteger)
    recall_count: int
    recalled_at: datetime = Field(sa_type=DateTime(timezone=True))


class EntryVector(SQLModel, table=True):
    """An entry's vector in a space; `given` is the space of those that callers gave."""

    __tablename__ = "vectors"
    __table_args__: ClassVar[Any] = (
        Index("vectors_live", "partition", "stream", "space", "entry", postgresql_where=_LIVE),
        Index("vectors_gone", "partition", "stream", "space", "valid_to", postgresql_where=_GONE),
        _MEMORY,
    )

    partition: int = Field(primary_key=True)
    stream: str = Field(primary_key=True, sa_type=Text)
    space: str = Field(primary_key=True, sa_type=Text)
    entry: int = Field(primary_key=True, sa_type=BigInteger)
    valid_from: int = Field(sa_type=BigInteger)
    valid_to: int | None = Field(sa_type=BigInteger)
    embedding: Any = Field(sa_column=Column(VECTOR(), nullable=False, info=PLAIN))
    """A unit vector; all of a stream's in one space have as many dimensions."""


class MemorySpace(SQLModel, table=True):
    """The space whose vectors recall compared."""

    __tablename__ = "memory_spaces"
    __table_args__: ClassVar[Any] = _MEMORY

    partition: int = Field(primary_key=True)
    stream: str = Field(primary_key=True, sa_type=Text)
    valid_from: int = Field(primary_key=True, sa_type=BigInteger)
    valid_to: int | None = Field(sa_type=BigInteger)
    space: str = Field(sa_type=Text)
    model: str = Field(sa_type=Text)
    dimensions: int


class Unembedded(SQLModel, table=True):
    """A live entry that has no vector in its stream's active space."""

    __tablename__ = "unembedded"
    __table_args__: ClassVar[Any] = _MEMORY

    partition: int = Field(primary_key=True)
    stream: str = Field(primary_key=True, sa_type=Text)
    entry: int = Field(primary_key=True, sa_type=BigInteger)
