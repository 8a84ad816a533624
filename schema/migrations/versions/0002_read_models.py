"""What the projections make of sessions: their rows, steps, completions, tool calls, and heads."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final[str | None] = "0001"

SCHEMA: Final = "readmodel"
UPDATED: Final = {"fillfactor": 70}


def upgrade() -> None:
    _create_sessions()
    _create_steps()
    _create_tool_calls()
    _create_heads()


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Uuid, primary_key=True),
        _text("agent_id"),
        _text("status"),
        _text("prompt", nullable=True),
        _text("model", nullable=True),
        _text("answer", nullable=True),
        _text("cause", nullable=True),
        _text("detail", nullable=True),
        _number("version"),
        _number("started_version"),
        _number("settled_version", nullable=True),
        sa.Column("steps", sa.Integer, nullable=False),
        _number("input_tokens", nullable=True),
        _number("output_tokens", nullable=True),
        _number("cached_tokens", nullable=True),
        _time("started_at"),
        _time("updated_at"),
        _time("ended_at", nullable=True),
        _flag("prompt_altered"),
        _flag("answer_altered"),
        schema=SCHEMA,
        postgresql_with=UPDATED,
    )


def _create_steps() -> None:
    op.create_table(
        "steps",
        *_key_of_session(),
        sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
        _number("version"),
        _time("recorded_at"),
        _text("text"),
        _flag("text_altered"),
        schema=SCHEMA,
    )
    op.create_table(
        "completions",
        *_key_of_session(),
        sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
        _number("version"),
        sa.Column("latency_ms", sa.Float, nullable=False),
        sa.Column("cost", sa.Float),
        _number("input_tokens"),
        _number("output_tokens"),
        _number("cached_tokens"),
        _text("model"),
        _text("stop_reason"),
        schema=SCHEMA,
    )


def _create_tool_calls() -> None:
    op.create_table(
        "tool_calls",
        *_key_of_session(),
        sa.Column("call_id", sa.Text, primary_key=True),
        _text("status"),
        _text("effect"),
        sa.Column("ok", sa.Boolean),
        _flag("arguments_altered"),
        _flag("observation_altered"),
        _number("call_version"),
        _number("return_version", nullable=True),
        sa.Column("latency_ms", sa.Float),
        _text("tool"),
        _text("kind", nullable=True),
        sa.Column("arguments", sa.JSON, nullable=False),
        _text("observation", nullable=True),
        schema=SCHEMA,
    )


def _create_heads() -> None:
    op.create_table(
        "heads",
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("projection", sa.Text, primary_key=True),
        sa.Column("stream", sa.Text, primary_key=True),
        _number("version"),
        schema=SCHEMA,
        postgresql_with=UPDATED,
    )


def _key_of_session() -> tuple["sa.Column[object]", "sa.Column[object]"]:
    return (
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("session_id", sa.Uuid, primary_key=True),
    )


def _text(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.Text, nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _flag(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.Boolean, nullable=False)


def _time(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
