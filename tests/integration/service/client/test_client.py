"""The client: the service as Python sees it, its errors as ours, and streams that outlive cuts."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from eventlog.members import StreamAppend
from schema.envelope import Metadata
from schema.errors import Invalid, NotFound, TokenRefused, Unavailable, WrongStatus
from schema.events import Event
from schema.ids import new_session_id, session_stream
from schema.messages.agents import DefineAgent
from schema.messages.graph import PutEntity, PutRelationship
from schema.messages.memory import RememberEpisode, SearchMemory, StoreFact
from schema.messages.sessions import StartSession
from service.bench.facts import whole_session
from service.client import Client, Followed, NotLetIn, Patience, RefusedThere, open_client
from tests.command_line import CALCULATION
from tests.cutting import cutting
from tests.serving import Api, model

CUTS = int(os.environ.get("STREAM_CUTS", "30"))
QUICK = Patience(attempts=4, base_s=0.01, deadline_s=10)


@pytest.fixture
async def client(api: Api) -> AsyncIterator[Client]:
    async with open_client(api.address, patience=QUICK) as opened:
        yield opened


def task(folder: Path, *turns: dict[str, object]) -> StartSession:
    return StartSession(
        agent="ana",
        prompt="What is 17*23?",
        tools=("calculator",),
        model=model(folder, *(turns or CALCULATION)),
    )


async def test_a_session_is_started_followed_and_looked_at(client: Client, tmp_path: Path):
    started = await client.start(task(tmp_path))
    followed = [one async for one in client.follow(started.id)]

    events = [event async for event in client.events(started.id)]
    assert [one.event for one in followed if one.event is not None] == events
    done = followed[-1].done
    assert done is not None
    assert (done.status, done.answer) == ("completed", "391")
    assert (await client.session(started.id)).version == done.version
    listed = [one async for one in client.sessions(at_least=started.token)]
    assert [one.id for one in listed] == [started.id]
    assert (await client.state(started.id, 1)).version == 1
    assert (await client.verify(started.id)).verified
    await client.label(started.id, "here")
    assert [label.label for label in (await client.state(started.id)).labels] == ["here"]
    again = [one async for one in client.follow(started.id, after=done.version)]
    assert [one.event.type for one in again if one.event] == ["checkpoint_labelled"]


async def test_a_session_that_waits_is_given_words(client: Client, tmp_path: Path):
    asked = task(tmp_path).model_copy(update={"approve": ("calculator",)})
    waiting = await client.start(StartSession(**asked.model_dump(exclude_unset=True)))
    call = await call_that_waits(client, waiting.id)
    with pytest.raises(Invalid, match="as many as it likes"):
        await client.raise_budget(waiting.id, tokens=10**6)
    await client.approve(waiting.id, call, arguments={"expression": "1+1"})
    *_, last = [one async for one in client.follow(waiting.id)]
    assert last.done is not None
    assert last.done.status == "completed"

    other = await client.start(StartSession(**asked.model_dump(exclude_unset=True)))
    call = await call_that_waits(client, other.id)
    with pytest.raises(NotFound):
        await client.reject(other.id, "9.9")
    assert (await client.pause(other.id, "lunch")).status == "paused"
    with pytest.raises(WrongStatus):
        await client.reconcile(other.id, call, "did_not_happen")
    assert (await client.cancel(other.id, "enough")).status == "cancelled"


async def call_that_waits(client: Client, session: UUID) -> str:
    async with aclosing(client.follow(session)) as followed:
        async for one in followed:
            if one.event is not None and one.event.type == "approval_requested":
                assert one.event.data is not None
                return str(one.event.data["call_ids"][0])
    raise AssertionError("it asked nobody")


async def test_agents_memory_and_graph_are_reached(client: Client):
    defined = await client.define("ana", DefineAgent(model="x:y"))
    assert (await client.agent("ana")).version == defined.version == 1
    with pytest.raises(RefusedThere):
        await client.define("ana", DefineAgent(model="x:z"), rests_on=7)
    episode = await client.remember("ana", RememberEpisode(content="The bridge is closed."))
    await client.store_fact("ana", StoreFact(key="a/b", value="1"))
    found = await client.search("ana", SearchMemory(query="bridge"))
    assert [item.id for item in found.items] == [str(episode.item.id)]
    await client.pin("ana", str(episode.item.id), pinned=True)
    assert [one.pinned async for one in client.episodes("ana")] == [True]
    assert [one.key async for one in client.facts("ana")] == ["a/b"]
    await client.remove_fact("ana", "a/b")
    await client.forget("ana", str(episode.item.id))
    assert [one async for one in client.episodes("ana")] == []
    for id_ in ("a", "b/c"):
        await client.put_entity("ana", PutEntity(id=id_, label="thing"))
    said = PutRelationship.model_validate({"from": "a", "to": "b/c", "kind": "likes"})
    await client.put_relationship("ana", said)
    asked = {"op": "shortest_path", "from": "a", "to": "b/c"}
    assert (await client.ask_graph("ana", asked)).version == 3
    assert [one.target for one in (await client.entity("ana", "a")).relationships] == ["b/c"]
    await client.remove_relationship("ana", "a", "likes", "b/c")
    await client.remove_entity("ana", "a")
    assert [one.id async for one in client.entities("ana")] == ["b/c"]
    assert {one.id async for one in client.agents()} == {"ana"}
    assert "calculator" in {one.name async for one in client.tools()}


async def test_what_is_refused_comes_as_the_class_that_the_runtime_raises(
    client: Client, api: Api, tmp_path: Path
):
    with pytest.raises(NotFound) as unknown:
        await client.session(uuid4())
    assert unknown.value.__notes__[0].startswith("request ")
    with pytest.raises(Invalid) as invalid:
        await client.start(StartSession(agent="ana", prompt="x", model="nobody:y"))
    assert invalid.value.field == "model"
    with pytest.raises(TokenRefused):
        await anext(client.follow_log("garbage"))
    session = await client.start(task(tmp_path))
    with pytest.raises(TokenRefused):
        await anext(client.follow(session.id, after=1000))
    await api.key("admin")
    async with open_client(api.address, key="ark_x", patience=QUICK) as stranger:
        with pytest.raises(NotLetIn):
            await stranger.agent("ana")


async def test_nobody_there_is_unavailable_after_all_attempts():
    async with open_client("http://127.0.0.1:9", patience=QUICK) as client:
        with pytest.raises(Unavailable, match="does not answer"):
            await client.agent("ana")
        with pytest.raises(Unavailable):
            await anext(client.follow(uuid4()))


async def test_a_post_whose_answer_was_lost_acts_once(api: Api, tmp_path: Path):
    lost: list[str] = []

    class Losing(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await super().handle_async_request(request)
            if request.method == "POST" and len(lost) < 2:
                lost.append(request.headers["Idempotency-Key"])
                await answer.aclose()
                raise httpx.ReadError("lost")
            return answer

    async with open_client(api.address, patience=QUICK, transport=Losing) as client:
        started = await client.start(task(tmp_path))
        await api.rest(str(started.id))
        everything = [one.id async for one in client.sessions(at_least=started.token)]
    assert len(lost) == 2
    assert everything == [started.id]


async def test_no_event_is_lost_or_doubled_however_often_connections_are_cut(api: Api):
    """`STREAM_CUTS=500` makes it long."""
    session, facts = new_session_id("speaker"), list(whole_session(CUTS + 20, 1000))
    patience = Patience(attempts=20, base_s=0.01, deadline_s=60)
    async with (
        cutting(api.address, cuts=CUTS, bytes_max=6000, seed=7) as network,
        open_client(network.address, patience=patience) as client,
        asyncio.timeout(50 + CUTS / 4),
    ):
        await append(api, session, 0, facts[:1])
        async with asyncio.TaskGroup() as group:
            one = group.create_task(ids_of(client.follow(session)))
            whole = group.create_task(ids_of(client.follow_log()))
            for version in range(1, len(facts), 4):
                await append(api, session, version, facts[version : version + 4])
    assert network.done >= CUTS
    async with open_client(api.address) as client:
        kept = [event.id async for event in client.events(session)]
    assert len(kept) == len(facts)
    assert one.result() == kept
    assert whole.result() == kept


async def append(api: Api, session: UUID, version: int, facts: Sequence[Event]) -> None:
    said = StreamAppend(session_stream(session), version, facts)
    await api.runtime.log.append("speaker", said, metadata=Metadata(actor="test"))


async def ids_of(followed: AsyncGenerator[Followed, None]) -> list[UUID]:
    """The ids of what came, until the session has ended."""
    ids = []
    async with aclosing(followed) as stream:
        async for one in stream:
            if one.event is not None:
                ids.append(one.event.id)
                if one.event.type == "session_completed":
                    break
    return ids
