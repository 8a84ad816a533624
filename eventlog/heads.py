"""Where the log stands; asked for without loading what projects it."""

from typing import Final

from eventlog.database import Conn
from eventlog.statements import statement

HEADS: Final = statement(__package__, "heads_of_partitions")


async def heads_of(conn: Conn) -> dict[int, int]:
    """Partition → its last position."""
    return {row["partition"]: row["position"] for row in await conn.fetch(HEADS)}
