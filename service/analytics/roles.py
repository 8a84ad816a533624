"""Roles that may ask the views and nothing else: made, limited, and let go again."""

import re
from collections.abc import Iterator
from typing import Final

import asyncpg
from asyncpg import Record
from msgspec import Struct

from eventlog.database import Database, Dedicated
from eventlog.reach import APPLICATION_ROLE
from eventlog.statements import statement
from schema import json_text
from schema.errors import Invalid, NotFound, NotReady
from schema.ids import uuid7

DESCRIBE: Final = statement(__package__, "describe_role")
QUOTE: Final = statement(__package__, "quote_role")
KEEP: Final = statement(__package__, "keep_audit")

ROLE: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
TEMPORARY_FILES: Final = "10GB"
"""What one of its sessions may sort on disk; only a superuser may set that, so it's tried."""


class Limits(Struct, frozen=True, kw_only=True):
    """What a role's sessions begin with."""

    statement_timeout_s: int = 60
    connections_max: int = 5


class Granted(Struct, frozen=True):
    """What became of a role."""

    role: str
    made: bool
    """It was not there before; it has no password yet."""


async def grant(database: Database, role: str, limits: Limits, *, actor: str) -> Granted:
    """Let *role* ask the views, and nothing else of ours; it is made where there is none.

    Raises `Invalid` for a role that reads more by what it is, `NotReady` where we may not do this.
    """
    if ROLE.fullmatch(role) is None or role.startswith("pg_"):
        raise Invalid("role", f"{role!r}: use 1 to 63 of a-z, 0-9 and '_', not beginning with pg_")
    owner = await database.connect_as_owner()
    try:
        async with owner.transaction():
            known = await owner.fetchrow(DESCRIBE, role, APPLICATION_ROLE)
            if known is not None and known["reads_more"]:
                raise Invalid("role", f"{role!r} reads more than analysts may: name another")
            await _grant(owner, role, limits, made=known is None)
            await _keep(owner, "analytics.grant", role, actor)
    except asyncpg.InsufficientPrivilegeError as error:
        raise NotReady(
            f"we may not make or limit the role {role!r} ({error}): let an administrator run "
            f"`create role {role} login` and make our role its admin, then try again"
        ) from error
    finally:
        await owner.close(timeout=10)
    return Granted(role, known is None)


async def revoke(database: Database, role: str, *, actor: str) -> None:
    """Let *role* ask no more; the role itself stays. `NotFound` where there is none."""
    owner = await database.connect_as_owner()
    try:
        async with owner.transaction():
            known = await owner.fetchrow(DESCRIBE, role, APPLICATION_ROLE)
            if known is None:
                raise NotFound(f"there is no role {role!r}")
            if known["reads_more"]:
                raise Invalid("role", f"{role!r} is no analyst's")
            for line in _rights(known["quoted"], "revoke {} from"):
                await owner.execute(line)
            await _keep(owner, "analytics.revoke", role, actor)
    finally:
        await owner.close(timeout=10)


async def _grant(owner: Dedicated, role: str, limits: Limits, *, made: bool) -> None:
    names = await owner.fetchrow(QUOTE, role)
    assert names is not None  # noqa: S101 - it has no from clause.
    if made:
        await owner.execute(f"create role {names['role']} login")
    for line in _limits(names, limits):
        await owner.execute(line)
    for line in _rights(names["role"], "grant {} to"):
        await owner.execute(line)
    try:
        async with owner.transaction():
            await owner.execute(_set(names, "temp_file_limit", f"'{TEMPORARY_FILES}'"))
    except asyncpg.InsufficientPrivilegeError:
        pass  # Whoever owns a managed server sets it there.


def _limits(names: Record, limits: Limits) -> Iterator[str]:
    yield f"alter role {names['role']} connection limit {limits.connections_max}"
    yield _set(names, "statement_timeout", f"'{limits.statement_timeout_s}s'")
    yield _set(names, "idle_in_transaction_session_timeout", "'60s'")
    yield _set(names, "lock_timeout", "'5s'")
    yield _set(names, "default_transaction_read_only", "on")
    yield _set(names, "search_path", "analytics, public")
    yield _set(names, "max_parallel_workers_per_gather", "0")  # Cores are for who writes.


def _set(names: Record, setting: str, value: str) -> str:
    return f"alter role {names['role']} in database {names['database']} set {setting} = {value}"


def _rights(role: str, verb: str) -> Iterator[str]:
    """What is given or taken, also on views and functions that a later version brings."""
    after = f" {role}"
    for right in (
        "usage on schema analytics",
        "select on all tables in schema analytics",
        "execute on all functions in schema analytics",
    ):
        yield verb.format(right) + after
    for right in ("select on tables", "execute on functions"):
        yield f"alter default privileges in schema analytics {verb.format(right)}{after}"


async def _keep(owner: Dedicated, action: str, role: str, actor: str) -> None:
    await owner.execute(KEEP, uuid7(), action, actor, json_text.encode({"role": role}))
