"""The tables that a rebuild fills, and how they take the place of the live ones."""

from collections.abc import Iterator
from typing import Final

import asyncpg
from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlmodel import SQLModel

import schema.tables  # noqa: F401 - imported for what it adds to the metadata.
from eventlog.database import Dedicated
from eventlog.project import Projection
from eventlog.reach import APPLICATION_ROLE
from eventlog.statements import statement
from schema.errors import NotReady
from schema.tables import readmodel

LIVE: Final = readmodel.SCHEMA
NEXT: Final = "readmodel_next"
HEADS: Final = "heads"

DEPENDENT_VIEWS: Final = statement(__package__, "dependent_views")
RELATION_GRANTS: Final = statement(__package__, "relation_grants")
FORGET_HEADS: Final = statement(__package__, "forget_heads")
ADOPT_HEADS: Final = statement(__package__, "adopt_heads")

_dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


async def create_fresh_tables(owner: Dedicated, projection: Projection) -> None:
    """Empty tables for *projection*, and one of heads, in place of whatever a rebuild left."""
    async with owner.transaction():
        await owner.execute("set local search_path = public")  # The type `vector` is there.
        await owner.execute(f"drop schema if exists {NEXT} cascade")
        await owner.execute(f"create schema {NEXT}")
        for name in (*projection.tables, HEADS):
            for ddl in _ddl(name):
                await owner.execute(ddl)
        await owner.execute(f"grant usage on schema {NEXT} to {APPLICATION_ROLE}")
        await owner.execute(
            f"grant select, insert, update, delete on all tables in schema {NEXT} "
            f"to {APPLICATION_ROLE}"
        )


async def replace_tables(owner: Dedicated, projection: Projection) -> None:
    """Move the fresh tables to where the live ones are, with their views and all grants.

    To be called within a transaction. A function whose body is text looks its tables up by name at
    each call, so it needs no move. Whatever else rests on a live table (a function with a parsed
    body or of the table's row type, a materialized view, a rule) is named by `NotReady`.
    """
    names = [f"{LIVE}.{name}" for name in projection.tables]
    views = await owner.fetch(DEPENDENT_VIEWS, names)
    grants = await owner.fetch(RELATION_GRANTS, [*names, *(view["name"] for view in views)])
    for view in reversed(views):
        await _drop(owner, "view", view["name"])
    for name in projection.tables:
        await _drop(owner, "table", f"{LIVE}.{name}")
        await owner.execute(f"alter table {NEXT}.{name} set schema {LIVE}")
    for view in views:
        await owner.execute(view["definition"])
    for grant in grants:
        await owner.execute(grant["statement"])
    await owner.execute(FORGET_HEADS, projection.name)
    await owner.execute(ADOPT_HEADS, projection.name)
    await owner.execute(f"drop schema {NEXT} cascade")


async def _drop(owner: Dedicated, kind: str, name: str) -> None:
    try:
        await owner.execute(f"drop {kind} {name}")
    except asyncpg.DependentObjectsStillExistError as error:
        raise NotReady(
            f"{name} cannot be replaced: {error.detail}, and cannot move along: "
            "drop it, and make it again afterwards"
        ) from error


def _ddl(name: str) -> Iterator[str]:
    described = SQLModel.metadata.tables[f"{LIVE}.{name}"]
    fresh = described.to_metadata(MetaData(), schema=NEXT)
    yield str(CreateTable(fresh).compile(dialect=_dialect))
    for column in fresh.columns:
        if storage := column.info.get("storage"):  # SQLAlchemy has no option for it.
            yield f"alter table {fresh} alter column {column.name} set storage {storage}"
    for index in fresh.indexes:
        yield str(CreateIndex(index).compile(dialect=_dialect))
