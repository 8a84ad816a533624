"""Errors become answers here, and nowhere else: `application/problem+json`, as RFC 9457 has it."""

import math
from collections.abc import Mapping
from typing import Any, Final

import structlog
from aiohttp import web

from schema.errors import (
    AgentRuntimeError,
    AlreadyThere,
    Broken,
    Fenced,
    Invalid,
    LeaseHeld,
    NotFound,
    NotReady,
    PayloadTooLarge,
    ProviderRefused,
    Refused,
    TokenRefused,
    Unavailable,
    WrongExpectedVersion,
)
from service.api.exact import encoded
from service.api.origin import PARAMETERS, REQUEST_ID
from service.api.refusals import Unanswered

MEDIA: Final = "application/problem+json"
RETRY_AFTER_S: Final = 1
"""Where nobody knows better."""
INTERNAL: Final = "something of ours is broken: the log of the service tells more, under this id"

_STATUS: Final[tuple[tuple[type[AgentRuntimeError], int], ...]] = (
    (PayloadTooLarge, 413),
    (Invalid, 422),
    (NotFound, 404),
    (AlreadyThere, 409),
    (WrongExpectedVersion, 409),
    (Fenced, 409),
    (LeaseHeld, 409),
    (TokenRefused, 400),
    (ProviderRefused, 502),
    (NotReady, 503),
    (Refused, 409),
    (Unavailable, 503),
)
"""The first class that fits."""

log = structlog.get_logger()


@web.middleware
async def problems(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer every error as a problem, and name the request in every answer."""
    try:
        response: web.StreamResponse = await handler(request)
    except AgentRuntimeError as error:
        response = problem(request, error)
    except web.HTTPException as error:
        response = _of_http(request, error)
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller hears nothing of it.
        response = _internal(request, error)
    if not response.prepared:
        response.headers["X-Request-Id"] = request[REQUEST_ID]
        response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def problem(request: web.Request, error: AgentRuntimeError) -> web.Response:
    """What to answer where *error* was raised."""
    if isinstance(error, Broken):
        return _internal(request, error)
    status = status_of(error)
    headers = dict(error.headers) if isinstance(error, Unanswered) else {}
    if isinstance(error, Unavailable):
        wait_s = RETRY_AFTER_S if error.retry_after_s is None else math.ceil(error.retry_after_s)
        headers["Retry-After"] = str(max(1, wait_s))
    said: dict[str, Any] = {
        "status": status,
        "code": error.code,
        "detail": str(error),
        "retryable": error.retryable,
    }
    return _answer(request, said | _more(request, error), headers)


def status_of(error: AgentRuntimeError) -> int:
    """The HTTP status of *error*."""
    if isinstance(error, Unanswered):
        return error.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def _more(request: web.Request, error: AgentRuntimeError) -> dict[str, Any]:
    """Where it is, and what it is about."""
    errors = getattr(error, "errors", ())
    if errors:
        return {"errors": list(errors)}
    if isinstance(error, Invalid):
        return {"errors": [_placed(request, error)]}
    if isinstance(error, WrongExpectedVersion):
        return {"expected": error.expected, "actual": error.actual}
    return {}


def _placed(request: web.Request, error: Invalid) -> dict[str, str]:
    if error.field in request[PARAMETERS]:
        return {"parameter": error.field, "detail": error.detail}
    return {"pointer": "/" + error.field.replace(".", "/"), "detail": error.detail}


def _of_http(request: web.Request, error: web.HTTPException) -> web.Response:
    """What aiohttp itself refuses: paths, methods, sizes."""
    code = (error.reason or "error").lower().replace(" ", "_").replace("-", "_")
    allowed = error.headers.get("Allow")
    headers = {} if allowed is None else {"Allow": allowed}
    detail = "there is no such route: /openapi.json lists them" if error.status == 404 else ""  # noqa: PLR2004
    if allowed is not None:
        detail = f"this route takes {allowed} only"
    said = {"status": error.status, "code": code, "detail": detail or code, "retryable": False}
    return _answer(request, said, headers)


def _internal(request: web.Request, error: Exception) -> web.Response:
    log.error("request.fault", request=request[REQUEST_ID], path=request.path, exc_info=error)
    code = error.code if isinstance(error, Broken) else "internal"
    said = {"status": 500, "code": code, "detail": INTERNAL, "retryable": False}
    return _answer(request, said, {})


def _answer(
    request: web.Request, said: Mapping[str, Any], headers: Mapping[str, str]
) -> web.Response:
    body = {**said, "title": said["code"].replace("_", " "), "request_id": request[REQUEST_ID]}
    return web.Response(
        body=encoded(body), status=said["status"], content_type=MEDIA, headers=dict(headers)
    )
