"""Forks over a real log: they share their parent's past, and leave everything else alone."""

from uuid import UUID

import pytest

from eventlog.database import Database
from schema import events, json_text
from schema.errors import Invalid, NotFound
from schema.ids import uuid7
from schema.messages.forks import ForkSession
from schema.messages.memory import RememberEpisode
from service.agent.session import Status
from service.audit.forking import fork_session
from service.memory.memory import Memory
from service.mind.writing import Author
from service.projecting import catch_up_all
from service.replay.past import Past, read_past, verified
from service.runtime import Runtime
from service.sessions import list_sessions, read_session
from tests.auditing import Script, answers, calls, finish, runtime_of, session
from tests.memory_erasing import ERASE

SUM = calls("calculator", '{"expression": "17*23"}')
TEA = calls("remember", '{"content": "Ana likes tea."}')
ME = Author(actor="test")


async def count(runtime: Runtime) -> int:
    async with runtime.log.database.acquire() as conn:
        return int(await conn.fetchval("select count(*) from eventlog.events"))


async def is_true(runtime: Runtime, session_id: UUID) -> bool:
    past = await read_past(runtime.log, session_id)
    assert isinstance(past, Past)
    return verified(past, len(past.facts)).difference is None


async def remember(memory: Memory, content: str) -> None:
    await memory.remember("ada", RememberEpisode(content=content), ME)


async def test_a_fork_shares_its_past_and_goes_its_own_way(database: Database):
    parent, other = Script([SUM, answers("391")]), Script([answers("about 400")])
    async with runtime_of(database, x=parent, y=other) as runtime:
        first = await session(runtime)
        before = await read_session(runtime.log, first)
        at = next(f.version for f in before if isinstance(f.event, events.ToolReturned))
        command = ForkSession(at=at, model="fake:y", system_prompt="Be brief.", reason="to see")
        lease = await fork_session(runtime, first, command, actor="test")
        state = await finish(runtime, lease)
        facts = await read_session(runtime.log, lease.session_id)

        assert (state.status, state.answer) == (Status.COMPLETED, "about 400")
        assert facts[:at] == before[:at]
        assert [fact.version for fact in facts] == list(range(1, len(facts) + 1))
        assert other.asked[0].segments[0].text.startswith("Be brief.")
        assert await read_session(runtime.log, first) == before
        assert await is_true(runtime, first)
        assert await is_true(runtime, lease.session_id)


async def test_a_fork_is_one_event_however_long_its_parent_is(database: Database):
    steps = 12
    script = Script([SUM] * steps + [answers("391")])
    async with runtime_of(database, x=script) as runtime:
        first = await session(runtime, limits={"max_iterations": steps + 1})
        rows = []
        for at in (1, 10, 30):
            before = await count(runtime)
            await fork_session(runtime, first, ForkSession(at=at), actor="test")
            rows.append(await count(runtime) - before)

    assert rows == [1, 1, 1]


async def test_a_fork_of_a_fork_and_its_row_name_where_they_come_from(database: Database):
    script = Script([SUM, answers("391"), SUM, SUM, answers("1"), answers("2")])
    async with runtime_of(database, x=script) as runtime:
        first = await session(runtime, prompt="What is it?")
        second = await fork_session(runtime, first, ForkSession(at=5), actor="test")
        await finish(runtime, second)
        third = await fork_session(runtime, second.session_id, ForkSession(at=8), actor="test")
        await finish(runtime, third)
        await catch_up_all(runtime.log, lambda _: None)
        newest, *_ = await list_sessions(runtime.log, 1)
        async with runtime.log.database.acquire() as conn:
            row = await conn.fetchrow(
                "select parent, forked_at, origin from readmodel.sessions where id = $1",
                third.session_id,
            )

        assert (newest.id, newest.prompt, newest.model) == (
            third.session_id,
            "What is it?",
            "fake:x",
        )
        assert newest.status == "completed"
        assert row is not None
        assert tuple(row) == (second.session_id, 8, first)
        assert await is_true(runtime, third.session_id)


async def test_a_fork_reads_the_mind_as_it_was_and_leaves_it_as_it_is(database: Database):
    reads, writes = calls("recall", '{"query": "Ana likes"}'), TEA
    script = Script([SUM, answers("391"), reads, writes, answers("x")])
    async with runtime_of(database, x=script) as runtime:
        await remember(runtime.memory, "Ana likes coffee.")
        first = await session(runtime, prompt="What does Ana like?")
        held = len((await runtime.memory.holdings("ada")).episodes)
        lease = await fork_session(runtime, first, ForkSession(at=4), actor="test")
        await remember(runtime.memory, "Ana likes milk.")
        touched = (await runtime.memory.holdings("ada")).touched
        await finish(runtime, lease)
        facts = await read_session(runtime.log, lease.session_id)
        after = await runtime.memory.holdings("ada")

        recalled = [f.event for f in facts if isinstance(f.event, events.MemoryRecalled)][-1]
        backs = [f.event for f in facts if isinstance(f.event, events.ToolReturned)]
        assert [item.content for item in recalled.items] == ["Ana likes coffee."]
        assert (backs[-1].ok, backs[-1].kind) == (False, "blocked")
        assert (len(after.episodes), after.touched) == (held + 1, touched)
        assert await is_true(runtime, lease.session_id)


async def test_an_erased_task_is_gone_from_the_rows_of_forks_too(database: Database):
    async with runtime_of(database, x=Script([answers("391")])) as runtime:
        first = await session(runtime, prompt="A secret.")
        await fork_session(runtime, first, ForkSession(at=2), actor="test")
        stream = f"session-{first}"
        fact = events.EventsErased(versions=(1,), reason="asked for")

        owner = await database.connect_as_owner()
        await owner.execute(
            ERASE,
            *(runtime.log.partition_of(stream), "ada", stream, [1], uuid7(), 1, "{}"),
            *(json_text.encode(fact), b"0" * 16),
        )
        await owner.close()
        await catch_up_all(runtime.log, lambda _: None)

        assert [row.prompt for row in await list_sessions(runtime.log, 5)] == [None, None]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"at": 99}, NotFound),
        ({"at": "nowhere"}, NotFound),
        ({"at": 2, "tools": ("teleport",)}, Invalid),
        ({"at": 2, "model": "nobody:x"}, Invalid),
        ({"at": 2, "protocol": "native"}, Invalid),
        ({"at": 2, "approve": ("pay",)}, Invalid),
    ],
)
async def test_what_cannot_be_forked_is_refused_and_leaves_nothing(
    postgres: object, database: Database, said: dict[str, object], error: type[Exception]
):
    async with runtime_of(database, x=Script([answers("391")])) as runtime:
        first = await session(runtime)
        before = await count(runtime)

        with pytest.raises(error):
            await fork_session(runtime, first, ForkSession.model_validate(said), actor="test")

        assert await count(runtime) == before
