"""Sessions and the graph of their agent, over a real log: one append, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pytest

from eventlog.database import Database
from eventlog.log import EventLog
from eventlog.members import StreamAppend
from schema import events, json_text
from schema.completions import Completion, CompletionRequest
from schema.envelope import Metadata, RecordedEvent
from schema.ids import new_session_id, session_stream
from service.agent import loop
from service.agent.session import SessionState, Status, fold
from service.agent.tools import ToolRegistry, graph_tools
from service.effects import SessionEffects, Unwatched
from service.guarded import RULES, Guards
from service.metrics import Metrics
from service.orchestrator.breaker import LocalBreakers
from service.replay import verify
from tests.graphs import Process, entity, process, relationship
from tests.leasing import lease_of
from tests.minds import ListedMinds
from tests.scripted_sessions import ScriptedModel, asks, knowing, says

DONE = says("done")
TASK = "Where does Ana work, and what of the old mill?"


@dataclass
class Model:
    """A provider that says what its script says."""

    script: ScriptedModel
    native_tools: bool = True

    async def complete(
        self, request: CompletionRequest, _on_delta: Callable[[str], None]
    ) -> Completion:
        return await self.script.think(request)


@pytest.fixture
async def here(database: Database) -> AsyncIterator[Process]:
    async with process(database) as opened:
        yield opened


async def run(
    here: Process, *said: Completion, graph: events.GraphPolicy | None = None
) -> tuple[SessionState, list[RecordedEvent]]:
    """A session of ada that is run to its end; its facts verify."""
    session_id = new_session_id("ada")
    stream = session_stream(session_id)
    start = knowing(protocol=events.Protocol.NATIVE, prompt=TASK, graph=graph)
    append = StreamAppend(stream, 0, (start,), epoch=1)
    await here.log.append("ada", append, metadata=Metadata())
    (first,) = await read(here.log, stream)
    model = Model(ScriptedModel([*said, DONE]))
    effects = SessionEffects(
        session_id=session_id,
        agent_id="ada",
        lease=lease_of(session_id, "ada"),
        tool_timeout_s=30,
        observation_bytes_max=65_536,
        log=here.log,
        guards=Guards(LocalBreakers(), RULES),
        provider_of=lambda _: model,
        tools=ToolRegistry(graph_tools()),
        metrics=Metrics(),
        watcher=Unwatched(),
        minds=ListedMinds(),
        graphs=here.graphs,
        started=first,
        called={},
    )
    state = await loop.run(fold([first.event]), effects.as_effects(), calls_at_once=4)
    facts = await read(here.log, stream)
    difference = verify(facts).difference
    assert difference is None, str(difference)
    return state, facts


async def read(log: EventLog, stream: str) -> list[RecordedEvent]:
    async with aclosing(log.read_stream(stream)) as blocks:
        return [fact async for block in blocks for fact in block]


def returns(facts: list[RecordedEvent]) -> list[dict[str, Any]]:
    found = [fact.event for fact in facts if isinstance(fact.event, events.ToolReturned)]
    return [json_text.decode(event.observation) for event in found]


def call(tool: str, **arguments: Any) -> Completion:
    return asks((tool, arguments))


async def test_what_tools_write_is_read_by_tools_and_told_to_the_next_session(here: Process):
    _, facts = await run(
        here,
        call("relate", **{"from": "Ana", "kind": "works at", "to": "The old mill"}),
        call("describe", id="Ana", label="person", properties={"age": 40}),
        call("relate", **{"from": "The old mill", "kind": "is in", "to": "Graz", "weight": 2}),
        call("describe", id="Ana"),
        call("neighbours", id="The old mill", kind="is in"),
        call("path", **{"from": "Ana", "to": "Graz"}),
        call("describe", id="ana"),
    )
    data: list[Any] = [back.get("data") for back in returns(facts)]
    works = {"from": "Ana", "kind": "works at", "to": "The old mill", "weight": 1.0}
    assert data[0] == works | {"created": ["Ana", "The old mill"]}
    assert data[3] == {
        "id": "Ana",
        "label": "person",
        "properties": {"age": 40},
        "relationships": [works],
        "complete": True,
    }
    assert [one["id"] for one in data[4]["neighbours"]] == ["Graz"]
    assert data[5]["hops"] == 2
    assert returns(facts)[6] == {
        "ok": False,
        "error": "there is no entity 'ana', did you mean 'Ana'?",
        "kind": "not_found",
    }
    state, _ = await run(here, graph=events.GraphPolicy(max_entities=2))
    assert state.graph is not None
    assert [one.id for one in state.graph.entities] == ["Ana", "The old mill", "Graz"]
    assert [one.kind for one in state.graph.relationships] == ["works at", "is in"]
    assert state.graph.version == 6


async def test_a_graph_that_holds_nothing_yet_is_told_and_asked_like_any_other(here: Process):
    state, facts = await run(
        here, call("neighbours", id="Ana"), graph=events.GraphPolicy(max_tokens=None)
    )
    assert state.status is Status.COMPLETED
    assert state.graph is not None
    assert (state.graph.version, state.graph.entities) == (0, ())
    assert [back["kind"] for back in returns(facts)] == ["not_found"]


async def test_sessions_side_by_side_lose_nothing(database: Database):
    """Two processes, six sessions, each relating a new entity to one that all of them need."""
    async with process(database) as one, process(database) as other:
        hub = [call("relate", **{"from": f"e{n}", "kind": "knows", "to": "hub"}) for n in range(6)]
        ran = await asyncio.gather(
            *(run(here, said) for here, said in zip([one, other] * 3, hub, strict=True))
        )
        graph = await one.folded("ada")
        facts = await one.facts("ada")
    told = [returns(facts)[0] for _, facts in ran]
    assert all(back["ok"] for back in told), told
    assert graph.relationships == 6
    created = [id_ for back in told for id_ in back["data"]["created"]]
    assert sorted(created) == ["e0", "e1", "e2", "e3", "e4", "e5", "hub"]
    assert len(facts) == 13


async def test_what_a_session_was_told_stays_as_it_was_when_the_graph_moves_on(here: Process):
    await here.put("ada", entity("Ana", "person"), relationship("Ana", "Ana", "is"))
    state, facts = await run(here, graph=events.GraphPolicy())
    await here.put("ada", entity("Ana", "robot"))
    assert state.graph is not None
    assert [one.label for one in state.graph.entities] == ["person"]
    again = fold([fact.event for fact in facts])
    assert again.graph == state.graph
    known = await here.graphs.entity("ada", "Ana", as_of=state.graph.version)
    assert known.entity.label == "person"
