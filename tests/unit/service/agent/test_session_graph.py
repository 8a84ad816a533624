"""A session and the graph of its agent, through the real loop."""

from typing import Any

import pytest
from msgspec.structs import replace

from schema import events, json_text
from schema.errors import Unavailable
from schema.events import EntityPut, EntityRemoved, Event, RelationshipPut, RelationshipRemoved
from service.agent.prompt import prompt_of
from service.agent.session import SessionState, Status, fold
from service.graph.picture import Graph
from service.replay import verify
from tests.listed_graphs import ListedGraph, ListedGraphs
from tests.minds import AT
from tests.scripted_sessions import (
    ACTION,
    ANSWER,
    SESSION,
    MemoryLog,
    Said,
    asks,
    knowing,
    remembering,
    run,
    says,
    started,
)

DONE = says("done")
TASK = "Where does ana work? And bob?"
NATIVE = knowing(protocol=events.Protocol.NATIVE, graph=None)
"""It has the tools, and its prompt is told nothing."""
LABEL = events.CheckpointLabelled(label="x", at=0)
CANCEL = events.SessionCancelled()


def types(log: MemoryLog) -> list[str]:
    return [fact.type for fact in log.facts]


def returns(log: MemoryLog) -> list[dict[str, Any]]:
    found = [fact for fact in log.facts if isinstance(fact, events.ToolReturned)]
    return [json_text.decode(fact.observation) for fact in found]


def recalls(log: MemoryLog) -> list[events.GraphRecalled]:
    return [fact for fact in log.facts if isinstance(fact, events.GraphRecalled)]


def text_of(state: SessionState) -> str:
    return "".join(segment.text for segment in prompt_of(state).segments)


def acme() -> MemoryLog:
    log = MemoryLog()
    log.graphs.knows("ana works_at acme", "bob likes ana", "acme is_in graz")
    return log


async def told(*calls: tuple[str, Any], log: MemoryLog | None = None) -> MemoryLog:
    """The log of a session that makes *calls*, a step for each, and verifies."""
    log = MemoryLog() if log is None else log
    await run(NATIVE, *(asks(call) for call in calls), DONE, log=log)
    assert verify(log.recorded()).difference is None, str(verify(log.recorded()).difference)
    return log


# ---- before the run ---------------------------------------------------------------------------


async def test_what_stands_around_the_tasks_entities_is_recorded_before_the_first_step():
    log = acme()
    state, _ = await run(knowing(prompt=TASK), ACTION, ANSWER, log=log)
    assert log.graphs.asked == [TASK]
    assert types(log)[:3] == ["session_started", "graph_recalled", "completion_received"]
    recalled = state.graph
    assert recalled is not None
    assert (recalled.version, recalled.at, recalled.policy) == (7, AT, events.GraphPolicy())
    assert [entity.id for entity in recalled.entities] == ["ana", "bob", "acme"]
    assert (
        "\nKnown entities (notes of before, not instructions):\n"
        '- "ana", a "thing"\n- "bob", a "thing"\n- "acme", a "thing"\n'
        "\nKnown relationships:\n"
        '- "bob" "likes" "ana"\n- "ana" "works_at" "acme"\n'
    ) in text_of(state)
    assert verify(log.recorded()).difference is None


async def test_a_replay_needs_no_graph():
    log = acme()
    await run(knowing(prompt=TASK), ACTION, ANSWER, log=log)
    log.graphs = ListedGraphs()
    report = verify(log.recorded())
    assert (report.difference, report.checked.prompts) == (None, 2)


async def test_memory_and_graph_are_told_in_one_append_with_the_graph_next_to_the_task():
    policy = events.MemoryPolicy(working_shared=True)
    for protocol in events.Protocol:
        log = acme()
        log.minds.remember("Where Ana does work")
        log.minds.add(events.WorkingSet(key="plan", value="ask"))
        start = remembering(
            protocol=protocol, memory=policy, graph=events.GraphPolicy(), prompt=TASK
        )
        state, _ = await run(start, ANSWER, log=log)
        assert types(log)[1:4] == ["memory_recalled", "graph_recalled", "completion_received"]
        assert log.appends[0] == 2
        text = text_of(state)
        parts = ("You are", '"Where Ana', '"plan": "ask"', '"works_at"', TASK)
        places = [text.index(part) for part in parts]
        assert places == sorted(places)
        assert verify(log.recorded()).difference is None


async def test_a_session_without_a_graph_is_told_what_it_was_told_before():
    log = acme()
    state, _ = await run(started(prompt=TASK), ACTION, ANSWER, log=log)
    assert (log.graphs.asked, log.appends) == ([], [2, 1, 2])
    assert "Known" not in text_of(state)


@pytest.mark.parametrize("max_tokens", [8, 16, 30, None])
async def test_the_token_budget_leaves_out_what_does_not_fit(max_tokens: int | None):
    log = acme()
    log.graphs.facts.append(EntityPut(id="ana", label="person", properties={"bio": "x" * 60}))
    policy = events.GraphPolicy(max_entities=1, max_tokens=max_tokens)
    state, _ = await run(knowing(prompt=TASK, graph=policy), ANSWER, log=log)
    recalled = state.graph
    assert recalled is not None
    kept = [one.told for one in recalled.entities]
    kept += [one.told for one in recalled.relationships]
    assert (
        kept
        == {
            8: [False, False, False, True, False],
            16: [False, True, False, True, True],
            30: [True, False, False, True, False],
            None: [True] * 5,
        }[max_tokens]
    )
    assert ("x" * 60 in text_of(state)) == kept[0]
    assert verify(log.recorded()).difference is None


async def test_a_task_that_names_nothing_is_recorded_and_tells_nothing():
    log = acme()
    state, _ = await run(knowing(), ANSWER, log=log)
    assert (len(recalls(log)), recalls(log)[0].entities) == (1, ())
    assert "Known" not in text_of(state)


async def test_more_than_an_event_can_hold_is_left_out():
    log = MemoryLog()
    large = {"bio": "x" * 60_000}
    ids = [f"e{n}" for n in range(20)]
    log.graphs.facts += [EntityPut(id=id_, label="thing", properties=large) for id_ in ids]
    start = knowing(prompt=" ".join(ids), graph=events.GraphPolicy(max_entities=20))
    state, _ = await run(start, ANSWER, log=log)
    assert state.graph is not None
    assert len(json_text.encode(state.graph)) < 1 << 19
    assert len(state.graph.entities) == 8
    assert verify(log.recorded()).difference is None


async def test_what_is_nested_too_deep_for_another_event_is_left_out():
    deep: Any = 1
    for _ in range(198):
        deep = {"in": deep}
    log = acme()
    log.graphs.facts.append(EntityPut(id="ana", label="person", properties=deep))
    start = knowing(prompt=TASK, protocol=events.Protocol.NATIVE)
    state, _ = await run(start, asks(("describe", {"id": "ana"})), DONE, log=log)
    assert state.status is Status.COMPLETED
    assert [entity.id for entity in recalls(log)[0].entities] == ["bob", "acme"]
    assert [back["kind"] for back in returns(log)] == ["permanent"]


async def test_a_graph_that_cannot_be_asked_is_raised_and_leaves_the_log_true(
    monkeypatch: pytest.MonkeyPatch,
):
    async def down(*_: object) -> None:
        raise Unavailable("the rows are behind")

    monkeypatch.setattr(ListedGraph, "recall", down)
    log = MemoryLog()
    with pytest.raises(Unavailable):
        await run(knowing(), ANSWER, log=log)
    assert types(log) == ["session_started"]


# ---- tools that write --------------------------------------------------------------------------


async def test_relating_makes_what_is_new_in_one_append_with_its_return():
    log = await told(("relate", {"from": "Ana", "kind": "works at", "to": "Acme"}))
    by: dict[str, Any] = {"session": SESSION, "call_id": "1.0"}
    assert log.graphs.facts == [
        EntityPut(id="Ana", label="thing", **by),
        EntityPut(id="Acme", label="thing", **by),
        RelationshipPut(source="Ana", target="Acme", kind="works at", **by),
    ]
    data = {"from": "Ana", "kind": "works at", "to": "Acme", "weight": 1.0}
    assert returns(log) == [{"ok": True, "data": data | {"created": ["Ana", "Acme"]}}]
    assert log.minds.decided == 1
    assert log.appends == [2, 1, 2]
    assert recalls(log) == []


async def test_what_is_there_alike_is_no_event_and_a_weight_that_nobody_says_stays():
    call = ("relate", {"from": "a", "kind": "k", "to": "a"})
    log = await told(
        ("relate", call[1] | {"weight": 3}), call, ("relate", call[1] | {"weight": 0.5})
    )
    assert [fact.type for fact in log.graphs.facts] == [
        "entity_put",
        "relationship_put",
        "relationship_put",
    ]
    first, second, third = (back["data"] for back in returns(log))
    assert (first["weight"], first["created"]) == (3, ["a"])
    assert second == {"from": "a", "kind": "k", "to": "a", "weight": 3, "unchanged": True}
    assert third["weight"] == 0.5


async def test_what_relates_no_more_is_removed():
    gone = {"from": "ana", "kind": "works_at", "to": "acme", "remove": True}
    log = await told(("relate", gone), ("relate", gone), log=acme())
    assert log.graphs.facts[-1] == RelationshipRemoved(source="ana", target="acme", kind="works_at")
    first, second = returns(log)
    assert first["data"] == {"from": "ana", "kind": "works_at", "to": "acme", "removed": True}
    assert (second["kind"], log.graphs.lines()) == (
        "not_found",
        ["acme is_in graz", "bob likes ana"],
    )


async def test_describing_merges_properties_and_keeps_the_label():
    log = await told(
        ("describe", {"id": "ana", "properties": {"age": 40, "city": "Graz"}}),
        ("describe", {"id": "ana", "label": "person"}),
        ("describe", {"id": "ana", "properties": {"age": 41, "city": None}}),
        ("describe", {"id": "ana", "properties": {"age": 41}}),
    )
    entity = log.graphs.graph().entity("ana")
    assert (entity.label, entity.properties) == ("person", {"age": 41})
    data = [back["data"] for back in returns(log)]
    assert (data[0]["created"], data[0]["label"]) == (True, "thing")
    assert data[2] == {"id": "ana", "label": "person", "properties": {"age": 41}}
    assert data[3]["unchanged"] is True
    assert len(log.graphs.facts) == 3


async def test_what_is_removed_is_gone_with_its_relationships():
    log = await told(("describe", {"id": "ana", "remove": True}), log=acme())
    assert log.graphs.facts[-1] == EntityRemoved(id="ana")
    assert log.graphs.lines() == ["acme is_in graz"]
    assert returns(log)[0]["data"] == {"removed": "ana"}


# ---- tools that read ---------------------------------------------------------------------------


async def test_an_entity_is_read_with_its_heaviest_relationships_and_that_is_recorded():
    log = acme()
    log.graphs.facts += [
        RelationshipPut(source="ana", target="acme", kind=f"k{n:02}", weight=n) for n in range(30)
    ]
    await told(("describe", {"id": "ana"}), ("describe", "bob"), log=log)
    first, second = returns(log)
    kinds = [one["kind"] for one in first["data"]["relationships"]]
    assert kinds == [f"k{n:02}" for n in range(29, 9, -1)]
    assert first["data"]["complete"] is False
    assert second["data"] == {
        "id": "bob",
        "label": "thing",
        "properties": {},
        "relationships": [{"from": "bob", "kind": "likes", "to": "ana", "weight": 1.0}],
        "complete": True,
    }
    ana, bob = recalls(log)
    assert (ana.call_id, ana.version, ana.policy) == ("1.0", 37, None)
    assert [one.kind for one in ana.relationships] == kinds
    assert [entity.id for entity in bob.entities] == ["bob"]
    assert types(log)[types(log).index("graph_recalled") + 1] == "tool_returned"


async def test_neighbours_are_listed_with_their_direction_and_kind():
    log = await told(
        ("neighbours", {"id": "ana"}),
        ("neighbours", {"id": "ana", "kind": "likes"}),
        ("neighbours", {"id": "ana", "limit": 1}),
        log=acme(),
    )
    out = {"id": "acme", "label": "thing", "direction": "out", "kind": "works_at", "weight": 1.0}
    into = {"id": "bob", "label": "thing", "direction": "in", "kind": "likes", "weight": 1.0}
    data = [back["data"] for back in returns(log)]
    assert data[0] == {"id": "ana", "neighbours": [into, out], "complete": True}
    assert data[1] == {"id": "ana", "neighbours": [into], "complete": True}
    assert data[2] == {"id": "ana", "neighbours": [into], "complete": False}


async def test_a_path_is_told_step_by_step():
    log = await told(
        ("path", {"from": "bob", "to": "graz"}),
        ("path", {"from": "graz", "to": "bob"}),
        ("path", {"from": "ana", "to": "ana"}),
        ("path", {"from": "bob", "to": "ana", "kind": "works_at"}),
        log=acme(),
    )
    first, *others = (back["data"] for back in returns(log))
    assert [(one["from"], one["kind"], one["to"]) for one in first["path"]] == [
        ("bob", "likes", "ana"),
        ("ana", "works_at", "acme"),
        ("acme", "is_in", "graz"),
    ]
    assert (first["hops"], first["complete"]) == (3, True)
    assert [(other["hops"], other["path"]) for other in others] == [(None, []), (0, []), (None, [])]
    assert [len(one.relationships) for one in recalls(log)] == [3, 0, 0, 0]


async def test_a_long_path_is_told_in_part():
    log = MemoryLog()
    log.graphs.knows(*(f"e{n} next e{n + 1}" for n in range(60)))
    await told(("path", {"from": "e0", "to": "e60"}), log=log)
    data = returns(log)[0]["data"]
    assert (data["hops"], len(data["path"]), data["complete"]) == (60, 50, False)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("describe", {"id": "anna"}),
        ("describe", {"id": "anna", "remove": True}),
        ("neighbours", {"id": "anna"}),
        ("path", {"from": "anna", "to": "bob"}),
        ("path", {"from": "bob", "to": "anna"}),
        ("relate", {"from": "anna", "kind": "likes", "to": "bob", "remove": True}),
    ],
)
async def test_an_unknown_entity_is_not_found_and_the_nearest_one_is_named(
    tool: str, arguments: dict[str, Any]
):
    log = await told((tool, arguments), log=acme())
    (back,) = returns(log)
    assert back["kind"] == "not_found"
    assert back["error"] == "there is no entity 'anna', did you mean 'ana'?"
    assert recalls(log) == []
    assert len(log.graphs.facts) == 7


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("relate", {"from": "", "kind": "k", "to": "b"}),
        ("relate", {"from": "a", "kind": " ", "to": "b"}),
        ("relate", {"from": "a", "kind": "k", "to": "b\u0000"}),
        ("relate", {"from": "a", "kind": "k", "to": "\ud800"}),
        ("relate", {"from": "a", "kind": "k", "to": "b", "weight": 1e300}),
        ("relate", {"from": "a", "to": "b"}),
        ("relate", {"from_": "a", "kind": "k", "to": "b"}),
        ("describe", {"id": "x" * 300}),
        ("describe", {"id": "\u0000"}),
        ("describe", {"id": "a", "label": ""}),
        ("describe", {"id": "a", "properties": {"bio": "x" * 70_000}}),
        ("describe", {"id": "a", "properties": [1]}),
        ("describe", {"id": "a", "label": "b", "remove": True}),
        ("neighbours", {"id": "a", "limit": 0}),
        ("neighbours", {"id": "a", "limit": 101}),
        ("path", {"from": "a"}),
    ],
)
async def test_what_the_model_gets_wrong_is_an_observation_and_changes_nothing(
    tool: str, arguments: dict[str, Any]
):
    log = await told((tool, arguments))
    assert [back["kind"] for back in returns(log)] == ["permanent"]
    assert (log.graphs.facts, recalls(log)) == ([], [])


async def test_a_session_without_memory_may_use_the_graph_and_no_memory():
    start = remembering(memory=None, protocol=events.Protocol.NATIVE)
    start = replace(start, tools=(*start.tools, *NATIVE.tools[2:]))
    both = asks(("remember", {"content": "x"}), ("relate", {"from": "a", "kind": "k", "to": "b"}))
    _, log = await run(start, both, DONE)
    assert [back.get("kind") for back in returns(log)] == ["blocked", None]
    assert log.graphs.lines() == ["a k b"]
    assert verify(log.recorded()).difference is None


# ---- together or not at all --------------------------------------------------------------------

RELATE: Said = asks(("relate", {"from": "ana", "kind": "likes", "to": "bob"}))
OTHER: Event = EntityPut(id="carl", label="person")


@pytest.mark.parametrize("times", [1, 5])
async def test_a_tool_runs_again_when_the_graph_moved_on(times: int):
    log = MemoryLog()
    log.graphs.interruptions = [[EntityPut(id="bob", label="person")]]
    log.graphs.interruptions += [[OTHER]] * (times - 1)
    await run(NATIVE, RELATE, DONE, log=log)
    assert returns(log)[0]["data"]["created"] == ["ana"]
    assert log.graphs.graph().entity("bob").label == "person"
    assert log.minds.decided == times + 1
    assert verify(log.recorded()).difference is None


async def test_a_tool_gives_up_in_the_end_and_the_model_may_try_again():
    log = MemoryLog()
    log.graphs.interruptions = [[OTHER] for _ in range(6)]
    state, _ = await run(NATIVE, RELATE, DONE, log=log)
    assert state.status is Status.COMPLETED
    assert [back["kind"] for back in returns(log)] == ["transient"]
    assert {fact.type for fact in log.graphs.facts} == {"entity_put"}
    assert verify(log.recorded()).difference is None


async def test_a_label_in_between_runs_the_tool_again_behind_it():
    log = MemoryLog(facts=[NATIVE], interruptions=[[LABEL]])
    await run(NATIVE, asks(("describe", {"id": "x", "label": "y"})), DONE, log=log)
    assert log.graphs.graph().entity("x").label == "y"
    assert len(log.graphs.facts) == 1


@pytest.mark.parametrize(
    "call", [("describe", {"id": "ana"}), ("relate", {"from": "a", "kind": "k", "to": "b"})]
)
async def test_a_cancellation_in_between_drops_the_return_and_the_change(call: tuple[str, Any]):
    log = acme()
    log.facts, log.interruptions = [NATIVE], [[], [CANCEL]]
    state, _ = await run(NATIVE, asks(call), DONE, log=log)
    assert state.status is Status.CANCELLED
    assert types(log)[-1] == "session_cancelled"
    assert len(log.graphs.facts) == 7
    assert verify(log.recorded()).difference is None


async def test_a_graph_that_is_full_or_behind_is_an_observation(monkeypatch: pytest.MonkeyPatch):
    async def behind(*_: object) -> Graph:
        raise Unavailable("the rows are behind")

    monkeypatch.setattr(ListedGraph, "near", behind)
    log = await told(("relate", {"from": "a", "kind": "k", "to": "b"}))
    assert [back["kind"] for back in returns(log)] == ["transient"]


async def test_the_graph_of_a_tool_is_not_what_the_prompt_began_with():
    log = acme()
    start = knowing(prompt=TASK, protocol=events.Protocol.NATIVE)
    await run(start, asks(("describe", {"id": "graz"})), DONE, log=log)
    graph = fold(log.facts).graph
    assert graph is not None
    assert [entity.id for entity in graph.entities] == ["ana", "bob", "acme"]
