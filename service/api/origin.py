"""Whence a request comes: the id that it is known by, and the trace that it belongs to."""

import re
from typing import Final

from aiohttp import web

from schema.ids import uuid7

REQUEST_ID: Final = web.RequestKey("request_id", str)
TRACEPARENT: Final = web.RequestKey("traceparent", str)
PARAMETERS: Final = web.RequestKey("parameters", frozenset)
"""What the route takes behind the `?`."""

_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def take_up(request: web.Request) -> None:
    """Keep the caller's own id where they gave one that can stand in a log, and their trace."""
    id_ = request.headers.get("X-Request-Id", "")
    request[REQUEST_ID] = id_ if _ID.fullmatch(id_) else str(uuid7())
    request[PARAMETERS] = frozenset()
    traceparent = request.headers.get("traceparent", "")
    request[TRACEPARENT] = traceparent if _TRACEPARENT.fullmatch(traceparent) else ""
