"""Requests seen from outside: named in logs and in the log, and in the caller's trace."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog

from eventlog.database import Database
from service.logs import configure_logs
from service.sessions import read_session
from tests.serving import model, serving

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NAMED = {"X-Request-Id": "ticket-4711", "traceparent": TRACEPARENT}


@pytest.fixture
def partitions() -> int:
    return 1


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    configure_logs("debug", "json", out)
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(logged: io.StringIO, event: str) -> list[dict[str, Any]]:
    told = [json.loads(line) for line in logged.getvalue().splitlines()]
    return [line for line in told if line["event"] == event]


async def test_a_request_is_named_wherever_it_led_to(
    database: Database, tmp_path: Path, logged: io.StringIO
):
    async with serving(database, tmp_path) as api:
        said = {"agent": "ana", "prompt": "Hi.", "model": model(tmp_path, {"text": "Hello."})}
        begun = await api("POST", "/v1/sessions", said, expect=201, headers=NAMED)
        await api.rest(begun["id"])
        await api("GET", "/healthz")
        await api("GET", "/v1/agents/nobody", expect=404)
        first, *_ = await read_session(api.runtime.log, UUID(begun["id"]))

    assert first.metadata.correlation_id == "ticket-4711"
    assert first.metadata.traceparent == TRACEPARENT
    answered = {(line["route"], line["status"]): line for line in lines(logged, "request.answered")}
    assert answered["/v1/sessions", 201]["request"] == "ticket-4711"
    assert answered["/v1/agents/{agent}", 404]["level"] == "debug"
    assert not [route for route, _ in answered if route == "/healthz"]
    (rested,) = lines(logged, "session.rested")
    assert (rested["request"], rested["session"]) == ("ticket-4711", begun["id"])
