"""The knowledge graph: entities and relationships, their names, and how many there are."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final[str | None] = "0003"

SCHEMA: Final = "readmodel"
DOWN: Final = sa.text("valid_from desc")


def upgrade() -> None:
    _create_entities()
    _create_relationships()
    _create_entity_names()
    _create_graph_sizes()


def _create_entities() -> None:
    op.create_table(
        "entities",
        *_key_of_stream(),
        _ordered_key("id"),
        *_validity(),
        *_origin(),
        _ordered("label"),
        sa.Column("properties", sa.JSON, nullable=False),
        schema=SCHEMA,
    )
    _index("entities_by_label", "entities", "label", "id", "valid_from")


def _create_relationships() -> None:
    op.create_table(
        "relationships",
        *_key_of_stream(),
        *_validity(),
        sa.Column("weight", sa.Float, nullable=False),
        _ordered("source"),
        _ordered("target"),
        _ordered("kind"),
        *_origin(),
        schema=SCHEMA,
    )
    _index("relationships_by_source", "relationships", "source", "target", "valid_from")
    _index("relationships_by_target", "relationships", "target", "source", DOWN)


def _create_entity_names() -> None:
    op.create_table(
        "entity_names",
        *_key_of_stream(),
        _ordered_key("name"),
        _ordered_key("id"),
        *_validity(),
        schema=SCHEMA,
    )
    _index("entity_names_by_entity", "entity_names", "id", DOWN)


def _create_graph_sizes() -> None:
    op.create_table(
        "graph_sizes",
        *_key_of_stream(),
        _number_key("version"),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("entities", "relationships")),
        sa.Column("erased", sa.BigInteger, nullable=False),
        schema=SCHEMA,
    )


def _index(name: str, table: str, *columns: "str | sa.TextClause") -> None:
    op.create_index(name, table, ["partition", "stream", *columns], schema=SCHEMA)


def _key_of_stream() -> tuple["sa.Column[object]", "sa.Column[object]"]:
    return (
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("stream", sa.Text, primary_key=True),
    )


def _validity() -> tuple["sa.Column[object]", "sa.Column[object]"]:
    return _number_key("valid_from"), sa.Column("valid_to", sa.BigInteger)


def _origin() -> tuple["sa.Column[object]", ...]:
    return (
        sa.Column("altered", sa.Boolean, nullable=False),
        sa.Column("session", sa.Text),
        sa.Column("call_id", sa.Text),
    )


def _number_key(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def _ordered_key(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.Text(collation="C"), primary_key=True)


def _ordered(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.Text(collation="C"), nullable=False)
