"""Requests seen from outside: what is logged and traced of each, bound at the door."""

from time import perf_counter
from typing import Any, Final

import structlog
from aiohttp import web

from service.api.origin import REQUEST_ID, TRACEPARENT, take_up
from service.api.serving import SERVICES
from service.origin import Origin, coming_from
from service.tracing import Attributes, Span

UNTOLD: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds, by machines."""
NO_ROUTE: Final = "none"
FAULT: Final = 500

log = structlog.get_logger()


@web.middleware
async def seen(request: web.Request, handler: Any) -> web.StreamResponse:
    """Name the request in all that is logged and recorded for it, and tell how it was answered.

    A trace that the caller is in goes on here.
    """
    take_up(request)
    route = _route_of(request)
    if route in UNTOLD:
        answered: web.StreamResponse = await handler(request)
        return answered
    tracing = request.app[SERVICES].runtime.tracing
    began_s, parent = perf_counter(), request[TRACEPARENT] or None
    name = f"{request.method} {route}"
    with tracing.span(name, _asked(request, route), kind="server", parent=parent) as span:
        request[TRACEPARENT] = span.traceparent or request[TRACEPARENT]
        with coming_from(Origin(request[REQUEST_ID], request[TRACEPARENT] or None)):
            response: web.StreamResponse = await handler(request)
            _tell(request, route, response.status, span, perf_counter() - began_s)
    return response


def _tell(request: web.Request, route: str, status: int, span: Span, took_s: float) -> None:
    span.set({"http.response.status_code": status})
    if status >= FAULT:
        span.failed(str(status))
    tell = log.debug if request.method == "GET" and status < FAULT else log.info
    took_ms = round(took_s * 1000, 3)
    tell("request.answered", method=request.method, route=route, status=status, took_ms=took_ms)


def _route_of(request: web.Request) -> str:
    """As the table of routes has it: no id, and no text of the caller's."""
    resource = request.match_info.route.resource
    return NO_ROUTE if resource is None else resource.canonical


def _asked(request: web.Request, route: str) -> Attributes:
    return {
        "http.request.method": request.method,
        "http.route": route,
        "url.scheme": request.scheme,
    }
