"""Keys by which callers of the API are known: made, listed, revoked, and recognised.

A secret is 256 bits of chance. Nobody guesses one, so a plain SHA-256 of it is safe to keep: what
makes slow hashes necessary is that people choose passwords, and here nobody chooses.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from eventlog.database import Database
from eventlog.statements import statement
from schema.errors import Invalid, NotFound
from schema.ids import checked_agent_id

CREATE: Final = statement(__package__, "create_key")
LIST: Final = statement(__package__, "list_keys")
REVOKE: Final = statement(__package__, "revoke_key")
FIND: Final = statement(__package__, "find_key")
COUNT: Final = statement(__package__, "count_keys")

PREFIX: Final = "ark"
"""So that who finds one lying about, or a scanner, knows what it is."""
ID_BYTES: Final = 6
SECRET_BYTES: Final = 32
NAME_MAX: Final = 100
AGENTS_MAX: Final = 100
LISTED_MAX: Final = 10_000

_KEY: Final = re.compile(rf"{PREFIX}_([0-9a-f]{{12}})_([A-Za-z0-9_-]{{43}})")


class Scope(StrEnum):
    """What a key allows; `admin` allows everything."""

    SESSIONS_READ = "sessions:read"
    SESSIONS_WRITE = "sessions:write"
    MEMORY_WRITE = "memory:write"
    AUDIT_READ = "audit:read"
    ADMIN = "admin"


class Key(Struct, frozen=True, kw_only=True):
    """What is known of a key; the key itself is not."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    agents: tuple[str, ...] | None
    """The only ones that it is for; None: all."""
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def allows(self, scope: Scope) -> bool:
        """Whether its bearer may do what needs *scope*."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def is_for(self, agent_id: str) -> bool:
        """Whether its bearer may know of *agent_id*."""
        return self.agents is None or agent_id in self.agents


class Signer(Struct, frozen=True):
    """A good key, and what is kept of it; that leaves this process in no answer and no log."""

    key: Key
    digest: bytes


class Counted(Struct, frozen=True):
    """Whether keys are in use here."""

    any: bool
    """There was one once, even if it is good no longer."""
    good: bool


async def create_key(
    database: Database,
    *,
    name: str,
    scopes: Sequence[str],
    agents: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> tuple[Key, str]:
    """A new key, and the text that its bearer shows: told once, and never again."""
    if not 1 <= len(name) <= NAME_MAX:
        raise Invalid("name", f"has {len(name)} characters: use 1 to {NAME_MAX}")
    if len(agents) > AGENTS_MAX:
        raise Invalid("agents", f"{len(agents)} are named: at most {AGENTS_MAX}")
    chosen = [scope.value for scope in _scopes(scopes)]
    of_agents = sorted({checked_agent_id(agent) for agent in agents}) or None
    id_ = secrets.token_hex(ID_BYTES)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    async with database.acquire() as conn:
        row = await conn.fetchrow(CREATE, id_, name, _digest(secret), chosen, of_agents, expires_at)
    return _key(row), f"{PREFIX}_{id_}_{secret}"


async def list_keys(database: Database, limit: int = LISTED_MAX) -> list[Key]:
    """The newest keys, those that are good no longer too."""
    async with database.acquire() as conn:
        return [_key(row) for row in await conn.fetch(LIST, limit)]


async def revoke_key(database: Database, id_: str) -> Key:
    """Let nobody in by key *id_* any more; `NotFound` where there is none."""
    async with database.acquire() as conn:
        row = await conn.fetchrow(REVOKE, id_)
    if row is None:
        raise NotFound(f"there is no key {id_!r}: `agent-runtime keys list` lists them")
    return _key(row)


async def count_keys(database: Database) -> Counted:
    """Whether there are any keys."""
    async with database.acquire() as conn:
        row = await conn.fetchrow(COUNT)
    assert row is not None  # noqa: S101 - it has no from clause.
    return Counted(row["any"], row["good"])


async def find_key(database: Database, text: str) -> Key | None:
    """The key that *text* is, if it is good; None tells nobody why it is not.

    The secret is compared in the same time whatever it is, an unknown id's too.
    """
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    id_, secret = match.groups()
    async with database.acquire() as conn:
        row = await conn.fetchrow(FIND, id_)
    kept = bytes(hashlib.sha256().digest_size) if row is None else row["digest"]
    same = hmac.compare_digest(_digest(secret), kept)
    return _key(row) if row is not None and same and row["good"] else None


async def find_signer(database: Database, id_: str) -> Signer | None:
    """What signs for the bearer of key *id_*, if it is good."""
    async with database.acquire() as conn:
        row = await conn.fetchrow(FIND, id_)
    return Signer(_key(row), row["digest"]) if row is not None and row["good"] else None


def _scopes(named: Sequence[str]) -> list[Scope]:
    there_are = ", ".join(scope.value for scope in Scope)
    if not named:
        raise Invalid("scopes", f"none is named: there are {there_are}")
    try:
        return [Scope(name) for name in dict.fromkeys(named)]
    except ValueError:
        unknown = next(name for name in named if name not in set(Scope))
        raise Invalid("scopes", f"{unknown!r} is none of {there_are}") from None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _key(row: Any) -> Key:
    return Key(
        id=row["id"],
        name=row["name"],
        scopes=tuple(Scope(scope) for scope in row["scopes"]),
        agents=None if row["agents"] is None else tuple(row["agents"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )
