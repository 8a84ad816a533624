"""Sees that the database answers, before a command begins that somebody waits for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from eventlog.address import Address
from eventlog.database import reach
from service.cli.console import err
from service.cli.output import print_note
from service.config import Settings

REACH_S: Final = 2.0
"""A service sits out a server's restart; a person is told of it."""
SILENT_S: Final = 1.0


async def see_database_answer(settings: Settings) -> None:
    """Return when the server that *settings* name takes a connection; our own one, we start.

    Raises `DatabaseUnavailable` soon, or `NotReady`.
    """
    if settings.database_url is None:
        return
    url = settings.database_url.get_secret_value()
    async with _said_what_for(Address.of_url(url).label):
        await reach(url, wait_s=REACH_S)


@asynccontextmanager
async def _said_what_for(label: str) -> AsyncIterator[None]:
    """Tell whoever sits at a terminal that we wait for *label*, if it takes long."""
    if not err().is_terminal:
        yield
        return
    telling = asyncio.get_running_loop().call_later(SILENT_S, print_note, f"Waiting for {label} …")
    try:
        yield
    finally:
        telling.cancel()
