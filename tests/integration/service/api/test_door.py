"""Who is let in: every route of the table, by every key that must not open it."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from eventlog.database import Database
from schema.errors import Refused
from service.api.door import Door
from service.api.refusals import Unauthenticated
from service.api.route import OPEN, Route
from service.api.routes import ROUTES
from service.keys import Scope, create_key, revoke_key
from service.serve import see_guarded
from tests.command_line import CALCULATION
from tests.serving import Api, model

GUARDED = [route for route in ROUTES if route.scope != OPEN]
PUBLIC = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"}


@pytest.fixture
def partitions() -> int:
    return 1


def test_only_health_and_documentation_are_open_to_all():
    assert {route.path for route in ROUTES if route.scope == OPEN} == PUBLIC
    assert all(isinstance(route.scope, Scope) for route in GUARDED)


READING = ("/search", "/query", "/verify", "/ticket")
"""What is posted, and changes nothing."""


def test_what_changes_something_asks_for_more_than_reading():
    for route in GUARDED:
        reads = route.method == "GET" or route.path.endswith(READING)
        assert reads == (route.scope in {Scope.SESSIONS_READ, Scope.AUDIT_READ}), route.path


async def test_every_route_refuses_every_key_that_is_not_for_it(api: Api, tmp_path: Path):
    good = await api.key("admin")
    session = await session_of(api, "ana", tmp_path, good)
    refused = {
        "nobody": ({}, {401}),
        "unknown": ({"Authorization": f"Bearer ark_{'0' * 12}_{'x' * 43}"}, {401}),
        "garbage": ({"Authorization": "Basic dXNlcjpwYXNz"}, {401}),
        "expired": (await expired(api), {401}),
        "revoked": (await revoked(api), {401}),
        "another agent's": (await api.key("admin", agents=["bo"]), {403, 404}),
    }
    for route in GUARDED:
        for who, (headers, statuses) in refused.items():
            if who == "another agent's" and filters(route):
                continue
            answer = await ask(api, route, session, headers)
            assert answer.status_code in statuses, (who, route.method, route.path, answer.text)
            assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
        wrong = await api.key(*(scope for scope in Scope if scope not in (route.scope, "admin")))
        assert (await ask(api, route, session, wrong)).status_code == 403, route.path
    for route in GUARDED:
        if route.method == "GET" and not route.streamed:  # Those never end; see test_streams.
            status = (await ask(api, route, session, good)).status_code
            assert status in {200, 404}, route.path


async def test_lists_tell_a_key_for_some_agents_of_these_alone(api: Api, tmp_path: Path):
    admin = await api.key("admin")
    for agent in ("ana", "bo"):
        session = await session_of(api, agent, tmp_path, admin)
    bo = await api.key("admin", agents=["bo"])

    agents = await api("GET", "/v1/agents", headers=bo)
    sessions = await api("GET", "/v1/sessions", headers=bo)
    of_ana = await api("GET", "/v1/sessions", headers=bo, params={"agent": "ana"})

    assert [one["id"] for one in agents["data"]] == ["bo"]
    assert [one["id"] for one in sessions["data"]] == [session]
    assert of_ana["data"] == []


async def test_anothers_session_looks_like_one_that_is_not_there(api: Api, tmp_path: Path):
    session = await session_of(api, "ana", tmp_path, await api.key("admin"))
    none = str(uuid4())
    bo = await api.key("sessions:read", agents=["bo"])
    here = await api("GET", f"/v1/sessions/{session}", headers=bo, expect=404)
    nowhere = await api("GET", f"/v1/sessions/{none}", headers=bo, expect=404)
    assert here["detail"].replace(session, none) == nowhere["detail"]


async def test_what_a_key_does_is_recorded_as_its_doing(api: Api):
    headers = await api.key("admin")
    key_id = headers["Authorization"].split("_")[1]
    await api("PUT", "/v1/agents/ana", {"model": "x:y"}, headers=headers)
    (fact,) = (await api("GET", "/v1/events", headers=headers))["data"]
    assert fact["metadata"]["actor"] == f"key:{key_id}"


async def test_without_keys_a_name_that_is_not_localhost_is_refused(api: Api):
    await api("GET", "/v1/agents", headers={"Host": "evil.example:80"}, expect=403)
    await api("GET", "/v1/agents", headers={"Host": "localhost"})


async def test_the_door_stays_shut_when_the_last_key_is_revoked(api: Api):
    headers = await revoked(api)
    async with httpx.AsyncClient(base_url=api.address, trust_env=False) as stranger:
        assert (await stranger.get("/v1/agents")).status_code == 401
        assert (await stranger.get("/v1/agents", headers=headers)).status_code == 401
        assert (await stranger.get("/healthz")).status_code == 200


async def test_a_key_is_believed_for_a_second(database: Database):
    at = 0.0
    door = Door(database, lambda: at)
    key, text = await create_key(database, name="k", scopes=["admin"])
    assert (await door.admit(f"Bearer {text}", "")).key == key
    await revoke_key(database, key.id)

    at = 1.1

    with pytest.raises(Unauthenticated):
        await door.admit(f"Bearer {text}", "")


async def test_no_key_stands_in_the_database(database: Database):
    _, text = await create_key(database, name="k", scopes=["admin"])
    secret = text.rpartition("_")[2]
    async with database.acquire() as conn:
        rows = await conn.fetch("select k::text as said from ops.keys k")
    assert secret not in rows[0]["said"]
    assert secret.encode().hex() not in rows[0]["said"]


async def test_nobody_listens_beyond_this_machine_without_a_good_key(database: Database):
    await see_guarded(database, "127.0.0.1")
    await see_guarded(database, "::1")
    with pytest.raises(Refused, match="keys create"):
        await see_guarded(database, "0.0.0.0")  # noqa: S104 - this is what must not be.
    past = datetime.now(UTC) - timedelta(seconds=1)
    await create_key(database, name="old", scopes=["admin"], expires_at=past)
    with pytest.raises(Refused):
        await see_guarded(database, "0.0.0.0")  # noqa: S104
    await create_key(database, name="new", scopes=["admin"])
    await see_guarded(database, "0.0.0.0")  # noqa: S104


def filters(route: Route) -> bool:
    """Whether the route names no agent, and shows to each key what is its."""
    return not re.search(r"{(agent|session)}", route.path) and (
        route.path in {"/v1/agents", "/v1/tools"}
        or (route.method, route.path) == ("GET", "/v1/sessions")
    )


async def session_of(api: Api, agent: str, folder: Path, headers: dict[str, str]) -> str:
    said = {"agent": agent, "prompt": "hi", "model": model(folder, *CALCULATION)}
    answer = await api("POST", "/v1/sessions", said, headers=headers, expect=201)
    query = {"at_least": answer["token"]}
    await api("GET", "/v1/sessions", params=query, headers=headers)
    return str(answer["id"])


async def expired(api: Api) -> dict[str, str]:
    past = datetime.now(UTC) - timedelta(seconds=1)
    database = api.runtime.log.database
    _, text = await create_key(database, name="old", scopes=["admin"], expires_at=past)
    return {"Authorization": f"Bearer {text}"}


async def revoked(api: Api) -> dict[str, str]:
    key, text = await create_key(api.runtime.log.database, name="gone", scopes=["admin"])
    await revoke_key(api.runtime.log.database, key.id)
    return {"Authorization": f"Bearer {text}"}


async def ask(api: Api, route: Route, session: str, headers: dict[str, str]) -> httpx.Response:
    """A request that is well made, but for who makes it."""
    path = route.path.format(
        agent="ana", session=session, episode=uuid4(), key="k", entity="e", call="1.0"
    )
    bodies: dict[str, Any] = {
        "start_session": {"agent": "ana", "prompt": "hi", "model": "x:y"},
    }
    body = bodies.get(route.name)
    return await api.send(route.method, path, body, headers=headers)
