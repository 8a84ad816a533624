"""The graphs that a worker holds: made of rows once, then brought forward by the log."""

import gc
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from msgspec import Struct

from eventlog.database import Conn, Database
from eventlog.read import read_stream
from schema.errors import Broken
from service.graph import rows
from service.graph.picture import Graph
from service.graph.rows import View
from service.graph.worker.words import Place

FOLLOWED_EVENTS_MAX: Final = 20_000
"""A graph that is farther behind is made of rows anew, which is quicker."""

LoadFn: TypeAlias = Callable[[Conn, View], Awaitable[Graph]]
Key: TypeAlias = tuple[str, int | None]
"""A stream, and the version of a graph that stays as it is; None for the one that goes along."""


class Entry(Struct):
    """A graph, and the last erasure that it knows of."""

    graph: Graph
    erased: int


class Kept:
    """The graphs that were asked about last, as many as *bytes_max* allows, and at least one."""

    def __init__(self, database: Database, *, bytes_max: int, load: LoadFn = rows.load) -> None:
        self._database = database
        self._bytes_max = bytes_max
        self._load = load
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self.loads = 0
        """How often a graph was made of rows."""

    async def graph(self, place: Place) -> Graph:
        """The graph of *place*; it changes with the next question."""
        key = self._key(place)
        entry = self._entries.get(key)
        if entry is None or not _serves(entry, key, place):
            entry = await self._made(place)
        await self._follow(entry.graph, place)
        self._keep(key, entry)
        return entry.graph

    def _key(self, place: Place) -> Key:
        """Where the graph of *place* is, or is to be kept."""
        key = (place.stream, None)
        live = self._entries.get(key)
        if live is None:
            is_live = place.version == place.head
        else:
            is_live = _serves(live, key, place) or (
                # It knows less than it should, or is too far behind.
                place.version == place.head and live.graph.version <= place.version
            )
        return key if is_live else (place.stream, place.version)

    async def _made(self, place: Place) -> Entry:
        view = View(place.partition, place.stream, min(place.version, place.projected))
        # Collecting would look through millions of objects, of which none is garbage.
        gc.disable()
        try:
            async with self._database.acquire() as conn:
                graph = await self._load(conn, view)
        finally:
            gc.enable()
        gc.freeze()
        self.loads += 1
        return Entry(graph, place.erased)

    async def _follow(self, graph: Graph, place: Place) -> None:
        while graph.version < place.version:
            async with self._database.acquire() as conn:
                block = await read_stream(
                    conn, place.partition, place.stream, after=graph.version, up_to=place.version
                )
            if not block:
                raise Broken(f"{place.stream} has no version {graph.version + 1}")
            for recorded in block:
                graph.evolve(recorded)

    def _keep(self, key: Key, entry: Entry) -> None:
        self._entries[key] = entry
        self._entries.move_to_end(key)
        total = sum(one.graph.bytes for one in self._entries.values())
        while total > self._bytes_max and len(self._entries) > 1:
            _, gone = self._entries.popitem(last=False)
            total -= gone.graph.bytes

    def __len__(self) -> int:
        return len(self._entries)


def _serves(entry: Entry, key: Key, place: Place) -> bool:
    """Whether the graph is that of *place*, or can be brought there."""
    ahead = place.version - entry.graph.version
    if key[1] is not None:
        return ahead == 0 and entry.erased == place.erased
    if entry.erased < place.erased:
        return False
    return 0 <= ahead <= FOLLOWED_EVENTS_MAX or (ahead < 0 and place.now)
