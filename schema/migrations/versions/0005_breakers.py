"""Circuit breakers that processes share."""

from typing import Final

revision: Final = "0005"
down_revision: Final[str | None] = "0004"


def upgrade() -> None:
    pass
