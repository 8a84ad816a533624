"""The digest of an event, as `sql/routines/digest.sql` computes it, and the proof over a stream."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from eventlog.database import Conn
from eventlog.statements import statement

BLOCK_EVENTS: Final = 500

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

READ_DIGESTS: Final = statement(__package__, "read_digests")


def digest(  # noqa: PLR0913 - the fields that are proved.
    *,
    salt: bytes,
    stream: str,
    version: int,
    event_id: UUID,
    type: str,  # noqa: A002 - the column's name.
    schema_version: int,
    recorded_at: datetime,
    metadata: str,
    data: str,
) -> bytes:
    """SHA-256 over the fields, each behind its length in bytes (4 bytes, network order)."""
    recorded_us = (recorded_at - _EPOCH) // _MICROSECOND
    fields = (
        salt,
        stream.encode(),
        version.to_bytes(8),
        event_id.bytes,
        type.encode(),
        schema_version.to_bytes(2),
        recorded_us.to_bytes(8, signed=True),
        metadata.encode(),
        data.encode(),
    )
    return hashlib.sha256(b"".join(len(f).to_bytes(4) + f for f in fields)).digest()


async def altered_versions(conn: Conn, partition: int, stream: str) -> AsyncIterator[int]:
    """The versions of *stream* whose data, metadata or place are not what was appended.

    Events whose data was erased are passed over: their digest stands, their content is gone.
    """
    after = 0
    while rows := await conn.fetch(READ_DIGESTS, partition, stream, after, BLOCK_EVENTS):
        for row in rows:
            fields = dict(row)
            recorded = fields.pop("digest")
            if fields["data"] is not None and digest(stream=stream, **fields) != recorded:
                yield row["version"]
        after = rows[-1]["version"]
