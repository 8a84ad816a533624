"""The log, its readers' checkpoints, and what operating it needs."""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: Final = "0001"
down_revision: Final[str | None] = None


def upgrade() -> None:
    _create_log()
    _create_events()
    _create_readers()
    _create_ops()


def _create_log() -> None:
    op.create_table(
        "log",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False, server_default="1"),
        sa.Column("epoch", sa.Integer, nullable=False, server_default="1"),
        sa.Column("partitions", sa.Integer, nullable=False),
        _time("created_at", server_default=sa.text("now()")),
        sa.CheckConstraint("id = 1", name="log_has_one_row"),
        schema="eventlog",
    )
    op.create_table(
        "partitions",
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, nullable=False, server_default="0"),
        schema="eventlog",
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "streams",
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False, server_default="0"),
        schema="eventlog",
        postgresql_with={"fillfactor": 70},
    )


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("agent_id", sa.Text, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("schema_version", sa.SmallInteger, nullable=False),
        sa.Column("data", sa.JSON),
        sa.Column("metadata", sa.JSON, nullable=False),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        _time("recorded_at"),
        sa.UniqueConstraint("partition", "stream", "version"),
        schema="eventlog",
        postgresql_with={
            "autovacuum_vacuum_insert_scale_factor": 0.05,
            "autovacuum_analyze_scale_factor": 0.02,
        },
    )
    op.create_index(
        "events_partition_event_id_key",
        "events",
        ["partition", "event_id"],
        unique=True,
        schema="eventlog",
        postgresql_where=sa.text("stream not like 'session-%'"),
    )


def _create_readers() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("projection", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False, server_default="0"),
        schema="eventlog",
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "parked",
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("projection", sa.Text, primary_key=True),
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        _time("parked_at"),
        schema="eventlog",
    )


def _create_ops() -> None:
    op.create_table(
        "routines",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False),
        _time("applied_at", server_default=sa.text("now()")),
        schema="ops",
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("detail", JSONB, nullable=False, server_default="{}"),
        _time("at", server_default=sa.text("now()")),
        schema="ops",
    )


def _time(name: str, server_default: sa.TextClause | None = None) -> "sa.Column[object]":
    return sa.Column(
        name, sa.DateTime(timezone=True), nullable=False, server_default=server_default
    )
