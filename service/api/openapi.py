"""The OpenAPI document, made of the table of routes and of the messages' own types."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from schema.messages.answers import Problem
from schema.messages.base import Message
from service.api.reading import read_body
from service.api.refusals import Misfit
from service.api.route import OPEN, Route

REFERENCE: Final = "#/components/schemas/{model}"
PROBLEM_MEDIA: Final = "application/problem+json"

ABOUT: Final = """The log is the agent's mind: whatever is done here is an event in it.

Answers tell the `version` that they are true of, as an ETag too. Writes answer a `token`; a list
that takes `at_least` waits until it tells of that write. Lists come in parts: `next_cursor` gives
the next. Errors are `application/problem+json`, with a `code` that stays and a `request_id` that
the service's log knows. What answers 429 or 503 says in `Retry-After` when to ask again."""

_PROBLEMS: Final = {
    "400": "It can't be read.",
    "401": "No key, or none that is good.",
    "403": "The key is not for this.",
    "404": "There is no such thing, for this caller.",
    "409": "It is not in a state for this.",
    "412": "It is at another version than `If-Match` says.",
    "413": "It is too large.",
    "415": "A body that is not said to be JSON.",
    "422": "A field does not hold what it must.",
    "503": "Not now: `Retry-After` says when to ask again.",
}


@cache
def document(routes: tuple[Route, ...]) -> dict[str, Any]:
    """All of it."""
    schemas = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "agent-runtime",
            "version": version("agent-runtime"),
            "description": ABOUT,
        },
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


class _Schemas:
    """The schemas of all messages, and where each stands."""

    def __init__(self, asked: Sequence[Any], answers: Sequence[type[BaseModel]]) -> None:
        inputs: list[tuple[Any, JsonSchemaMode, TypeAdapter[Any]]] = [
            (kind, "validation", TypeAdapter(kind)) for kind in asked
        ]
        keyed, unions = TypeAdapter.json_schemas(inputs, ref_template=REFERENCE)
        given: list[tuple[type[BaseModel], JsonSchemaMode]] = [
            (kind, "serialization") for kind in answers
        ]
        placed, whole = models_json_schema(given, ref_template=REFERENCE)
        self.asked = {kind: keyed[kind, "validation"] for kind in asked}
        self.answers = {kind: placed[kind, "serialization"] for kind in answers}
        self.components = unions.get("$defs", {}) | whole.get("$defs", {})


def _schemas(routes: Sequence[Route]) -> _Schemas:
    asked = list(dict.fromkeys(route.body for route in routes if route.body is not None))
    answers = list(dict.fromkeys(route.answer for route in routes if route.answer is not None))
    return _Schemas(asked, [*answers, Problem])


def _operation(route: Route, schemas: _Schemas) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": _prose(route.handler.__doc__),
        "tags": [route.group],
        "parameters": [*_path(route), *_query(route.query), *_headers(route)],
        "responses": _responses(route, schemas),
        "security": [] if route.scope == OPEN else [{"key": []}],
    }
    if route.scope != OPEN:
        said["x-scope"] = str(route.scope)
    if route.body is not None:
        content = {"application/json": {"schema": schemas.asked[route.body]}}
        said["requestBody"] = {"required": not _may_be_left_out(route.body), "content": content}
    return said


def _may_be_left_out(kind: Any) -> bool:
    """Whether nothing at all says enough."""
    try:
        read_body(kind, None)
    except Misfit:
        return False
    return True


def _path(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _PATH.get(name, _TEXT)}
        for name in re.findall(r"{(\w+)}", route.path)
    ]


_TEXT: Final = {"type": "string", "minLength": 1}
_PATH: Final[dict[str, dict[str, Any]]] = {
    "agent": {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"},
    "session": {"type": "string", "format": "uuid"},
    "episode": {"type": "string", "format": "uuid"},
}


def _query(kind: type[Message]) -> list[dict[str, Any]]:
    """A message of what may stand behind the `?`, parameter by parameter."""
    schema = kind.model_json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": one}
        for name, one in schema.get("properties", {}).items()
    ]


def _headers(route: Route) -> list[dict[str, Any]]:
    said = []
    if route.repeatable:
        said.append(("Idempotency-Key", "The same again makes nothing new.", 255))
    if route.conditional:
        said.append(("If-Match", "The version that the caller has seen, as its ETag.", 40))
    return [
        {
            "name": name,
            "in": "header",
            "description": what,
            "schema": {"type": "string", "minLength": 1, "maxLength": length},
        }
        for name, what, length in said
    ]


def _responses(route: Route, schemas: _Schemas) -> dict[str, Any]:
    schema: dict[str, Any] = {} if route.answer is None else schemas.answers[route.answer]
    if route.media != "application/json":
        schema = {"type": "string"}
    done = {"description": route.summary, "content": {route.media: {"schema": schema}}}
    answers: dict[str, Any] = {str(route.status): done}
    if route.group == "health" and route.name == "tell_ready":
        answers["503"] = {**done, "description": "It can't."}
    problem = {PROBLEM_MEDIA: {"schema": schemas.answers[Problem]}}
    for status, what in _PROBLEMS.items():
        if _may_be(status, route):
            answers.setdefault(status, {"description": what, "content": problem})
    answers["default"] = {"description": "Something else is wrong.", "content": problem}
    return answers


def _may_be(status: str, route: Route) -> bool:
    if route.scope == OPEN:
        return False
    if status == "412":
        return route.conditional
    if status in {"413", "415"}:
        return route.body is not None
    return True


def _prose(text: str | None) -> str:
    return " ".join((text or "").split())
