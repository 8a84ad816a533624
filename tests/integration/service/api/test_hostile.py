"""What nobody should send: clear refusals, no trace of ours, and a service that stays up."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from eventlog.database import Database
from schema.errors import Broken, DatabaseUnavailable
from service.api import app as application
from service.api.json_body import BODY_BYTES_MAX, DEPTH_MAX
from service.api.route import OPEN, Call, Reply, Route
from tests.serving import Api, serving

EPISODES = "/v1/agents/ana/memory/episodes"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def partitions() -> int:
    return 1


async def fall(_call: Call) -> Reply:
    raise RuntimeError("password=hunter2")


async def break_down(_call: Call) -> Reply:
    raise Broken("row 7 of secret_table")


async def be_busy(_call: Call) -> Reply:
    raise DatabaseUnavailable("no connection", 2.4)


FAULTS = tuple(
    Route(method="GET", path=f"/{n}", handler=handler, scope=OPEN, summary="", group="test")
    for n, handler in enumerate((fall, break_down, be_busy))
)


@pytest.fixture
async def faulty(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Api]:
    """A service with handlers that fail."""
    monkeypatch.setattr(application.build_app, "__defaults__", (FAULTS,))
    async with serving(database, tmp_path) as running:
        yield running


async def test_a_fault_of_ours_tells_nothing_but_its_id(faulty: Api):
    for path, code in (("/0", "internal"), ("/1", "broken")):
        answer = await faulty.client.get(path, headers={"X-Request-Id": "mine-7"})
        assert answer.status_code == 500
        assert answer.json()["code"] == code
        assert answer.json()["request_id"] == answer.headers["X-Request-Id"] == "mine-7"
        assert "hunter2" not in answer.text
        assert "secret_table" not in answer.text
        assert "Traceback" not in answer.text


async def test_what_may_succeed_later_says_when(faulty: Api):
    answer = await faulty.client.get("/2")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert answer.json()["retryable"] is True


async def test_routes_and_methods_that_are_not_there_are_problems_too(api: Api):
    nowhere = await api.send("GET", "/v2/everything")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    patched = await api.send("PATCH", "/v1/agents")
    assert (patched.status_code, patched.headers["Allow"]) == (405, "GET,HEAD")
    for trick in ("/v1/agents/../../etc/passwd", "/v1//agents", "/v1/agents/%2e%2e%2f", "/%00"):
        answer = await api.client.get(trick)
        assert answer.status_code in {404, 422}, (trick, answer.text)


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "unreadable"),
        (b'{"content": "\xff"}', 400, "unreadable"),
        (b"[" * 100_000, 400, "unreadable"),
        (
            b'{"content": ' + b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1) + b"}",
            400,
            "unreadable",
        ),
        (b'{"content": "x", "importance": NaN}', 422, "invalid"),
        (b'{"content": "x", "importance": 1e999}', 422, "invalid"),
        (b'{"content": "x", "importance": ' + b"9" * 5000 + b"}", 400, "unreadable"),
        (b'"text"', 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b"null", 400, "unreadable"),
        (b'{"content": "' + b"x" * 70_000 + b'"}', 422, "invalid"),
        (b" " * (BODY_BYTES_MAX + 1), 413, "payload_too_large"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_a_body_that_is_none_is_refused(api: Api, content: bytes, status: int, code: str):
    answer = await api.client.post(EPISODES, content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await api("GET", EPISODES))["data"] == []


async def test_a_body_in_chunks_is_measured_as_it_comes(api: Api):
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    answer = await api.client.post(EPISODES, content=chunks(), headers=JSON)
    assert answer.status_code == 413


async def test_a_body_of_another_kind_is_refused(api: Api):
    answer = await api.client.post(EPISODES, content=b"content=x")
    assert answer.status_code == 415
    form = {"Content-Type": "text/plain"}  # What a page elsewhere may send without being asked.
    assert (await api.client.post(EPISODES, content=b"{}", headers=form)).status_code == 415


async def test_paths_and_headers_have_limits(api: Api):
    assert (await api.client.get("/v1/agents?x=" + "y" * 8001)).status_code in {400, 414}
    assert (await api.client.get("/healthz", headers={"X-Big": "y" * 20_000})).status_code == 400
    many = {f"X-{n}": "y" for n in range(5000)}
    assert (await api.client.get("/healthz", headers=many)).status_code == 400
    await api("GET", "/healthz")


async def test_an_id_that_could_forge_a_line_of_a_log_is_not_taken(api: Api):
    answer = await api.client.get("/healthz", headers={"X-Request-Id": "a b; c=d"})
    assert answer.headers["X-Request-Id"] != "a b; c=d"


async def test_any_text_survives(api: Api):
    for text in ("'; drop table ops.keys; --", "\u202e<script>", "a\u0000b", "\ud800"):
        content = json.dumps({"content": text}).encode()
        answer = await api.client.post(EPISODES, content=content, headers=JSON)
        assert answer.status_code == 201, answer.text
    kept = (await api("GET", EPISODES))["data"]
    assert [one["content"] for one in kept] == [
        *("\ufffd", "a\ufffdb", "\u202e<script>", "'; drop table ops.keys; --"),
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/agents/ana'--",
        "/v1/agents/ANA",
        "/v1/agents/" + "a" * 65,
        "/v1/agents/ana/memory/facts/a%00b",
    ],
)
async def test_names_that_nothing_can_have_are_refused(api: Api, path: str):
    answer = await api.send("GET", path)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"


async def test_a_thousand_who_say_nothing_keep_nobody_waiting(api: Api):
    address = urlsplit(api.address)
    silent = [await asyncio.open_connection(address.hostname, address.port) for _ in range(200)]
    try:
        for _, writer in silent:
            writer.write(b"POST /v1/agents HTTP/1.1\r\nHost: localhost\r\n")
        async with asyncio.timeout(5):
            await api("GET", "/v1/agents")
    finally:
        for _, writer in silent:
            writer.close()


async def test_traces_are_taken_up_where_they_are_well_made(api: Api):
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    said = {"content": "x"}
    for n, given in enumerate((trace, "00-garbage")):
        headers = {"traceparent": given, "X-Request-Id": f"r-{n}"}
        await api("POST", EPISODES, said, headers=headers, expect=201)

    facts = (await api("GET", "/v1/events"))["data"]

    assert [fact["metadata"].get("traceparent") for fact in facts] == [trace, None]
    assert [fact["metadata"]["correlation_id"] for fact in facts] == ["r-0", "r-1"]
