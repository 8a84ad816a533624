"""What analysts ask for: who and when beside each step, recalls, and all that is no step.

The tables of projection `steps` are made again, and filled anew from the log: what they lacked,
only the events know.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0008"
down_revision: Final[str | None] = "0007"

SCHEMA: Final = "readmodel"
MADE_AGAIN: Final = ("steps", "completions", "tool_calls")
FORGET: Final = (
    "delete from readmodel.heads where projection = 'steps'",
    "delete from eventlog.checkpoints where projection = 'steps'",
    "delete from eventlog.parked where projection = 'steps'",
)


def upgrade() -> None:
    for table in MADE_AGAIN:
        op.drop_table(table, schema=SCHEMA)
    for statement in FORGET:
        op.execute(statement)
    _create_steps()
    _create_completions()
    _create_tool_calls()
    _create_recalls()
    _create_changes()


def _create_steps() -> None:
    op.create_table(
        "steps",
        *_key_of_session(),
        _key("step", sa.Integer),
        _text("agent_id"),
        _number("version"),
        _time("recorded_at"),
        _text("text"),
        _flag("text_altered"),
        schema=SCHEMA,
    )


def _create_completions() -> None:
    op.create_table(
        "completions",
        *_key_of_session(),
        _key("step", sa.Integer),
        _text("agent_id"),
        _number("version"),
        _time("recorded_at"),
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
        _key("call_id", sa.Text),
        _text("agent_id"),
        _text("status"),
        _text("effect"),
        sa.Column("ok", sa.Boolean),
        _flag("arguments_altered"),
        _flag("observation_altered"),
        _number("call_version"),
        sa.Column("return_version", sa.BigInteger),
        _time("called_at"),
        _time("returned_at", nullable=True),
        sa.Column("latency_ms", sa.Float),
        _text("tool"),
        _text("kind", nullable=True),
        sa.Column("arguments", sa.JSON, nullable=False),
        _text("observation", nullable=True),
        schema=SCHEMA,
    )


def _create_recalls() -> None:
    op.create_table(
        "recalls",
        *_key_of_session(),
        _key("version", sa.BigInteger),
        _key("rank", sa.Integer),
        _text("agent_id"),
        _time("recorded_at"),
        _number("memory_version"),
        sa.Column("score", sa.Float, nullable=False),
        _flag("told"),
        _flag("query_altered"),
        _text("call_id", nullable=True),
        _text("kind"),
        _text("item"),
        _text("query"),
        schema=SCHEMA,
    )


def _create_changes() -> None:
    op.create_table(
        "changes",
        _key("partition", sa.Integer),
        _key("stream", sa.Text),
        _key("version", sa.BigInteger),
        _time("recorded_at"),
        _flag("altered"),
        _text("agent_id"),
        _text("type"),
        _text("actor"),
        _text("subject", nullable=True),
        _text("detail", nullable=True),
        schema=SCHEMA,
    )


def _key_of_session() -> tuple["sa.Column[object]", "sa.Column[object]"]:
    return _key("partition", sa.Integer), _key("session_id", sa.Uuid)


def _key(name: str, of: type) -> "sa.Column[object]":
    return sa.Column(name, of, primary_key=True, autoincrement=False)


def _text(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.Text, nullable=nullable)


def _number(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.BigInteger, nullable=False)


def _flag(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.Boolean, nullable=False)


def _time(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
