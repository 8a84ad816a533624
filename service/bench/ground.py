"""Where benches run: a database of their own each, never the user's data, gone afterwards."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from eventlog.database import Database, open_database
from eventlog.embedded import running_server
from eventlog.migrate import migrate
from service.config import Settings


@asynccontextmanager
async def server_for_benches(settings: Settings) -> AsyncIterator[str]:
    """The URL of a server that databases may be made on.

    The given one; or one of our own on the same disk as the user's data, with the settings that
    ours always has.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=settings.home) as folder:
        async with open_database(None, Path(folder)):  # It makes the database `agent_runtime`.
            with running_server(Path(folder)) as server:
                yield (
                    f"postgresql://{server.owner}@/agent_runtime"
                    f"?host={server.socket_folder}&port={server.port}"
                )


@asynccontextmanager
async def fresh_database(url: str, home: Path) -> AsyncIterator[Database]:
    """A migrated database on the server at *url*, dropped afterwards."""
    name = f"agent_runtime_bench_{uuid4().hex[:12]}"
    async with open_database(url, home) as given:
        owner = await given.connect_as_owner()
        try:
            await owner.execute(f"create database {name}")
            try:
                async with open_database(_beside(url, name), home) as database:
                    await migrate(database, partitions=1)
                    yield database
            finally:
                await owner.execute(f"drop database {name} with (force)")
        finally:
            await owner.close()


def _beside(url: str, database: str) -> str:
    """*url* with another database's name."""
    parts = urlsplit(url.strip())
    return urlunsplit(parts._replace(path=f"/{database}"))
