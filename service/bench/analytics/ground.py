"""A database that holds a made-up log, and every read model of it."""

from collections.abc import Callable
from time import perf_counter
from typing import Final

from eventlog.bell import BellSettings
from eventlog.database import Database
from eventlog.log import open_log
from service.bench.analytics.copying import UNLIMITED, copy_life
from service.projecting import catch_up_all

EVENTS: Final = 1_000_000


async def fill(database: Database) -> None:
    """Make the ground that all benches of analytics stand on."""
    await make_life(database, EVENTS, lambda _line: None)


async def make_life(database: Database, count: int, tell: Callable[[str], None]) -> int:
    """*count* made-up events, projected, with statistics; *tell* hears what was done, in lines."""
    begun = perf_counter()
    copied = await copy_life(database, count)
    tell(f"{copied} events copied in {perf_counter() - begun:.0f} s")
    begun = perf_counter()
    async with open_log(database, BellSettings()) as log:
        await catch_up_all(log, lambda _status: None)
    tell(f"projected in {perf_counter() - begun:.0f} s")
    owner = await database.connect_as_owner(settings=dict.fromkeys(UNLIMITED, "0"))
    try:
        await owner.execute("vacuum analyze")
    finally:
        await owner.close()
    return copied
