"""The rows of schema `eventlog`: the log itself, and how far each reader of it came."""

from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

SCHEMA: Final = "eventlog"


class Partition(SQLModel, table=True):
    """A partition of the log, and the position of its last event."""

    __tablename__ = "partitions"
    # The row is updated by every append: room on its page keeps that a matter of one page.
    __table_args__: ClassVar[Any] = {"schema": SCHEMA, "postgresql_with": {"fillfactor": 50}}

    partition: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    position: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})


class Stream(SQLModel, table=True):
    """The head of a stream: the version of its last event, and its lease's epoch."""

    __tablename__ = "streams"
    # No index but the key's: an append updates the rest in place.
    __table_args__: ClassVar[Any] = {"schema": SCHEMA, "postgresql_with": {"fillfactor": 70}}

    partition: int = Field(primary_key=True)
    stream: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    epoch: int = Field(sa_column_kwargs={"server_default": "0"})


class EventRow(SQLModel, table=True):
    """An event as it was recorded; written by `eventlog.append` alone, never changed."""

    __tablename__ = "events"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("partition", "stream", "version"),
        # Only what may be appended at the head is looked up by its id; a session's never is.
        Index(
            "events_partition_event_id_key",
            "partition",
            "event_id",
            unique=True,
            postgresql_where=text("stream not like 'session-%'"),
        ),
        # Written in the order of their time: a few bytes for 32 pages lead there.
        Index(
            "events_by_time",
            "recorded_at",
            postgresql_using="brin",
            postgresql_with={"pages_per_range": 32, "autosummarize": "on"},
        ),
        {
            "schema": SCHEMA,
            "postgresql_with": {
                "autovacuum_vacuum_insert_scale_factor": 0.05,
                "autovacuum_analyze_scale_factor": 0.02,
            },
        },
    )

    partition: int = Field(primary_key=True)
    position: int = Field(primary_key=True, sa_type=BigInteger)
    agent_id: str = Field(sa_type=Text)
    stream: str = Field(sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    event_id: UUID
    type: str = Field(sa_type=Text)
    schema_version: int = Field(sa_type=SmallInteger)
    data: str | None = Field(sa_type=JSON)
    """Null once erased, as is the salt."""
    # SQLModel keeps the name `metadata` for itself.
    event_metadata: str = Field(sa_column=Column("metadata", JSON, nullable=False))
    salt: bytes | None
    digest: bytes
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))


class Log(SQLModel, table=True):
    """What is true of the log as a whole: one row."""

    __tablename__ = "log"
    __table_args__: ClassVar[Any] = (
        CheckConstraint("id = 1", name="log_has_one_row"),
        {"schema": SCHEMA},
    )

    id: int = Field(
        primary_key=True,
        sa_type=SmallInteger,
        sa_column_kwargs={"server_default": "1", "autoincrement": False},
    )
    epoch: int = Field(sa_column_kwargs={"server_default": "1"})
    """Raised after a restore, so that positions from before it are refused."""
    partitions: int
    """Fixed when the log was created."""
    created_at: datetime = Field(
        sa_type=DateTime(timezone=True), sa_column_kwargs={"server_default": text("now()")}
    )


class Checkpoint(SQLModel, table=True):
    """How far a projection has read a partition; the row is its lock."""

    __tablename__ = "checkpoints"
    __table_args__: ClassVar[Any] = {"schema": SCHEMA, "postgresql_with": {"fillfactor": 50}}

    partition: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    projection: str = Field(sa_column=Column(Text, primary_key=True))
    position: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})


class Parked(SQLModel, table=True):
    """A stream that a projection has stopped following, and the event that it could not apply."""

    __tablename__ = "parked"
    __table_args__: ClassVar[Any] = {"schema": SCHEMA}

    partition: int = Field(primary_key=True)
    projection: str = Field(primary_key=True, sa_type=Text)
    stream: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    position: int = Field(sa_type=BigInteger)
    error: str = Field(sa_type=Text)
    parked_at: datetime = Field(sa_type=DateTime(timezone=True))
