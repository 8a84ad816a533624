"""Turns what a handler answers into bytes and headers."""

from typing import Any, Final

import msgspec
from aiohttp import web

from schema import json_text
from service.api.route import Reply

EXACT_MAX: Final = 2**53
"""Beyond it, a number is not the same to every reader of JSON; we send it as a string."""
REPLAYED: Final = "Idempotency-Replayed"


def encoded(value: Any) -> bytes:
    """*value* as JSON that every reader takes alike."""
    return json_text.encode(exact(msgspec.to_builtins(value)), "answer").encode()


def response(method: str, reply: Reply, if_none_match: str | None) -> web.Response:
    """The answer; 304 where the caller has it already."""
    headers = {"Cache-Control": "no-store" if reply.version is None else "no-cache"}
    if reply.version is not None:
        headers["ETag"] = f'"{reply.version}"'
        if method in ("GET", "HEAD") and _names(if_none_match, headers["ETag"]):
            return web.Response(status=304, headers=headers)
    if reply.location is not None:
        headers["Location"] = reply.location
    if reply.replayed:
        headers[REPLAYED] = "true"
    return web.Response(
        body=encoded(reply.body),
        status=reply.status,
        content_type="application/json",
        headers=headers,
    )


def exact(value: Any) -> Any:
    """*value* with the integers that doubles cannot hold as strings."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value) if abs(value) > EXACT_MAX else value
    if isinstance(value, dict):
        return {key: exact(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [exact(inner) for inner in value]
    return value


def _names(header: str | None, etag: str) -> bool:
    """Whether an `If-None-Match` names *etag*, by the weak comparison that it asks for."""
    if header is None:
        return False
    named = [part.strip().removeprefix("W/") for part in header.split(",")]
    return "*" in named or etag in named
