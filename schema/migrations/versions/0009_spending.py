"""What agents spend on a day, and what calls that are under way may add to that."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0009"
down_revision: Final[str | None] = "0008"

UPDATED: Final = {"fillfactor": 50}


def upgrade() -> None:
    op.create_table(
        "spent",
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("agent_id", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        *_amounts(),
        sa.Column("unpriced", sa.Integer, nullable=False),
        schema="ops",
        postgresql_with=UPDATED,
    )
    op.create_table(
        "reservations",
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("agent_id", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        *_amounts(),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        schema="ops",
    )
    op.create_index(
        "reservations_by_agent", "reservations", ["partition", "agent_id", "day"], schema="ops"
    )


def _amounts() -> tuple["sa.Column[object]", ...]:
    return (
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("steps", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("cost_micro_usd", sa.BigInteger, nullable=False),
    )
