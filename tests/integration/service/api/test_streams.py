"""Streams: every durable event once and in order, whoever listens, and from wherever."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from service.api.live_frames import BEAT
from service.api.live_tail import Tail
from service.keys import create_key, revoke_key
from tests.command_line import CALCULATION
from tests.serving import Api, model


@pytest.fixture
def partitions() -> int:
    return 1


class Follower:
    """Reads a stream as a browser does: events with their names, data and ids."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self) -> dict[str, Any]:
        event: dict[str, Any] = {"event": "message"}
        async for line in self._lines:
            name, _, value = line.partition(": ")
            if name in {"id", "event"}:
                event[name] = value
            elif name == "data":
                event[name] = json.loads(value)
            elif not line and "data" in event:
                return event
        raise EOFError

    async def rest(self) -> list[dict[str, Any]]:
        found = []
        while True:
            try:
                found.append(await self.next())
            except EOFError:
                return found


@asynccontextmanager
async def following(api: Api, path: str, **more: Any) -> AsyncIterator[Follower]:
    async with api.client.stream("GET", path, **more) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        yield Follower(answer)


async def started(api: Api, folder: Path, *turns: dict[str, Any], **more: Any) -> str:
    said = {"agent": "ana", "prompt": "What is 17*23?", "tools": ["calculator"]}
    said["model"] = model(folder, *(turns or CALCULATION))
    return str((await api("POST", "/v1/sessions", said, expect=201, **more))["id"])


def durable(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if "id" in event]


async def test_a_session_is_told_whole_with_its_words_and_then_done(api: Api, tmp_path: Path):
    slowly = [{**turn, "delay_s": 0.3} for turn in CALCULATION]
    session = await started(api, tmp_path, *slowly)

    async with following(api, f"/v1/sessions/{session}/stream") as stream:
        events = await stream.rest()

    kept = await api("GET", f"/v1/sessions/{session}/events")
    assert [event["data"] for event in durable(events)] == kept["data"]
    assert [event["id"] for event in durable(events)] == [str(e["version"]) for e in kept["data"]]
    said = "".join(event["data"]["text"] for event in events if event["event"] == "delta")
    assert said == "".join(str(turn["text"]) for turn in CALCULATION)
    assert sum(event["event"] == "thinking" for event in events) == len(CALCULATION)
    assert events[-1]["event"] == "done"
    assert events[-1]["data"] == await api("GET", f"/v1/sessions/{session}")


async def test_it_goes_on_behind_the_last_id_and_refuses_what_cannot_be_one(
    api: Api, tmp_path: Path
):
    session = await started(api, tmp_path)
    last = (await api.rest(session))["version"]
    path = f"/v1/sessions/{session}/stream"

    for version in (0, 3, last):
        for how in ({"headers": {"Last-Event-ID": str(version)}}, {"params": {"after": version}}):
            async with following(api, path, **how) as stream:
                *events, done = await stream.rest()
            assert [int(event["id"]) for event in events] == [*range(version + 1, last + 1)]
            assert done["event"] == "done"
    await api("GET", path, headers={"Last-Event-ID": str(last + 1)}, expect=400)
    await api("GET", path, headers={"Last-Event-ID": "x"}, expect=422)
    await api("GET", f"/v1/sessions/{uuid4()}/stream", expect=404)


async def test_whoever_listens_hears_what_others_say_to_a_waiting_session(api: Api, tmp_path: Path):
    session = await started(api, tmp_path, {"text": "…", "delay_s": 1.5})
    path = f"/v1/sessions/{session}/stream"
    async with following(api, path) as one, following(api, path) as other:
        for stream in (one, other):
            while (await stream.next())["event"] != "thinking":
                continue
        await api("POST", f"/v1/sessions/{session}/checkpoints", {"label": "here"}, expect=201)
        heard = [await stream.next() for stream in (one, other)]
        await api("POST", f"/v1/sessions/{session}/cancel", {})
        ends = [await stream.rest() for stream in (one, other)]

    assert [event["data"]["type"] for event in heard] == ["checkpoint_labelled"] * 2
    for *events, done in ends:
        assert events[-1]["data"]["type"] == "session_cancelled"
        assert done["data"]["status"] == "cancelled"


async def test_the_whole_log_is_followed_from_any_of_its_ids(api: Api, tmp_path: Path):
    first = await started(api, tmp_path)
    await api.rest(first)
    before = (await api("GET", "/v1/events", params={"limit": 1000}))["data"]

    async with (
        following(api, "/v1/events/stream") as whole,
        following(api, "/v1/events/stream", params={"after": "now"}) as coming,
    ):
        old = [await whole.next() for _ in before]
        await api("PUT", "/v1/agents/bo", {"model": "x:y"})
        new = await whole.next()
        assert (await coming.next())["data"]["id"] == new["data"]["id"]
    assert [event["data"]["id"] for event in old] == [event["id"] for event in before]
    assert new["data"]["type"] == "agent_defined"

    for place in (0, len(old) // 2, len(old) - 1):
        headers = {"Last-Event-ID": old[place]["id"]}
        async with following(api, "/v1/events/stream", headers=headers) as stream:
            rest = [await stream.next() for _ in [*old, new][place + 1 :]]
        assert [event["data"]["id"] for event in rest] == [
            event["data"]["id"] for event in [*old, new][place + 1 :]
        ]
    await api("GET", "/v1/events/stream", params={"after": "garbage"}, expect=400)


async def test_a_ticket_opens_its_stream_and_nothing_else_for_a_while(api: Api, tmp_path: Path):
    key = await api.key("sessions:read", "sessions:write", agents=["ana"])
    session = await started(api, tmp_path, headers=key)
    path = f"/v1/sessions/{session}/stream"
    ticket = await api("POST", f"{path}/ticket", {"ttl_s": 30}, headers=key, expect=201)

    async with following(api, ticket["url"]) as stream:
        assert (await stream.rest())[-1]["event"] == "done"

    query = ticket["url"].partition("?")[2]
    other = await started(api, tmp_path, headers=key)
    for url in (
        *(f"/v1/sessions/{other}/stream?{query}", f"/v1/events/stream?{query}"),
        *(f"{path}?ticket=art_x", f"{ticket['url']}x", path),
        f"/v1/sessions/{session}?{query}",
    ):
        await api("GET", url, expect=401)
    await api("POST", "/v1/events/stream/ticket", headers=key, expect=403)
    assert ticket["expires_at"] < (datetime.now(UTC) + timedelta(seconds=31)).isoformat()
    await revoke_key(api.runtime.log.database, key["Authorization"].split("_")[1])
    await api("GET", ticket["url"], expect=401)


async def test_without_keys_the_address_needs_no_ticket(api: Api, tmp_path: Path):
    session = await started(api, tmp_path)
    address = await api("POST", f"/v1/sessions/{session}/stream/ticket", expect=201)
    assert address["url"] == f"/v1/sessions/{session}/stream"


async def test_a_stream_ends_with_the_key_that_opened_it(api: Api, tmp_path: Path):
    api.live._beat_s = 0.05
    key, text = await create_key(api.runtime.log.database, name="k", scopes=["admin"])
    headers = {"Authorization": f"Bearer {text}"}
    session = await started(api, tmp_path, {"text": "…", "delay_s": 1.5}, headers=headers)
    async with following(api, f"/v1/sessions/{session}/stream", headers=headers) as stream:
        await revoke_key(api.runtime.log.database, key.id)
        events = await stream.rest()
    assert events[-1]["event"] != "done"


async def test_who_is_slow_holds_up_nobody_and_misses_nothing(api: Api, tmp_path: Path):
    session = await started(api, tmp_path)
    await api.rest(session)
    live = api.live
    chunks = live.follow_session(UUID(session), 0, ended=True)
    slow = [await anext(chunks)]
    async with following(api, f"/v1/sessions/{session}/stream") as stream:
        assert (await stream.rest())[-1]["event"] == "done"
    slow += [chunk async for chunk in chunks]
    assert slow[-1].startswith(b"event: done")
    assert live.listeners == 0


async def test_a_stream_that_the_tail_has_outrun_is_read_from_the_log(api: Api, tmp_path: Path):
    session = await started(api, tmp_path, {"text": "…", "delay_s": 1.5})
    live, path = api.live, f"/v1/sessions/{session}"
    live._sessions[f"session-{session}"] = Tail(frames_max=8)
    chunks = live.follow_session(UUID(session), 0, ended=False)
    sent = [await anext(chunks)]
    for number in range(20):  # More than a tail holds.
        await api("POST", f"{path}/checkpoints", {"label": f"l{number}"}, expect=201)
    await api("POST", f"{path}/cancel", {})
    sent += [chunk async for chunk in chunks if chunk is not BEAT]
    ids = [line for chunk in sent for line in chunk.split(b"\n") if line.startswith(b"id: ")]
    assert ids == [b"id: %d" % version for version in range(1, len(ids) + 1)]
    assert len(ids) > 20


async def test_a_silent_stream_beats(api: Api, tmp_path: Path):
    api.live._beat_s = 0.02
    session = await started(api, tmp_path, {"text": "…", "delay_s": 1.5})
    async with asyncio.timeout(5):
        async for chunk in api.live.follow_session(UUID(session), 0, ended=False):
            if chunk is BEAT:
                break


@pytest.mark.parametrize("partitions", [4])
async def test_many_follow_many_partitions_at_once(api: Api, tmp_path: Path):
    async def follow() -> list[str]:
        seen: list[str] = []
        async with following(api, "/v1/events/stream") as stream:
            while sum(name == "session_completed" for name in seen) < 8:
                event = await stream.next()
                seen.append(event["data"]["type"])
                last.append(event["id"])
                ids.append(event["data"]["id"])
        return ids

    last: list[str] = []
    ids: list[str] = []
    said = {"prompt": "hi", "tools": ["calculator"], "model": model(tmp_path, *CALCULATION)}
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        task = group.create_task(follow())
        for agent in ("ana", "bo", "cy", "di") * 2:
            await api("POST", "/v1/sessions", {**said, "agent": agent}, expect=201)
    seen = task.result()
    whole = (await api("GET", "/v1/events", params={"limit": 1000}))["data"]
    assert len(seen) == len(set(seen))
    assert set(seen) <= {event["id"] for event in whole}
    rest = await api("GET", "/v1/events", params={"after": last[len(last) // 2], "limit": 1000})
    assert {event["id"] for event in rest["data"]} >= set(seen[len(last) // 2 + 1 :])
    assert not {event["id"] for event in rest["data"]} & set(seen[: len(last) // 2 + 1])
