"""The rows of schema `ops`: what running this needs, and who did what to it."""

from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import DateTime, Text, text
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
