"""Reads a request's body: JSON, of a size and depth that we can take, within a time."""

import asyncio
import json
import re
from typing import Any, Final

import orjson
from aiohttp import web

from service.api.refusals import TooLarge, TooSlow, Unreadable, WrongMedia

BODY_BYTES_MAX: Final = 4 << 20
"""An event holds 1 MiB, and JSON may write a character in six."""
BODY_TIMEOUT_S: Final = 30.0
"""How long a body may take to come."""
DEPTH_MAX: Final = 100
"""How deep arrays and objects may be nested; an event has room for some more around them."""
MEDIA: Final = "application/json"

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")


async def read_json(request: web.Request) -> Any:
    """What the body says; None for none."""
    data = await _read(request)
    if not data:
        return None
    if request.content_type != MEDIA:
        raise WrongMedia(f"send the body as {MEDIA}, not as {request.content_type}")
    if _depth(data) > DEPTH_MAX:
        raise Unreadable(f"the body is nested deeper than {DEPTH_MAX} levels")
    try:
        said = _decoded(data)
    except ValueError as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(f"the body is no JSON in UTF-8{where}") from None
    if said is None:
        raise Unreadable("the body is null: send an object, or no body")
    return said


async def _read(request: web.Request) -> bytes:
    too_large = TooLarge(f"the body is larger than {BODY_BYTES_MAX} bytes")
    if (request.content_length or 0) > BODY_BYTES_MAX:
        raise too_large
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await request.read()
    except TimeoutError:
        raise TooSlow(f"the body did not come within {BODY_TIMEOUT_S:g} s") from None
    except web.HTTPRequestEntityTooLarge:
        raise too_large from None


def _decoded(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(data.decode())  # It reads lone surrogates and integers of any length.


def _depth(data: bytes) -> int:
    """The deepest nesting in JSON, brackets within strings left out."""
    if data.count(b"[") + data.count(b"{") <= DEPTH_MAX:
        return 0
    deepest = depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest
