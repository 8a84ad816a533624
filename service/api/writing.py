"""Turns what a handler answers into bytes and headers."""

from typing import Final

from aiohttp import web

from service.api.exact import encoded
from service.api.route import Reply

REPLAYED: Final = "Idempotency-Replayed"


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


def _names(header: str | None, etag: str) -> bool:
    """Whether an `If-None-Match` names *etag*, by the weak comparison that it asks for."""
    if header is None:
        return False
    named = [part.strip().removeprefix("W/") for part in header.split(",")]
    return "*" in named or etag in named
