"""A real HTTP server on this machine that answers a model's caller as badly as it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.model_wires import event

Writer = asyncio.StreamWriter
BehaveFn = Callable[[Writer, str], Awaitable[None]]
"""Answers one request of a wire (`anthropic` or `openai`)."""

TRICKLE_S = 0.02
STREAMS = "200 OK", {"content-type": "text/event-stream"}


@dataclass
class Misbehaving:
    """The server: what it does to each request, and how often it was asked."""

    behaviours: list[BehaveFn]
    """One for each request; the last one for all that follow."""
    wire: str
    asked: int = 0
    url: str = ""
    serving: dict[asyncio.Task[None], Writer] = field(default_factory=dict)
    """The requests that are under way."""

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        """Answer one request."""
        task = asyncio.current_task()
        assert task is not None
        self.serving[task] = writer
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            )
            await reader.readexactly(length)
            behave = self.behaviours[min(self.asked, len(self.behaviours) - 1)]
            self.asked += 1
            await behave(writer, self.wire)
        writer.close()
        del self.serving[task]


@asynccontextmanager
async def misbehaving(wire: str, *behaviours: BehaveFn) -> AsyncIterator[Misbehaving]:
    """The server while the block lasts."""
    told = Misbehaving(list(behaviours), wire)
    server = await asyncio.start_server(told.serve, "127.0.0.1", 0)
    told.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield told
    finally:
        server.close()
        for writer in told.serving.values():
            writer.transport.abort()
        if told.serving:
            await asyncio.wait(list(told.serving))
        await server.wait_closed()


def head(status: str, headers: dict[str, str]) -> bytes:
    """The first part of an answer."""
    lines = [f"HTTP/1.1 {status}", *(f"{k}: {v}" for k, v in headers.items()), "connection: close"]
    return "\r\n".join([*lines, "", ""]).encode()


def refuses(status: int, kind: str, headers: dict[str, str] | None = None) -> BehaveFn:
    """An error with a body as providers write it."""

    async def behave(writer: Writer, _wire: str) -> None:
        body = json.dumps({"error": {"type": kind, "message": f"it is {kind}"}}).encode()
        told = {"content-type": "application/json", "content-length": str(len(body))}
        writer.write(head(f"{status} No", told | (headers or {})) + body)

    return behave


def limits(wait_s: int, *, by_date: bool) -> BehaveFn:
    """429, and when to come again: in seconds, or as a date."""

    async def behave(writer: Writer, wire: str) -> None:
        now = datetime.now(UTC)
        until = format_datetime(now + timedelta(seconds=wait_s), usegmt=True)
        said = {"date": format_datetime(now, usegmt=True)}
        said["retry-after"] = until if by_date else str(wait_s)
        await refuses(429, "rate_limit_error", said)(writer, wire)

    return behave


async def answers(writer: Writer, wire: str) -> None:
    """A whole answer: `It is 391.`"""
    writer.write(head(*STREAMS) + b"".join(_pieces(wire)))


async def cuts(writer: Writer, wire: str) -> None:
    """The beginning of an answer, and the connection is gone."""
    writer.write(head(*STREAMS) + b"".join(_pieces(wire)[:-2]))


async def resets(writer: Writer, _wire: str) -> None:
    """The connection breaks before a word was said."""
    writer.transport.abort()


async def babbles(writer: Writer, _wire: str) -> None:
    """A stream of events that are no JSON."""
    writer.write(head(*STREAMS) + b"data: <<\xff\xfe{not json\n\n" * 3)


async def is_no_http(writer: Writer, _wire: str) -> None:
    """Bytes that are not even HTTP."""
    writer.write(b"\x00\x01\x02 hello there\r\n\r\n" * 3)


async def trickles(writer: Writer, wire: str) -> None:
    """One word after the other, without an end."""
    first, word, *_ = _pieces(wire)
    writer.write(head(*STREAMS) + first)
    while True:
        writer.write(word)
        await writer.drain()
        await asyncio.sleep(TRICKLE_S)


async def is_silent(writer: Writer, _wire: str) -> None:
    """It takes the request, and says nothing as long as somebody waits."""
    await writer.wait_closed()


async def shows_a_page(writer: Writer, _wire: str) -> None:
    """What answers is no model's server."""
    writer.write(head("200 OK", {"content-type": "text/html"}) + b"<h1>Welcome</h1>")


def _pieces(wire: str) -> list[bytes]:
    if wire == "openai":
        said = {"index": 0, "delta": {"content": "It is 391."}, "finish_reason": None}
        end = {"index": 0, "delta": {}, "finish_reason": "stop"}
        begun = {"index": 0, "delta": {"content": ""}, "finish_reason": None}
        chunks = [event({"id": "1", "model": "m", "choices": [c]}) for c in (begun, said, end)]
        return [*chunks, event("[DONE]")]
    begin = {"type": "message_start", "message": {"id": "1", "model": "m", "usage": {}}}
    delta = {"type": "text_delta", "text": "It is 391."}
    return [
        event(begin, "message_start"),
        event({"type": "content_block_delta", "index": 0, "delta": delta}, "content_block_delta"),
        event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, "message_delta"),
        event({"type": "message_stop"}, "message_stop"),
    ]
