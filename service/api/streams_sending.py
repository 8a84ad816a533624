"""Sends a stream to its client, for as long as that takes it, and may have it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Final

import structlog
from aiohttp import web

from schema.errors import AgentRuntimeError
from service.api.live_frames import BEAT, OPENING
from service.api.origin import REQUEST_ID
from service.api.route import Stream

SEND_TIMEOUT_S: Final = 20.0
"""How long a client may take none of what waits for it; it knows the last id that it took."""
HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # To nginx.
    "X-Content-Type-Options": "nosniff",
}

log = structlog.get_logger()


async def sent(
    request: web.Request,
    stream: Stream,
    see_still: Callable[[], Awaitable[object]],
    timeout_s: float = SEND_TIMEOUT_S,
) -> web.StreamResponse:
    """Send all of *stream*; *see_still* is asked at each beat, and raises to end it."""
    response = web.StreamResponse(
        headers={**HEADERS, "X-Request-Id": request[REQUEST_ID], **stream.headers}
    )
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    try:
        await response.write(OPENING)
        async with aclosing(stream.chunks) as chunks:
            async for chunk in chunks:
                if chunk is BEAT:
                    await see_still()
                await _written(response, chunk, timeout_s)
    except _TooSlow:
        log.info("stream.dropped", path=request.path, sent_bytes=response.body_length)
        if request.transport is not None:
            request.transport.abort()
    except ConnectionError:
        log.debug("stream.left", path=request.path)
    except AgentRuntimeError as error:
        # Its answer has begun: whoever comes again is told in full.
        log.info("stream.ended", path=request.path, why=repr(error))
    return response


async def _written(response: web.StreamResponse, chunk: bytes, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await response.write(chunk)
    except TimeoutError:
        raise _TooSlow from None


class _TooSlow(Exception):
    """The client does not take what it is sent."""
