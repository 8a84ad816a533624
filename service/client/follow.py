"""A stream that goes on over lost connections: every event of the log once, and in order."""

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from schema import json_text
from schema.errors import Unavailable
from schema.messages.answers import EventAnswer, SessionAnswer
from service.client.requests import Requests, read
from service.orchestrator.retry import full_wait_s
from service.providers.sse import SentEvent, SseParser

BYTES_MAX: Final = 32 << 20
"""Of one event: it holds 1 MiB, and JSON within JSON may need six characters for one, twice."""
WAIT_MAX_S: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class Followed:
    """One of these: an event of the log, words of the moment, or the end."""

    event: EventAnswer | None = None
    thinking: bool = False
    """The model is asked, perhaps once more: what it said before does not count."""
    delta: str = ""
    """What the model said next."""
    done: SessionAnswer | None = None
    """How the session ended; nothing comes behind it."""


async def follow(
    requests: Requests, path: str, *, after: str, query: Mapping[str, str] | None = None
) -> AsyncGenerator[Followed, None]:
    """What comes behind *after*, until `done`; a lost connection is made anew behind the last id.

    What the service refuses is raised at once, what it cannot do now when that has lasted.
    """
    last_id, failed = after, 0
    while True:
        try:
            async with aclosing(_once(requests, path, query or {}, last_id)) as sent:
                async for event in sent:
                    last_id, failed = event.id or last_id, 0
                    followed = _followed(event)
                    if followed is not None:
                        yield followed
                        if followed.done is not None:
                            return
        except Unavailable as error:
            failed += 1
            if failed >= requests.patience.attempts:
                raise
            await asyncio.sleep(_wait_s(requests, failed, error.retry_after_s))
        else:  # It was ended from over there: by a process that stops, perhaps.
            failed += 1
            if failed >= requests.patience.attempts:
                raise Unavailable(f"{path} ends again and again before it says anything")
            await asyncio.sleep(_wait_s(requests, failed, None))


async def _once(
    requests: Requests, path: str, query: Mapping[str, str], last_id: str
) -> AsyncGenerator[SentEvent, None]:
    """The events that one connection brings."""
    parser = SseParser(line_bytes_max=BYTES_MAX, event_bytes_max=BYTES_MAX)
    async with requests.streaming(path, query, last_id) as answer:
        async for chunk in answer.aiter_bytes():
            for event in parser.feed(chunk):
                yield event


def _followed(event: SentEvent) -> Followed | None:
    """None for what this client does not know: a newer service may say more."""
    said = json_text.decode(event.data)
    match event.name:
        case "message":
            return Followed(event=read(EventAnswer, said))
        case "thinking":
            return Followed(thinking=True)
        case "delta":
            return Followed(delta=said["text"])
        case "done":
            return Followed(done=read(SessionAnswer, said))
        case _:
            return None


def _wait_s(requests: Requests, failed: int, asked_s: float | None) -> float:
    full_s = full_wait_s(failed, requests.patience.base_s, WAIT_MAX_S)
    return (asked_s or 0.0) + random.uniform(0, full_s)  # noqa: S311 - spreads load, hides nothing.
