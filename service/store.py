"""Opens the database and the log in it, ready to be used."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from eventlog.bell import BellSettings
from eventlog.database import Database, open_database
from eventlog.log import EventLog, open_log
from eventlog.readiness import is_current, is_migrated
from schema.errors import NotReady
from service.config import Settings


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[EventLog]:
    """The log that *settings* name.

    Our own server is brought up to date on the way; of any other, `NotReady` tells what to run.
    """
    async with opened_database(settings) as database:
        await make_ready(database, settings)
        async with open_log(database, bell_settings(settings)) as log:
            yield log


def bell_settings(settings: Settings) -> BellSettings:
    """How the log tells of its growth, and hears of it."""
    return BellSettings(notify=settings.notify, poll_s=settings.poll_s)


def opened_database(settings: Settings) -> AbstractAsyncContextManager[Database]:
    """The database that *settings* name, whatever state it is in."""
    url = settings.database_url
    return open_database(None if url is None else url.get_secret_value(), settings.home)


def wanted_partitions(settings: Settings) -> int | None:
    """How many partitions a new log is to have, if anybody said so."""
    return settings.partitions if "partitions" in settings.model_fields_set else None


async def make_ready(database: Database, settings: Settings) -> None:
    """See that tables and routines are this program's, as far as that is ours to do."""
    conn = await database.connect_as_owner()
    try:
        ready = await (is_current(conn) if database.embedded else is_migrated(conn))
    finally:
        await conn.close(timeout=10)
    if not ready:
        await _migrate_or_refuse(database, settings)


async def _migrate_or_refuse(database: Database, settings: Settings) -> None:
    # What can migrate takes half a second to load, and is hardly ever needed.
    from eventlog.migrate import migrate, pending  # noqa: PLC0415

    if database.embedded:
        await migrate(database, partitions=wanted_partitions(settings))
    elif missing := await pending(database):
        raise NotReady(
            f"{database.address.label} lacks the migrations {', '.join(missing)}: "
            "run `agent-runtime migrate`"
        )
