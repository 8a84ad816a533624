"""The states that a session went through."""

import pytest

from schema import events
from schema.envelope import RecordedEvent
from schema.errors import NotFound
from service.agent.session import SessionState, Status
from service.replay import state_at, states
from tests.scripted_sessions import ACTION, ANSWER, recorded, run, started


async def facts() -> list[RecordedEvent]:
    _, log = await run(started(), ACTION, ANSWER)
    label = [events.CheckpointLabelled(label="called", at=at) for at in (2, 3)]
    return recorded([*log.facts, *label])


async def test_there_is_a_state_for_every_event():
    seen = list(states(await facts()))
    assert [state.version for state in seen] == list(range(1, 9))
    assert seen[-1].status is Status.COMPLETED


async def test_a_version_a_label_and_now_name_a_state():
    past = await facts()
    seen = list(states(past))
    assert state_at(past, 4) == seen[3]
    assert state_at(past, "called") == seen[2], "the newest label of a name counts"
    assert state_at(past) == seen[-1]
    assert state_at(past, 0) == SessionState()


@pytest.mark.parametrize("at", [9, -1, "nowhere"])
async def test_a_place_that_is_none_is_refused(at: int | str):
    with pytest.raises(NotFound):
        state_at(await facts(), at)
