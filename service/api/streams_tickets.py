"""Tickets: what a browser shows in a stream's address, since it can send no header there.

A ticket is for one stream, for a short time, by the rights of the key that asked for it; it is
signed with what is kept of that key, so every process knows it, and it ends with the key. Whoever
can read what is kept of keys reads the log as well, and a ticket allows nothing else.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from typing import Final

from eventlog.database import Database
from service.api.door import Caller
from service.api.refusals import Unauthenticated
from service.keys import Key, Signer, find_signer

PREFIX: Final = "art"

_TICKET: Final = re.compile(rf"{PREFIX}_([0-9a-f]{{12}})_([0-9]{{1,12}})_([A-Za-z0-9_-]{{43}})")


async def ticket_for(database: Database, key: Key, stream: str, expires_s: int) -> str:
    """A ticket of *key*'s bearer for *stream*, good until *expires_s* of the epoch."""
    signer = await find_signer(database, key.id)
    if signer is None:
        raise Unauthenticated("this key is not good: unknown, expired or revoked")
    return f"{PREFIX}_{key.id}_{expires_s}_{_signature(signer, stream, expires_s)}"


async def ticket_holder(database: Database, ticket: str, stream: str, now_s: float) -> Caller:
    """Who was given *ticket* for *stream*; `Unauthenticated` where it is not good."""
    match = _TICKET.fullmatch(ticket)
    if match is not None:
        id_, expires_s, signature = match.groups()
        signer = await find_signer(database, id_)
        if signer is not None:
            same = hmac.compare_digest(_signature(signer, stream, int(expires_s)), signature)
            if same and now_s < int(expires_s):
                return Caller(signer.key)
    raise Unauthenticated("this ticket is not good: get a new one, they are for a short time")


def _signature(signer: Signer, stream: str, expires_s: int) -> str:
    said = f"stream {expires_s} {stream}".encode()
    digest = hmac.new(signer.digest, said, hashlib.sha256).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")
