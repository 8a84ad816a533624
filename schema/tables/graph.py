"""The rows of schema `readmodel` that are an agent's graph, as it is and as it ever was.

As in memory, the stream's versions are the time: a row is true of the versions from `valid_from` on
and before `valid_to`. Texts are ordered as Python orders them, so that both give the same answers.
An index on relationships leaves out their kind: two ids of the longest and it would not fit.
No two indexes of a table have the same order, which is why two run down: what is asked for in the
order of one, the planner finds by that, also while it knows nothing of the table.
"""

from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Column, Index, Text, text
from sqlmodel import Field, SQLModel

from schema.tables.readmodel import SCHEMA

ORDERED: Any = Text(collation="C")

_DOWN = text("valid_from desc")

_GRAPH: dict[str, Any] = {"schema": SCHEMA}


class Entity(SQLModel, table=True):
    """A thing that the agent knows of; each change of it is a row of its own."""

    __tablename__ = "entities"
    __table_args__: ClassVar[Any] = (
        Index("entities_by_label", "partition", "stream", "label", "id", "valid_from"),
        _GRAPH,
    )

    partition: int = Field(primary_key=True)
    stream: str = Field(primary_key=True, sa_type=Text)
    id: str = Field(primary_key=True, sa_type=ORDERED)
    valid_from: int = Field(primary_key=True, sa_type=BigInteger)
    valid_to: int | None = Field(sa_type=BigInteger)
    altered: bool
    """Characters that PostgreSQL cannot hold were replaced, in any of its texts."""
    session: str | None = Field(sa_type=Text)
    call_id: str | None = Field(sa_type=Text)
    label: str = Field(sa_type=ORDERED)
    properties: Any = Field(sa_column=Column(JSON, nullable=False))
    """As they were put: in their order, with their numbers as they were written."""


class Relationship(SQLModel, table=True):
    """One entity relates to another in a kind; each weight of that is a row of its own."""

    __tablename__ = "relationships"
    __table_args__: ClassVar[Any] = (
        Index("relationships_by_source", "partition", "stream", "source", "target", "valid_from"),
        Index("relationships_by_target", "partition", "stream", "target", "source", _DOWN),
        _GRAPH,
    )

    partition: int = Field(primary_key=True)
    stream: str = Field(primary_key=True, sa_type=Text)
    valid_from: int = Field(primary_key=True, sa_type=BigInteger)
    """An event puts one relationship."""
    valid_to: int | None = Field(sa_type=BigInteger)
    weight: float
    altered: bool
    source: str = Field(sa_type=ORDERED)
    target: str = Field(sa_type=ORDERED)
    kind: str = Field(sa_type=ORDERED)
    session: str | None = Field(sa_type=Text)
    call_id: str | None = Field(sa_type=Text)


class EntityName(SQLModel, table=True):
    """What an entity may be called in a text: as `service.graph.naming` has it."""

    __tablename__ = "entity_names"
    __table_args__: ClassVar[Any] = (
        Index("entity_names_by_entity", "partition", "stream", "id", _DOWN),
        _GRAPH,
    )

    partition: int = Field(primary_key=True)
    stream: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(primary_key=True, sa_type=ORDERED)
    id: str = Field(primary_key=True, sa_type=ORDERED)
    valid_from: int = Field(primary_key=True, sa_type=BigInteger)
    """Those of the entity's row."""
    valid_to: int | None = Field(sa_type=BigInteger)


class GraphSize(SQLModel, table=True):
    """How much a graph holds from this version on; a row for each that changes any other row."""

    __tablename__ = "graph_sizes"
    __table_args__: ClassVar[Any] = _GRAPH

    partition: int = Field(primary_key=True)
    stream: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(primary_key=True, sa_type=BigInteger)
    entities: int = Field(sa_type=BigInteger)
    relationships: int = Field(sa_type=BigInteger)
    erased: int = Field(sa_type=BigInteger)
    """The version of the last erasure up to there; 0 for none."""
