"""Leases: who drives which session, and until when."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0007"
down_revision: Final[str | None] = "0006"

UPDATED: Final = {"fillfactor": 50}


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("session_id", sa.Uuid, primary_key=True),
        sa.Column("agent_id", sa.Text, nullable=False),
        sa.Column("holder", sa.Uuid),
        sa.Column("epoch", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        schema="ops",
        postgresql_with=UPDATED,
    )
