"""The rows of schema `ops`: what running this needs, and who did what to it."""

from datetime import date, datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Date, DateTime, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

SCHEMA: Final = "ops"

_OPS: dict[str, Any] = {"schema": SCHEMA}
_NOW: dict[str, Any] = {"server_default": text("now()")}


class Routine(SQLModel, table=True):
    """A SQL file that was applied after a migration, as it was then."""

    __tablename__ = "routines"
    __table_args__: ClassVar[Any] = _OPS

    name: str = Field(primary_key=True, sa_type=Text)
    hash: str = Field(sa_type=Text)
    """SHA-256 of the file, 64 hex digits."""
    applied_at: datetime = Field(sa_type=DateTime(timezone=True), sa_column_kwargs=_NOW)


class Audit(SQLModel, table=True):
    """An administrative action that belongs to no agent."""

    __tablename__ = "audit"
    __table_args__: ClassVar[Any] = _OPS

    id: UUID = Field(primary_key=True)
    action: str = Field(sa_type=Text)
    actor: str = Field(sa_type=Text)
    detail: Any = Field(sa_type=JSONB, sa_column_kwargs={"server_default": "{}"})
    at: datetime = Field(sa_type=DateTime(timezone=True), sa_column_kwargs=_NOW)


class Breaker(SQLModel, table=True):
    """A circuit breaker that processes share; without a row it is closed."""

    __tablename__ = "breakers"
    __table_args__: ClassVar[Any] = {**_OPS, "postgresql_with": {"fillfactor": 50}}

    name: str = Field(primary_key=True, sa_type=Text)
    """What it guards."""
    state: str = Field(sa_type=Text)
    """`closed`, `open`, or `half_open`: one probe is under way, or may go."""
    failures: int
    """So many in a row."""
    generation: int = Field(sa_type=BigInteger)
    """Raised by each change of state, so that a call knows whether it came before."""
    until: datetime | None = Field(sa_type=DateTime(timezone=True))
    """When the next probe may go; null: at once, or it is closed."""
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))


class Lease(SQLModel, table=True):
    """Who drives a session, and until when; one that is at rest has no row."""

    __tablename__ = "leases"
    __table_args__: ClassVar[Any] = {**_OPS, "postgresql_with": {"fillfactor": 50}}

    partition: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    session_id: UUID = Field(primary_key=True)
    agent_id: str = Field(sa_type=Text)
    holder: UUID | None
    """The process that drives it; null where it waits for one."""
    epoch: int
    """Raised by each process that takes it; the log refuses whoever comes with a lower one."""
    until: datetime = Field(sa_type=DateTime(timezone=True))
    """By the server's clock; from then on, anybody may take it."""


class Spent(SQLModel, table=True):
    """What an agent's sessions have spent on a day."""

    __tablename__ = "spent"
    __table_args__: ClassVar[Any] = {**_OPS, "postgresql_with": {"fillfactor": 50}}

    partition: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    agent_id: str = Field(primary_key=True, sa_type=Text)
    day: date = Field(primary_key=True, sa_type=Date)
    """In UTC, by the server's clock; of a call, the day on which it was asked."""
    tokens: int = Field(sa_type=BigInteger)
    steps: int = Field(sa_type=BigInteger)
    seconds: float
    """For which models were at work."""
    cost_micro_usd: int = Field(sa_type=BigInteger)
    """Of the completions whose price was known."""
    unpriced: int
    """How many completions there were whose price was not."""


class Reservation(SQLModel, table=True):
    """What a call that is under way may come to, held back of its agent's day."""

    __tablename__ = "reservations"
    __table_args__: ClassVar[Any] = (
        Index("reservations_by_agent", "partition", "agent_id", "day"),
        _OPS,
    )

    partition: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    id: UUID = Field(primary_key=True)
    agent_id: str = Field(sa_type=Text)
    day: date = Field(sa_type=Date)
    tokens: int = Field(sa_type=BigInteger)
    steps: int = Field(sa_type=BigInteger)
    seconds: float
    cost_micro_usd: int = Field(sa_type=BigInteger)
    until: datetime = Field(sa_type=DateTime(timezone=True))
    """From then on it holds nothing back: its holder is gone."""


class Key(SQLModel, table=True):
    """By what a caller of the API is known, and what they may do."""

    __tablename__ = "keys"
    __table_args__: ClassVar[Any] = _OPS

    id: str = Field(primary_key=True, sa_type=Text)
    """Stands in the key itself, in logs and in events; no secret."""
    name: str = Field(sa_type=Text)
    digest: bytes
    """SHA-256 of the secret, which is kept nowhere."""
    scopes: list[str] = Field(sa_type=ARRAY(Text))
    agents: list[str] | None = Field(sa_type=ARRAY(Text))
    """The only agents that it is for; null: all."""
    created_at: datetime = Field(sa_type=DateTime(timezone=True), sa_column_kwargs=_NOW)
    expires_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    revoked_at: datetime | None = Field(sa_type=DateTime(timezone=True))


class Request(SQLModel, table=True):
    """A request that its caller may repeat: what it makes has this id, however often it is sent."""

    __tablename__ = "requests"
    __table_args__: ClassVar[Any] = _OPS

    digest: bytes = Field(primary_key=True)
    """SHA-256 of caller, route and the caller's `Idempotency-Key`."""
    id: UUID
    salt: bytes
    body: bytes
    """SHA-256 of the salt and the request's body."""
    created_at: datetime = Field(sa_type=DateTime(timezone=True), sa_column_kwargs=_NOW)
