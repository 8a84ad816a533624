"""What tells two sessions apart."""

import asyncio

from schema import events
from service.replay.causes import Cause, Causes
from service.replay.diff import Comparison, compare
from tests.scripted_sessions import (
    ACTION,
    ANSWER,
    MemoryLog,
    Said,
    recorded,
    remembering,
    run,
    says,
)


def told(*script: Said, start: events.SessionStarted | None = None) -> list[events.Event]:
    async def session() -> list[events.Event]:
        log = MemoryLog()
        log.minds.remember("It is 391.")
        await run(remembering() if start is None else start, *script, log=log)
        return log.facts

    return asyncio.run(session())


def compared(left: list[events.Event], right: list[events.Event]) -> Comparison:
    return compare(recorded(left), recorded(right))


def test_a_session_is_like_itself_whatever_time_it_took():
    once, again = told(ACTION, ANSWER), told(ACTION, ANSWER)

    comparison = compared(once, again)

    assert (comparison.is_alike, comparison.parts_at, comparison.began) == (True, None, ())
    assert comparison.left.usage.input_tokens == 14


def test_sessions_part_where_the_first_step_differs():
    other = says('Thought: hm\nAction: calculator {"expression":"1"}\n')

    comparison = compared(told(ACTION, ACTION, ANSWER), told(ACTION, other, ANSWER))

    assert comparison.parts_at is not None
    assert (comparison.parts_at.step, comparison.parts_at.differs) == (2, ("thought", "action"))
    assert not comparison.is_alike


def test_a_step_on_one_side_alone_is_missing_on_the_other():
    comparison = compared(told(ACTION, ANSWER), told(ANSWER))

    assert [aligned.differs for aligned in comparison.steps] == [
        ("thought", "action", "observation"),
        ("missing",),
    ]


def test_another_beginning_is_named_by_its_field():
    brief = remembering(system_prompt="Be brief.", memory=None)

    comparison = compared(told(ANSWER), told(ANSWER, start=brief))

    names = {changed.name for changed in comparison.began}
    assert names == {"system_prompt", "memory", "recalled"}


def test_each_event_is_led_to_by_what_it_was_made_of():
    facts = recorded(told(ACTION, ANSWER))
    types = {fact.version: fact.type for fact in facts}

    causes = Causes(facts).of

    assert [types[n] for n in range(1, 8)] == [
        *("session_started", "memory_recalled", "completion_received", "tool_called"),
        *("tool_returned", "completion_received", "session_completed"),
    ]
    assert causes[3] == [Cause(1, "the task"), Cause(2, "told of memory")]
    assert causes[6] == [Cause(3, "the model's words"), Cause(5, "an observation")]
    assert causes[7] == [Cause(6, "the model's words")]
