"""Forks: which session another one goes on from, and where."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0012"
down_revision: Final[str | None] = "0010"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("parent", sa.Uuid), schema="readmodel")
    op.add_column("sessions", sa.Column("forked_at", sa.BigInteger), schema="readmodel")
    op.add_column("sessions", sa.Column("origin", sa.Uuid), schema="readmodel")
    op.create_index(
        "sessions_by_origin",
        "sessions",
        ["partition", "origin"],
        schema="readmodel",
        postgresql_where=sa.text("origin is not null"),
    )


def downgrade() -> None:
    op.drop_index("sessions_by_origin", "sessions", schema="readmodel")
    for column in ("origin", "forked_at", "parent"):
        op.drop_column("sessions", column, schema="readmodel")
