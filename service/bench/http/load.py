"""The other side of the wire: a process that asks, or listens, and tells how long it took.

`python -m service.bench.http.load` reads what to do as JSON from standard input, says `ready` once
every connection is open, and prints what came of it as JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from typing import Any

import uvloop

END_OF_HEAD = b"\r\n\r\n"
RECORDED_AT = b'"recorded_at":"'


def main() -> None:
    """Do what standard input says."""
    _, most = getrlimit(RLIMIT_NOFILE)
    setrlimit(RLIMIT_NOFILE, (most, most))
    said = json.loads(sys.stdin.readline())
    work = _ask if said.pop("do") == "ask" else _listen
    _tell(uvloop.run(work(**said)))


def _tell(what: Any) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201 - it is what this program gives.


async def _ask(*, port: int, path: str, connections: int, round_s: float) -> dict[str, Any]:
    """Requests one after the other over each connection."""
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connections)]
    request = _request(path)
    for reader, writer in opened:
        await _once(reader, writer, request)
    _tell("ready")
    latencies_ms: list[float] = []
    began = time.perf_counter()

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (at := time.perf_counter()) < began + round_s:
            await _once(reader, writer, request)
            latencies_ms.append((time.perf_counter() - at) * 1000)

    await asyncio.gather(*(repeat(*one) for one in opened))
    return {"took_s": time.perf_counter() - began, "latencies_ms": latencies_ms}


async def _once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
    writer.write(request)
    head = (await reader.readuntil(END_OF_HEAD)).lower()
    assert b" 200 " in head.partition(b"\r\n")[0], head  # noqa: S101 - else it measures refusals.
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)


async def _listen(*, port: int, paths: Sequence[str], events: int, most_s: float) -> dict[str, Any]:
    """How long events took from their recording until each of their listeners had them."""
    latencies_ms: list[float] = []
    begun, enough = asyncio.Event(), asyncio.Event()

    async def listen(reader: asyncio.StreamReader) -> None:
        async for line in reader:
            if line.startswith(b"data: ") and RECORDED_AT in line:
                at = line.partition(RECORDED_AT)[2].partition(b'"')[0].decode()
                latencies_ms.append((time.time() - datetime.fromisoformat(at).timestamp()) * 1000)
                if len(latencies_ms) == len(paths):
                    begun.set()  # Each was told an event that was there before.
                elif len(latencies_ms) == events + len(paths):
                    enough.set()

    opened = []
    for path in paths:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        writer.write(_request(path))
        await reader.readuntil(END_OF_HEAD)
        opened.append((reader, writer))
    tasks = [asyncio.create_task(listen(reader)) for reader, _ in opened]
    async with asyncio.timeout(most_s):
        await begun.wait()
    _tell("ready")
    try:
        async with asyncio.timeout(most_s):
            await enough.wait()
    except TimeoutError:
        pass
    for task in tasks:
        task.cancel()
    return {"latencies_ms": latencies_ms[len(paths) :]}


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


if __name__ == "__main__":
    main()
