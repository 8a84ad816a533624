"""The door: who a caller is by the key that they show, and what they may do."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from time import monotonic
from typing import Final
from urllib.parse import urlsplit

from eventlog.database import Database
from service.api.refusals import Forbidden, Unauthenticated
from service.keys import Counted, Key, Scope, count_keys, find_key, find_signer

KNOWN_FOR_S: Final = 1.0
"""How long a key is believed without looking again; so long a revoked one may still work."""
KEYS_KNOWN_MAX: Final = 1024
KEY_CHARACTERS_MAX: Final = 200
BEARER: Final = "bearer "


@dataclass(frozen=True)
class Caller:
    """Who asks."""

    key: Key | None
    """None where no key is in use, and only this machine can ask."""

    @property
    def actor(self) -> str:
        """As events name them."""
        return "local" if self.key is None else f"key:{self.key.id}"

    @property
    def agents(self) -> tuple[str, ...] | None:
        """The only agents that they may know of; None: all."""
        return None if self.key is None else self.key.agents

    def is_for(self, agent_id: str) -> bool:
        """Whether they may know of *agent_id*."""
        return self.key is None or self.key.is_for(agent_id)

    def see_scope(self, scope: Scope) -> None:
        """Return if they may do what needs *scope*."""
        if self.key is not None and not self.key.allows(scope):
            raise Forbidden(f"this key lacks the scope {scope.value}")

    def see_all(self) -> None:
        """Return if they may know of every agent."""
        if self.agents is not None:
            raise Forbidden("this tells of every agent, and the key is for some only")

    def see_agent(self, agent_id: str) -> None:
        """Return if they may act for *agent_id*."""
        if not self.is_for(agent_id):
            raise Forbidden(f"this key is not for agent {agent_id!r}")


LOCAL: Final = Caller(None)


class Door:
    """Lets callers in, or not. Without any key ever made, whoever asks on this machine is let in.

    Once there is one, everybody needs one, and that stays so when the last is revoked.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = monotonic) -> None:
        self._database = database
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[float, Key]] = OrderedDict()
        self._seen: dict[str, tuple[float, bool]] = {}
        self._counted: tuple[float, Counted] | None = None
        self._counting = asyncio.Lock()

    async def admit(self, authorization: str | None, host: str) -> Caller:
        """Who asks, by the headers `Authorization` and `Host`; `Unauthenticated` for nobody."""
        if authorization is not None:
            return Caller(await self._bearer(authorization))
        if await self._in_use():
            raise Unauthenticated("show a key: `Authorization: Bearer ark_…`")
        if not is_loopback(_name(host)):
            # A page elsewhere may have made its own name mean this machine.
            raise Forbidden(f"without keys we answer as localhost only, not as {host!r}")
        return LOCAL

    async def see_still(self, caller: Caller) -> None:
        """Return if *caller*, who was let in, still would be; `Unauthenticated` if not."""
        if caller.key is None:
            if await self._in_use():
                raise Unauthenticated("keys have come into use: show one")
            return
        if not await self._is_good(caller.key.id):
            raise Unauthenticated("this key is good no longer")

    async def _is_good(self, id_: str) -> bool:
        """Whether that key is; believed for a while, for all the streams that it opened."""
        at, good = self._seen.get(id_, (0.0, False))
        if not good or self._clock() - at >= KNOWN_FOR_S:
            at, good = self._clock(), await find_signer(self._database, id_) is not None
            if len(self._seen) >= KEYS_KNOWN_MAX:
                self._seen.clear()
            self._seen[id_] = (at, good)
        return good

    async def _bearer(self, authorization: str) -> Key:
        text = authorization[len(BEARER) :].strip()
        if not authorization.lower().startswith(BEARER) or len(text) > KEY_CHARACTERS_MAX:
            raise Unauthenticated("`Authorization` must be `Bearer`, a space, and a key")
        key = await self._key(text)
        if key is None or (key.expires_at is not None and key.expires_at <= datetime.now(UTC)):
            raise Unauthenticated("this key is not good: unknown, expired or revoked")
        return key

    async def _key(self, text: str) -> Key | None:
        digest = hashlib.sha256(text.encode(errors="surrogateescape")).digest()
        known = self._known.get(digest)
        if known is not None and self._clock() - known[0] < KNOWN_FOR_S:
            return known[1]
        asked_at = self._clock()
        key = await find_key(self._database, text)
        self._known.pop(digest, None)
        if key is not None:
            self._known[digest] = (asked_at, key)
            if len(self._known) > KEYS_KNOWN_MAX:
                self._known.popitem(last=False)
        return key

    async def _in_use(self) -> bool:
        """Whether there was ever a key; that there was one stays true."""
        async with self._counting:
            known = self._counted
            if known is not None and (known[1].any or self._clock() - known[0] < KNOWN_FOR_S):
                return known[1].any
            asked_at = self._clock()
            counted = await count_keys(self._database)
            self._counted = (asked_at, counted)
            return counted.any


def is_loopback(host: str) -> bool:
    """Whether *host* means this machine, to itself alone."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _name(host: str) -> str:
    """*host*, as a request names it, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
