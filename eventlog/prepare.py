"""What only a privileged role may make: the application role and the vector extension."""

from contextlib import suppress
from typing import Final

import asyncpg

from eventlog.database import Dedicated
from eventlog.reach import APPLICATION_ROLE
from eventlog.statements import statement
from schema.errors import NotReady
from schema.migrations.scope import SCHEMAS

PREREQUISITES: Final = statement(__package__, "prerequisites")

CREATE_ROLE: Final = f"create role {APPLICATION_ROLE} nologin"
CREATE_EXTENSION: Final = "create extension if not exists vector schema public"


async def prepare(conn: Dedicated) -> None:
    """See that role, membership, extension and schemas are there.

    Raises `NotReady` with the SQL that an administrator must run when this role may not make them.
    """
    have = await conn.fetchrow(PREREQUISITES, APPLICATION_ROLE)
    assert have is not None  # noqa: S101 - one row, always.
    grant = f'grant {APPLICATION_ROLE} to "{have["owner"]}"'
    if not have["role_exists"]:
        await _create_role(conn, grant)
    if not have["may_set_role"]:
        await _run(conn, grant, f"{grant};")
    if not have["has_vector"]:
        await _create_extension(conn)
    for name in SCHEMAS:
        await conn.execute(f"create schema if not exists {name}")


async def _create_role(conn: Dedicated, grant: str) -> None:
    # Roles belong to the server: another database of it may be migrated at the same time.
    with suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        await _run(conn, CREATE_ROLE, f"{CREATE_ROLE};\n{grant};")


async def _create_extension(conn: Dedicated) -> None:
    try:
        await _run(conn, CREATE_EXTENSION, f"{CREATE_EXTENSION};")
    except (asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFileError) as error:
        raise NotReady(
            "the server has no extension `vector`: install pgvector there (the package is often "
            "called postgresql-18-pgvector), then run `agent-runtime migrate` again"
        ) from error


async def _run(conn: Dedicated, sql: str, for_administrator: str) -> None:
    try:
        async with conn.transaction():
            await conn.execute(sql)
    except asyncpg.InsufficientPrivilegeError as error:
        raise NotReady(
            "the role of AGENT_RUNTIME_DATABASE_URL may not do this; let an administrator run, in "
            f"this database:\n{for_administrator}\nand then `agent-runtime migrate` again"
        ) from error
