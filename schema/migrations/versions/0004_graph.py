"""The knowledge graph: entities and relationships, their names, and how many there are."""

from typing import Final

revision: Final = "0004"
down_revision: Final[str | None] = "0003"


def upgrade() -> None:
    pass
