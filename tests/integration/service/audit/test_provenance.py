"""Provenance over a real log: across sessions, minds and forks, in both directions."""

from eventlog.database import Database
from schema.ids import graph_stream, memory_stream, session_stream
from schema.messages.forks import ForkSession
from service.audit.forking import fork_session
from service.projecting import catch_up_all
from service.replay.provenance import Direction, Traced, trace
from service.runtime import Runtime
from service.sessions import head_of
from tests.auditing import Script, answers, calls, finish, runtime_of, session

SAYS = [
    calls("remember", '{"content": "Ana likes tea."}'),
    calls("relate", '{"from": "Ana", "kind": "likes", "to": "tea"}'),
    answers("noted"),
    calls("neighbours", '{"id": "Ana"}'),
    answers("tea"),
    answers("only tea"),
]


def types_in(traced: Traced, stream: str) -> list[str]:
    return [fact.type for fact in traced.facts if fact.stream == stream]


async def traced(runtime: Runtime, stream: str, version: int, direction: Direction) -> Traced:
    await catch_up_all(runtime.log, lambda _: None)
    return await trace(runtime.log, stream, version, direction)


async def test_an_answer_goes_back_to_the_sessions_that_wrote_what_it_was_told(
    database: Database,
):
    async with runtime_of(database, x=Script(list(SAYS))) as runtime:
        first = session_stream(await session(runtime))
        second_id = await session(runtime, prompt="What does Ana like?")
        second = session_stream(second_id)

        back = await traced(runtime, second, await head_of(runtime.log, second_id), "backward")

        assert types_in(back, memory_stream("ada")) == ["episode_recorded"]
        assert set(types_in(back, graph_stream("ada"))) == {"entity_put", "relationship_put"}
        assert set(types_in(back, first)) >= {"session_started", "tool_called"}
        assert "session_completed" not in types_in(back, first)
        assert back.complete


async def test_a_memory_leads_on_to_every_answer_that_it_was_told_for_and_to_forks(
    database: Database,
):
    async with runtime_of(database, x=Script(list(SAYS))) as runtime:
        await session(runtime)
        second_id = await session(runtime, prompt="What does Ana like?")
        lease = await fork_session(runtime, second_id, ForkSession(at=2), actor="test")
        await finish(runtime, lease)
        second, third = session_stream(second_id), session_stream(lease.session_id)

        memory = await traced(runtime, memory_stream("ada"), 1, "forward")
        graph = await traced(runtime, graph_stream("ada"), 3, "forward")

        assert "session_completed" in types_in(memory, second)
        assert types_in(memory, third) == [
            *("session_forked", "completion_received", "session_completed"),
        ]
        assert types_in(graph, second)[0] == "graph_recalled"
        assert "session_completed" in types_in(graph, second)


async def test_an_answer_that_would_be_too_long_says_so(database: Database):
    async with runtime_of(database, x=Script(list(SAYS))) as runtime:
        first_id = await session(runtime)
        await catch_up_all(runtime.log, lambda _: None)

        traced = await trace(runtime.log, session_stream(first_id), 1, "forward", nodes_max=3)

        assert (len(traced.facts), traced.complete) == (3, False)
