"""The rows of schema `derived`: what a model computed from texts, kept outside of every rebuild.

A text's vector stands under its digest, which begins with a salt of its agent's: two agents share
none, and from a digest alone nobody can tell what was said.
"""

from typing import Any, ClassVar, Final
from uuid import UUID

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel

from schema.tables.memory import PLAIN

SCHEMA: Final = "derived"

_DERIVED: dict[str, Any] = {"schema": SCHEMA}


class Salt(SQLModel, table=True):
    """What every digest of a text of this agent begins with: 16 bytes of chance."""

    __tablename__ = "salts"
    __table_args__: ClassVar[Any] = _DERIVED

    partition: int = Field(primary_key=True)
    agent_id: str = Field(primary_key=True, sa_type=Text)
    salt: bytes


class TextVector(SQLModel, table=True):
    """A text's vector in a space: of what was remembered, or asked."""

    __tablename__ = "vectors"
    __table_args__: ClassVar[Any] = _DERIVED

    partition: int = Field(primary_key=True)
    agent_id: str = Field(primary_key=True, sa_type=Text)
    space: str = Field(primary_key=True, sa_type=Text)
    digest: bytes = Field(primary_key=True)
    embedding: Any = Field(sa_column=Column(VECTOR(), nullable=False, info=PLAIN))


class EntryDigest(SQLModel, table=True):
    """Which digest an episode's or fact's text has."""

    __tablename__ = "digests"
    __table_args__: ClassVar[Any] = (
        Index("digests_by_digest", "partition", "digest"),
        _DERIVED,
    )

    partition: int = Field(primary_key=True)
    stream: str = Field(primary_key=True, sa_type=Text)
    id: UUID = Field(primary_key=True)
    digest: bytes
