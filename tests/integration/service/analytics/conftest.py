"""A made-up log with every read model of it, made once; nobody here writes to it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from eventlog.database import Database, open_database
from service.bench.analytics.ground import make_life
from tests.conftest import TestServer

EVENTS: Final = 4000


@pytest.fixture(scope="session")
def made_up_url(postgres: TestServer) -> Iterator[str]:
    name = f"made_up_{uuid4().hex}"
    asyncio.run(postgres.execute(f"create database {name} template template_1 strategy wal_log"))
    url = postgres.url(name)
    asyncio.run(_fill(url, postgres.folder))
    yield url
    asyncio.run(postgres.execute(f"drop database {name} with (force)"))


async def _fill(url: str, folder: Path) -> None:
    async with open_database(url, folder) as database:
        await make_life(database, EVENTS, lambda _line: None)


@pytest.fixture
async def made_up(made_up_url: str, run_folder: Path) -> AsyncIterator[Database]:
    async with open_database(made_up_url, run_folder) as database:
        yield database
