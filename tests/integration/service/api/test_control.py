"""A word to a session over HTTP: stop, pause, go on, approve, reconcile, spend more."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.command_line import CALCULATION
from tests.serving import Api, model

CALL = "1.0"


@pytest.fixture
async def waiting(api: Api, tmp_path: Path) -> str:
    """The id of a session that waits for a word about its first call."""
    return await begun(api, tmp_path, approve=["calculator"])


async def begun(api: Api, folder: Path, **more: Any) -> str:
    """The id of a session, once it rests."""
    asked = {"agent": "ana", "prompt": "17*23?", "model": model(folder, *CALCULATION)}
    started = await api(
        "POST", "/v1/sessions", {**asked, "tools": ["calculator"], **more}, expect=201
    )
    await api.rest(started["id"])
    return str(started["id"])


async def test_an_approved_call_runs_as_edited_and_the_session_goes_on_by_itself(
    api: Api, waiting: str
):
    word = {"approved": True, "arguments": {"expression": "2*2"}, "reason": "simpler"}
    await api("POST", f"/v1/sessions/{waiting}/approvals/{CALL}", word)

    assert (await ended(api, waiting))["status"] == "completed"
    state = await api("GET", f"/v1/sessions/{waiting}/state")
    assert state["turns"][0]["calls"][0]["arguments"] == {"expression": "2*2"}
    proven = await api("POST", f"/v1/sessions/{waiting}/verify", {})
    assert proven["verified"] is True


async def test_a_rejected_call_never_runs_and_the_model_is_told_why(api: Api, waiting: str):
    word = {"approved": False, "reason": "too dear"}
    await api("POST", f"/v1/sessions/{waiting}/approvals/{CALL}", word)

    assert (await ended(api, waiting))["status"] == "completed"
    state = await api("GET", f"/v1/sessions/{waiting}/state")
    assert "not approved: too dear" in state["turns"][0]["calls"][0]["returned"]["observation"]


async def test_who_decides_is_recorded(api: Api, waiting: str):
    key = await api.key("sessions:write", "sessions:read")
    word = {"approved": True}
    await api("POST", f"/v1/sessions/{waiting}/approvals/{CALL}", word, headers=key)
    facts = (await api("GET", f"/v1/sessions/{waiting}/events", headers=key))["data"]
    (decided,) = [fact for fact in facts if fact["type"] == "approval_decided"]
    assert decided["metadata"]["actor"].startswith("key:")
    await ended(api, waiting, headers=key)


async def test_a_word_that_makes_no_sense_changes_nothing(api: Api, waiting: str):
    version = (await api("GET", f"/v1/sessions/{waiting}"))["version"]
    path = f"/v1/sessions/{waiting}"
    for to, body, status, code in [
        ("approvals/9.9", {"approved": True}, 404, "not_found"),
        ("approvals/1.0", {"approved": False, "arguments": {}}, 422, "invalid"),
        ("approvals/1.0", {}, 422, "invalid"),
        ("reconcile/1.0", {"outcome": "happened"}, 409, "wrong_status"),
        ("reconcile/1.0", {"outcome": "perhaps"}, 422, "invalid"),
        ("budget", {}, 422, "invalid"),
        ("budget", {"tokens": 0}, 422, "invalid"),
    ]:
        refused = await api("POST", f"{path}/{to}", body, expect=status)
        assert refused["code"] == code, (to, refused)
    assert (await api("GET", f"/v1/sessions/{waiting}"))["version"] == version


async def test_a_paused_session_begins_nothing_until_it_is_resumed(api: Api, waiting: str):
    path = f"/v1/sessions/{waiting}"
    paused = await api("POST", f"{path}/pause", {"reason": "noon"})
    assert paused["status"] == "paused"

    await api("POST", f"{path}/resume", {"reason": "back"})
    asked_again = await api.rest(waiting)
    assert asked_again["status"] == "waiting"

    await api("POST", f"{path}/approvals/{CALL}", {"approved": True})
    assert (await ended(api, waiting))["answer"] == "391"


async def test_a_budget_that_is_spent_is_raised_and_the_session_goes_on(api: Api, tmp_path: Path):
    session = await begun(api, tmp_path, budget={"steps": 1})
    path = f"/v1/sessions/{session}"
    assert (await api("GET", path))["status"] == "paused"

    await api("POST", f"{path}/budget", {"steps": 5})
    await api("POST", f"{path}/resume", {})

    assert (await ended(api, session))["answer"] == "391"


async def test_the_same_request_twice_is_one_word(api: Api, waiting: str):
    path, headers = f"/v1/sessions/{waiting}/pause", {"Idempotency-Key": str(uuid4())}
    first = await api("POST", path, {}, headers=headers)
    await api("POST", f"/v1/sessions/{waiting}/resume", {})
    resumed = await api.rest(waiting)

    again = await api("POST", path, {}, headers=headers)

    assert (first["status"], again["version"]) == ("paused", resumed["version"])
    assert again["status"] == "waiting"


async def ended(api: Api, session: str, headers: dict[str, str] | None = None) -> Any:
    """The session, once it has ended: after a word it is at rest for a moment."""
    async with asyncio.timeout(20):
        while True:
            ring = api.runtime.log.bell.next_ring()
            shown = await api("GET", f"/v1/sessions/{session}", headers=headers or {})
            if shown["status"] in ("completed", "failed", "cancelled"):
                return shown
            await api.runtime.log.bell.wait(ring)
