"""A worker: `python -m service.graph.worker`, with a frame for each question on standard input.

It ends with its standard input, even in the midst of a question: then nobody is left to hear.
"""

import asyncio
import os
import select
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Final

import asyncpg

from eventlog.address import Address
from eventlog.database import Database, Limits, session_settings
from eventlog.reach import APPLICATION_ROLE
from service.graph.worker.desk import Desk
from service.graph.worker.frames import FrameReader, framed, packed, unpacked
from service.graph.worker.interrupts import Interrupts
from service.graph.worker.kept import Kept
from service.graph.worker.words import Answer, Start

CONNECT_TIMEOUT_S: Final = 10.0
ANSWER_GRACE_S: Final = 5.0
END_GRACE_S: Final = 1.0
"""How long we may take to end in order, once nobody asks any more."""

STDIN: Final = 0
STDOUT: Final = 1


async def serve() -> None:
    """Answer one question after the other until there are no more."""
    frames = FrameReader(await _standard_input())
    interrupts = Interrupts()
    first = await frames.read()
    if first is None:
        return
    start = unpacked(first[0], Start)
    os.environ.update(start.environment)
    async with _database(start) as database:
        desk = Desk(Kept(database, bytes_max=start.cache_bytes), interrupts)
        _write(framed(packed(Answer(version=0, loads=0))))
        while (frame := await frames.read()) is not None:
            _write(await desk.reply(frame[0]))


@asynccontextmanager
async def _database(start: Start) -> AsyncIterator[Database]:
    """The database that *start* names, by one connection, made when it is needed."""
    limits = Limits(connections_max=1)
    pool = asyncpg.create_pool(
        **start.options,
        min_size=0,
        max_size=limits.connections_max,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=limits.statement_s + ANSWER_GRACE_S,
        server_settings=session_settings(limits, {"role": APPLICATION_ROLE}),
    )
    address = Address(start.label, start.options, False, (), MappingProxyType({}))  # noqa: FBT003
    async with pool:
        yield Database(address, pool, limits)


async def _standard_input() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    return reader


def _write(frame: bytes) -> None:
    """*frame* as a whole; nothing else is to be done until it is taken."""
    left = memoryview(frame)
    while left:
        left = left[os.write(STDOUT, left) :]


def _end_with_standard_input() -> None:
    """End this process when the other side hangs up: an algorithm would not notice."""
    poll = select.poll()
    poll.register(STDIN, 0)  # Hanging up is always told; that there is something to read, not so.
    poll.poll()
    threading.Event().wait(END_GRACE_S)
    os._exit(1)


def main() -> None:
    """Be a worker."""
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    asyncio.run(serve())


if __name__ == "__main__":
    main()
