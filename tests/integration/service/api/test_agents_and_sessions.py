"""Agents and sessions over HTTP: defined, run, looked at, repeated, stopped."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.command_line import CALCULATION
from tests.serving import Api, model

ANA = {"model": "scripted:nowhere.jsonl", "system_prompt": "Be brief.", "tools": ["calculator"]}


async def test_an_agent_is_defined_shown_and_listed(api: Api):
    made = await api("PUT", "/v1/agents/ana", ANA)
    assert made["version"] == 1
    assert made["definition"]["system_prompt"] == "Be brief."

    assert await api("GET", "/v1/agents/ana") == made
    assert (await api("GET", "/v1/agents/ana/versions"))["data"] == [made]
    listed = await api("GET", "/v1/agents")
    assert [one["id"] for one in listed["data"]] == ["ana"]


async def test_the_same_definition_again_is_no_new_version(api: Api):
    await api("PUT", "/v1/agents/ana", ANA)
    assert (await api("PUT", "/v1/agents/ana", ANA))["version"] == 1


async def test_a_definition_that_rests_on_an_old_version_changes_nothing(api: Api):
    first = await api.send("PUT", "/v1/agents/ana", ANA)
    other = {**ANA, "system_prompt": "Be long."}
    await api("PUT", "/v1/agents/ana", other, headers={"If-Match": first.headers["ETag"]})

    stale = {**ANA, "system_prompt": "Be lost."}
    refused = await api("PUT", "/v1/agents/ana", stale, headers={"If-Match": '"1"'}, expect=412)

    assert refused["code"] == "precondition_failed"
    assert (await api("GET", "/v1/agents/ana"))["definition"]["system_prompt"] == "Be long."


async def test_who_has_the_newest_version_is_not_sent_it_again(api: Api):
    first = await api.send("PUT", "/v1/agents/ana", ANA)
    headers = {"If-None-Match": first.headers["ETag"]}
    assert (await api.send("GET", "/v1/agents/ana", headers=headers)).status_code == 304


async def test_lists_of_agents_come_in_parts_that_make_the_whole(api: Api):
    for name in "abcde":
        await api("PUT", f"/v1/agents/{name}", ANA)
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({} if cursor is None else {"cursor": cursor})
        part = await api("GET", "/v1/agents", params=query)
        seen += [one["id"] for one in part["data"]]
        cursor = part["next_cursor"]
        if cursor is None:
            break
    assert seen == list("abcde")


async def test_a_session_runs_to_its_answer(api: Api, tmp_path: Path):
    started = await api.send("POST", "/v1/sessions", {**ask(tmp_path), "tools": ["calculator"]})
    assert started.status_code == 201
    assert started.headers["Location"] == f"/v1/sessions/{started.json()['id']}"

    ended = await api.rest(started.json()["id"])

    assert (ended["status"], ended["answer"]) == ("completed", "391")


async def test_a_session_is_listed_once_a_token_says_that_it_must_be(api: Api, tmp_path: Path):
    started = await api("POST", "/v1/sessions", ask(tmp_path), expect=201)
    listed = await api("GET", "/v1/sessions", params={"at_least": started["token"]})
    assert [one["id"] for one in listed["data"]] == [started["id"]]

    other = await api("GET", "/v1/sessions", params={"agent": "bo"})
    assert other == {"data": [], "next_cursor": None}


async def test_the_row_of_a_session_and_its_log_are_shown_alike(api: Api, tmp_path: Path):
    started = await api("POST", "/v1/sessions", ask(tmp_path), expect=201)
    ended = await api.rest(started["id"])
    facts = (await api("GET", f"/v1/sessions/{started['id']}/events"))["data"]
    assert [fact["version"] for fact in facts] == list(range(1, ended["version"] + 1))

    state = await api("GET", f"/v1/sessions/{started['id']}/state")

    assert {name: state[name] for name in ended} == ended
    assert state["turns"][-1]["step"] == ended["steps"]


async def test_what_a_session_cost_never_waits_for_the_rows_of_its_steps(api: Api, tmp_path: Path):
    ended = await api.rest((await api("POST", "/v1/sessions", ask(tmp_path), expect=201))["id"])
    assert ended["cost"] is not None
    async with api.runtime.log.database.acquire() as conn:
        await conn.execute("delete from readmodel.completions where session_id = $1", ended["id"])

    assert await api("GET", f"/v1/sessions/{ended['id']}") == ended


async def test_events_come_behind_a_version_and_in_parts(api: Api, tmp_path: Path):
    session = (await api("POST", "/v1/sessions", ask(tmp_path), expect=201))["id"]
    last = (await api.rest(session))["version"]
    seen: list[int] = []
    after: str | None = "0"
    while after is not None:
        part = await api(
            "GET", f"/v1/sessions/{session}/events", params={"after": after, "limit": 2}
        )
        seen += [fact["version"] for fact in part["data"]]
        after = part["next_cursor"]
    assert seen == list(range(1, last + 1))


async def test_the_same_request_fifty_times_at_once_is_one_session(api: Api, tmp_path: Path):
    headers = {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(
        *(api.send("POST", "/v1/sessions", ask(tmp_path), headers=headers) for _ in range(50))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    fresh = [answer for answer in answers if "Idempotency-Replayed" not in answer.headers]
    assert len(fresh) == 1
    await api.rest(fresh[0].json()["id"])
    token = fresh[0].json()["token"]
    listed = await api("GET", "/v1/sessions", params={"at_least": token})
    assert len(listed["data"]) == 1


async def test_another_body_under_the_same_key_is_refused(api: Api, tmp_path: Path):
    headers = {"Idempotency-Key": "k"}
    await api("POST", "/v1/sessions", ask(tmp_path), headers=headers, expect=201)
    other = {**ask(tmp_path), "agent": "bo"}
    refused = await api("POST", "/v1/sessions", other, headers=headers, expect=422)
    assert refused["code"] == "idempotency_key_reused"


async def test_ids_of_repeatable_sessions_are_in_the_order_of_time(api: Api, tmp_path: Path):
    ids = []
    for n in range(5):
        headers = {"Idempotency-Key": f"k{n}"}
        started = await api("POST", "/v1/sessions", ask(tmp_path), headers=headers, expect=201)
        ids.append(UUID(started["id"]))
    assert ids == sorted(ids, key=lambda id_: id_.int >> 80)
    assert {id_.version for id_ in ids} == {7}


async def test_a_session_is_cancelled_and_its_steps_are_kept(api: Api, tmp_path: Path):
    said = ask(tmp_path)
    said["model"] = model(tmp_path, {"text": "FINAL_ANSWER: x", "delay_s": 600})
    session = (await api("POST", "/v1/sessions", said, expect=201))["id"]

    stopped = await api("POST", f"/v1/sessions/{session}/cancel", {"reason": "enough"})

    assert stopped["status"] == "cancelled"
    assert (await api("POST", f"/v1/sessions/{session}/cancel"))["version"] == stopped["version"]


async def test_versions_are_labelled_and_found_by_their_labels(api: Api, tmp_path: Path):
    session = (await api("POST", "/v1/sessions", ask(tmp_path), expect=201))["id"]
    last = (await api.rest(session))["version"]
    said, headers = {"label": "start", "at": 1}, {"Idempotency-Key": "l"}
    for _ in range(2):
        made = await api(
            "POST", f"/v1/sessions/{session}/checkpoints", said, headers=headers, expect=201
        )
        assert made["version"] == last + 1
    assert (await api("GET", f"/v1/sessions/{session}/checkpoints"))["data"] == [made]
    at_label = await api("GET", f"/v1/sessions/{session}/state", params={"at": "start"})
    assert (at_label["version"], at_label["turns"]) == (1, [])
    await api("GET", f"/v1/sessions/{session}/state", params={"at": "99"}, expect=404)
    await api("POST", f"/v1/sessions/{session}/checkpoints", {"label": "x", "at": 99}, expect=422)


async def test_a_session_is_verified(api: Api, tmp_path: Path):
    session = (await api("POST", "/v1/sessions", ask(tmp_path), expect=201))["id"]
    last = (await api.rest(session))["version"]
    report = await api("POST", f"/v1/sessions/{session}/verify")
    assert report["verified"]
    assert report["checked"]["events"] == last


async def test_a_session_that_is_not_there_is_not_found(api: Api):
    for path in ("", "/events", "/state", "/checkpoints"):
        await api("GET", f"/v1/sessions/{uuid4()}{path}", expect=404)
    await api("GET", "/v1/sessions/last", expect=404)
    await api("POST", f"/v1/sessions/{uuid4()}/cancel", expect=404)
    await api("POST", f"/v1/sessions/{uuid4()}/verify", expect=404)


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"prompt": "hi"}, "/agent"),
        ({"agent": "Ana!", "prompt": "hi", "model": "x:y"}, "/agent"),
        ({"agent": "ana", "prompt": " ", "model": "x:y"}, "/prompt"),
        ({"agent": "ana", "prompt": "hi", "model": "x:y", "colour": 1}, "/colour"),
        ({"agent": "ana", "prompt": "hi", "limits": {"calls_max": 0}}, "/limits/calls_max"),
        ({"agent": "ana", "prompt": "hi"}, "/model"),
    ],
)
async def test_what_is_wrong_with_a_body_is_pointed_at(
    api: Api, said: dict[str, object], pointer: str
):
    problem = await api("POST", "/v1/sessions", said, expect=422)
    assert pointer in [error["pointer"] for error in problem["errors"]]


async def test_the_whole_log_is_read_token_by_token(api: Api, tmp_path: Path):
    for agent in ("ana", "bo", "cy"):
        await api("PUT", f"/v1/agents/{agent}", ANA)
    seen: list[tuple[str, int]] = []
    token = None
    while True:
        query: dict[str, object] = {"limit": 2}
        part = await api(
            "GET", "/v1/events", params=query | ({} if token is None else {"after": token})
        )
        seen += [(fact["stream"], fact["version"]) for fact in part["data"]]
        token = part["token"]
        if part["next_cursor"] is None:
            break
    assert sorted(seen) == [("agent-ana", 1), ("agent-bo", 1), ("agent-cy", 1)]
    await api("PUT", "/v1/agents/dan", ANA)
    behind = await api("GET", "/v1/events", params={"after": token})
    assert [fact["stream"] for fact in behind["data"]] == ["agent-dan"]
    await api("GET", "/v1/events", params={"after": "garbage"}, expect=400)


async def test_tools_and_projections_are_listed(api: Api):
    tools = [tool["name"] for tool in (await api("GET", "/v1/tools"))["data"]]
    assert {"calculator", "remember"} <= set(tools)
    assert "sessions" in {p["projection"] for p in (await api("GET", "/v1/projections"))["data"]}


def ask(folder: Path) -> dict[str, object]:
    return {
        "agent": "ana",
        "prompt": "What is 17*23?",
        "model": model(folder, *CALCULATION),
        "tools": ["calculator"],
    }
