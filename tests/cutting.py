"""A network between client and service that cuts connections: by chance, but the same each time."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Network:
    """Passes bytes on until it cuts; `cuts` says how many more it will."""

    host: str
    port: int
    chance: random.Random
    cuts: int
    bytes_max: int
    done: int = 0
    address: str = ""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def pass_on(self, near: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, there and back, until one side or the network ends it."""
        try:
            far, to_far = await asyncio.open_connection(self.host, self.port)
        except ConnectionError:
            writer.transport.abort()
            return
        left = self.chance.randrange(1, self.bytes_max) if self.done < self.cuts else None
        try:
            async with asyncio.TaskGroup() as group:
                there = group.create_task(_pipe(near, to_far, None))
                back = group.create_task(_pipe(far, writer, left))
                await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
                there.cancel()
                back.cancel()
        finally:
            self.done += left is not None
            for one in (writer, to_far):
                one.transport.abort()


async def _pipe(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, bytes_left: int | None
) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65_536):
            sink.write(data if bytes_left is None else data[:bytes_left])
            await sink.drain()
            if bytes_left is not None:
                bytes_left -= len(data)
                if bytes_left <= 0:
                    return


@asynccontextmanager
async def cutting(address: str, *, cuts: int, bytes_max: int, seed: int) -> AsyncIterator[Network]:
    """A network before *address* that cuts the first *cuts* connections, each somewhere."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    assert parts.port is not None
    network = Network(parts.hostname, parts.port, random.Random(seed), cuts, bytes_max)  # noqa: S311
    server = await asyncio.start_server(network.pass_on, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    network.address = f"http://127.0.0.1:{port}"
    try:
        yield network
    finally:
        server.close()
