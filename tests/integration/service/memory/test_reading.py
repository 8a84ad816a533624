"""What is seen of a memory by who looks from outside."""

from eventlog.database import Database
from eventlog.members import StreamAppend
from schema import events
from schema.envelope import Metadata
from schema.ids import new_session_id, session_stream
from schema.messages.memory import SearchMemory
from tests.memories import process

STARTED = events.SessionStarted(agent_id="a-1", prompt="Go.", model="fake:x", salt="0" * 32)


async def test_what_scores_too_little_is_left_out(database: Database):
    async with process(database) as one:
        for content in ("The door is red.", "The cat sleeps."):
            await one.remember("a-1", content)
        all_of = (await one.memory.search("a-1", SearchMemory(query="red door"))).items
        best = (
            await one.memory.search(
                "a-1", SearchMemory(query="red door", min_score=all_of[0].score)
            )
        ).items
        none = await one.memory.search(
            "a-1", SearchMemory(query="red door", min_score=all_of[0].score + 1e-6)
        )

    assert [item.content for item in best] == ["The door is red."]
    assert none.items == ()


async def test_a_step_of_a_session_also_shows_the_notes_that_were_its_own(database: Database):
    session = new_session_id("a-1")
    note = events.WorkingSet(key="plan", value="ask Bob")
    async with process(database) as one:
        await one.remember("a-1", "The door is red.")
        await one.log.append(
            "a-1", StreamAppend(session_stream(session), 0, (STARTED, note)), metadata=Metadata()
        )
        removed = events.WorkingRemoved(key="plan")
        await one.log.append(
            "a-1", StreamAppend(session_stream(session), 2, (removed,)), metadata=Metadata()
        )
        seen = {
            version: (await one.memory.look("a-1", f"{session}@{version}", 10)).notes
            for version in (1, 2, 3)
        }
        assert (await one.memory.look("a-1", None, 10)).notes == ()

    assert seen == {1: (), 2: (events.WorkingEntry(key="plan", value="ask Bob"),), 3: ()}
