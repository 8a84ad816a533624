"""What the projections make of memory: its rows, their words and vectors, and what models derived.

A table of 2,000 dimensions would not fit a page beside the longest of stream names, if PostgreSQL
could not move those out of line: they stay as they are stored by default, the vectors do not.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import VECTOR

revision: Final = "0003"
down_revision: Final[str | None] = "0002"

SCHEMA: Final = "readmodel"
DERIVED: Final = "derived"
LIVE: Final = "valid_to is null"
GONE: Final = "valid_to is not null"
EXPIRING: Final = "expires_at is not null"


def upgrade() -> None:
    _create_episodes()
    _create_facts()
    _create_working_memory()
    _create_words()
    _create_recall_counts()
    _create_vectors()
    _create_derived()


def _create_episodes() -> None:
    op.create_table(
        "episodes",
        *_key_of_stream(),
        sa.Column("id", sa.Uuid, primary_key=True),
        *_validity(),
        _number("entry"),
        sa.Column("importance", sa.Float, nullable=False),
        _time("timestamp"),
        _time("expires_at", nullable=True),
        sa.Column("ordinal", sa.Integer),
        sa.Column("words", sa.Integer, nullable=False),
        _flag("pinned"),
        _flag("content_altered"),
        *_origin(),
        _text("content"),
        schema=SCHEMA,
    )
    _index("episodes_by_entry", "episodes", "entry", "valid_from")
    _index("episodes_by_session", "episodes", "session", "ordinal", where="session is not null")
    _index("episodes_expiring", "episodes", "expires_at", where=EXPIRING)


def _create_facts() -> None:
    op.create_table(
        "facts",
        *_key_of_stream(),
        sa.Column("key", sa.Text, primary_key=True),
        *_validity(),
        _number("entry"),
        sa.Column("id", sa.Uuid, nullable=False),
        _time("recorded_at"),
        _time("expires_at", nullable=True),
        sa.Column("words", sa.Integer, nullable=False),
        _flag("altered"),
        *_origin(),
        _text("value"),
        schema=SCHEMA,
    )
    _index("facts_by_id", "facts", "id", "valid_from")
    _index("facts_by_entry", "facts", "entry", "valid_from")
    _index("facts_live", "facts", "key", where=LIVE, unique=True)
    _index("facts_expiring", "facts", "expires_at", where=EXPIRING)


def _create_working_memory() -> None:
    op.create_table(
        "working_memory",
        *_key_of_stream(),
        sa.Column("key", sa.Text, primary_key=True),
        *_validity(),
        _number("used_version"),
        _flag("altered"),
        _text("value"),
        schema=SCHEMA,
    )
    _index("working_live", "working_memory", "key", where=LIVE, unique=True)


def _create_words() -> None:
    op.create_table(
        "postings",
        sa.Column("partition", sa.Integer, autoincrement=False, nullable=False),
        _text("stream"),
        sa.Column("lexeme", sa.Text(collation="C"), nullable=False),
        sa.Column("entry", sa.BigInteger, autoincrement=False, nullable=False),
        _number("valid_to", nullable=True),
        sa.Column("tf", sa.Integer, nullable=False),
        sa.Column("words", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint(
            *("partition", "stream", "lexeme", "entry"),
            postgresql_include=["valid_to", "tf", "words"],
        ),
        schema=SCHEMA,
    )
    op.create_table(
        "corpora",
        *_key_of_stream(),
        _key("version"),
        _number("entries"),
        _number("words"),
        schema=SCHEMA,
    )


def _create_recall_counts() -> None:
    op.create_table(
        "recall_counts",
        *_key_of_stream(),
        _key("entry"),
        _key("version"),
        sa.Column("recall_count", sa.Integer, nullable=False),
        _time("recalled_at"),
        schema=SCHEMA,
    )


def _create_vectors() -> None:
    op.create_table(
        "vectors",
        *_key_of_stream(),
        sa.Column("space", sa.Text, primary_key=True),
        _key("entry"),
        _number("valid_from"),
        _number("valid_to", nullable=True),
        sa.Column("embedding", VECTOR(), nullable=False),
        schema=SCHEMA,
    )
    op.execute(f"alter table {SCHEMA}.vectors alter column embedding set storage plain")
    _index("vectors_live", "vectors", "space", "entry", where=LIVE)
    _index("vectors_gone", "vectors", "space", "valid_to", where=GONE)
    op.create_table(
        "memory_spaces",
        *_key_of_stream(),
        *_validity(),
        _text("space"),
        _text("model"),
        sa.Column("dimensions", sa.Integer, nullable=False),
        schema=SCHEMA,
    )
    op.create_table("unembedded", *_key_of_stream(), _key("entry"), schema=SCHEMA)


def _create_derived() -> None:
    op.create_table(
        "salts",
        *_key_of_agent(),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        schema=DERIVED,
    )
    op.create_table(
        "vectors",
        *_key_of_agent(),
        sa.Column("space", sa.Text, primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("embedding", VECTOR(), nullable=False),
        schema=DERIVED,
    )
    op.execute(f"alter table {DERIVED}.vectors alter column embedding set storage plain")
    op.create_table(
        "digests",
        *_key_of_stream(),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        schema=DERIVED,
    )
    op.create_index("digests_by_digest", "digests", ["partition", "digest"], schema=DERIVED)


def _index(
    name: str, table: str, *columns: str, where: str | None = None, unique: bool = False
) -> None:
    op.create_index(
        name,
        table,
        ["partition", "stream", *columns],
        unique=unique,
        schema=SCHEMA,
        postgresql_where=where and sa.text(where),
    )


def _key_of_stream(owner: str = "stream") -> tuple["sa.Column[object]", "sa.Column[object]"]:
    return (
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column(owner, sa.Text, primary_key=True),
    )


def _key_of_agent() -> tuple["sa.Column[object]", "sa.Column[object]"]:
    return _key_of_stream("agent_id")


def _validity() -> tuple["sa.Column[object]", "sa.Column[object]"]:
    return _key("valid_from"), _number("valid_to", nullable=True)


def _origin() -> tuple["sa.Column[object]", ...]:
    return (
        _text("session", nullable=True),
        _text("call_id", nullable=True),
        sa.Column("tags", sa.ARRAY(sa.Text), nullable=False),
    )


def _key(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def _text(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.Text, nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _flag(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.Boolean, nullable=False)


def _time(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
