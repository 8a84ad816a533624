"""Requests that may be repeated: the same `Idempotency-Key` makes the same thing, once.

What a request makes has an id that is laid down before it is made, under its caller, route and key;
so a repeat finds it in the log, for ever, and however many come at once. The ids are ordinary ones
that begin with their time: derived from the key, sessions would not be in the order of their ids.
"""

import hashlib
import hmac
import json
import os
import re
from typing import Any, Final
from uuid import UUID

from eventlog.database import Database
from eventlog.statements import statement
from schema.ids import new_session_id, uuid7
from service.api.refusals import Misfit, OtherBody

RESERVE: Final = statement(__package__, "reserve_request")

HEADER: Final = "Idempotency-Key"
SALT_BYTES: Final = 16

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


async def reserved(
    database: Database, *, caller: str, route: str, key: str, body: Any, agent_id: str | None
) -> UUID:
    """The id of what this request makes; of a session of *agent_id*, if that is what it makes.

    `OtherBody` where the same request came before with another body.
    """
    if _KEY.fullmatch(key) is None:
        detail = "use 1 to 255 visible ASCII characters"
        raise Misfit([{"header": HEADER, "detail": detail}])
    said = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    salt = os.urandom(SALT_BYTES)
    fresh = uuid7() if agent_id is None else new_session_id(agent_id)
    async with database.acquire() as conn:
        row = await conn.fetchrow(
            RESERVE, _digest(caller, route, key), fresh, salt, _salted(salt, said)
        )
    assert row is not None  # noqa: S101 - it returns one.
    if not hmac.compare_digest(row["body"], _salted(row["salt"], said)):
        raise OtherBody(f"this {HEADER} came before with another body: take a new one")
    return UUID(str(row["id"]))


def _digest(*parts: str) -> bytes:
    """Of the parts with their lengths, so that none can pass into the next."""
    whole = b"".join(b"%d:%s" % (len(part.encode()), part.encode()) for part in parts)
    return hashlib.sha256(whole).digest()


def _salted(salt: bytes, body: bytes) -> bytes:
    return hashlib.sha256(salt + body).digest()
