"""One PostgreSQL for a whole test run, shared by all workers; a fresh database for each test."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import settings

from eventlog.database import Database, open_database
from eventlog.embedded import EmbeddedServer, running_server
from eventlog.embedded.locks import locked
from eventlog.migrate import migrate

settings.register_profile("busy", deadline=None)  # How fast one example is, others decide, too.
settings.load_profile("busy")

RUN_FOLDER: Final = "AGENT_RUNTIME_TEST_RUN"

FORGETFUL: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",  # It would hold a database that is about to be cloned or dropped.
    "wal_level": "minimal",  # From here on: a clone in 40 ms where it took 300.
    "max_wal_senders": "0",
    "wal_init_zero": "off",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
}
"""No test of this server pulls the plug; those that do start one of their own."""


@dataclass(frozen=True)
class TestServer:
    """The run's server, and how databases on it come and go."""

    __test__ = False

    server: EmbeddedServer
    folder: Path

    def url(self, database: str) -> str:
        folder = self.server.socket_folder
        return f"postgresql://{self.server.owner}@/{database}?host={folder}&port={self.server.port}"

    @asynccontextmanager
    async def database(self, partitions: int) -> AsyncIterator[Database]:
        """A fresh, migrated database, gone afterwards."""
        async with self.empty_database(template=f"template_{partitions}") as database:
            yield database

    @asynccontextmanager
    async def empty_database(self, template: str = "template1") -> AsyncIterator[Database]:
        """A fresh database that nothing was done to, gone afterwards."""
        name = f"test_{uuid4().hex}"
        await self.execute(f"create database {name} template {template} strategy wal_log")
        try:
            async with open_database(self.url(name), self.folder) as database:
                yield database
        finally:
            await self.execute(f"drop database {name} with (force)")

    async def make_templates(self) -> None:
        for partitions in (1, 4):
            name = f"template_{partitions}"
            if await self.fetchval("select true from pg_database where datname = $1", name):
                continue
            await self.execute(f"create database {name}")
            async with open_database(self.url(name), self.folder) as database:
                await migrate(database, partitions=partitions)

    async def execute(self, sql: str) -> None:
        await self.fetchval(sql)

    async def fetchval(self, sql: str, *values: object) -> object:
        conn = await asyncpg.connect(self.url("postgres"))
        try:
            return await conn.fetchval(sql, *values)
        finally:
            await conn.close()


def pytest_configure(config: pytest.Config) -> None:
    """Make the run's folder; its workers inherit the variable.

    Not one of pytest's own temporary folders: those belong to all runs of a user, which remove each
    other's, and close them to the user that PostgreSQL runs as when we are root.
    """
    if not hasattr(config, "workerinput"):
        os.environ[RUN_FOLDER] = mkdtemp(prefix="agent-runtime-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run's folder, once every worker is gone."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(RUN_FOLDER), ignore_errors=True)


@pytest.fixture(scope="session")
def run_folder() -> Path:
    """A folder of this run, the same for every worker."""
    return Path(os.environ[RUN_FOLDER])


@pytest.fixture
def home(run_folder: Path) -> Path:
    """A fresh AGENT_RUNTIME_HOME in which a server can be started."""
    return Path(mkdtemp(dir=run_folder))


@pytest.fixture(scope="session")
def postgres(run_folder: Path) -> Iterator[TestServer]:
    """The run's server; a second worker joins the one that the first has started."""
    with running_server(run_folder, FORGETFUL) as server:
        run = TestServer(server, run_folder)
        with locked(run_folder / "templates.lock", timeout_s=120):
            asyncio.run(run.make_templates())
        yield run


@pytest.fixture(params=[1, 4], ids=["1-partition", "4-partitions"])
def partitions(request: pytest.FixtureRequest) -> int:
    """How many partitions the test's log has; every test that asks runs with each."""
    count: int = request.param
    return count


@pytest.fixture
async def database(postgres: TestServer, partitions: int) -> AsyncIterator[Database]:
    """A fresh, migrated database of the run's server."""
    async with postgres.database(partitions) as fresh:
        yield fresh


@pytest.fixture
async def empty_database(postgres: TestServer) -> AsyncIterator[Database]:
    """A fresh database that was never migrated."""
    async with postgres.empty_database() as fresh:
        yield fresh
