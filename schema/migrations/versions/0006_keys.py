"""Keys by which callers of the API are known."""

from typing import Final

revision: Final = "0006"
down_revision: Final[str | None] = "0005"


def upgrade() -> None:
    pass
