"""A session for people to read, as it stood at one of its versions."""

from collections.abc import Sequence
from datetime import UTC, datetime
from io import StringIO
from uuid import uuid4

import pytest
from rich.console import Console

from schema.envelope import Metadata, RecordedEvent
from schema.errors import Invalid
from schema.events import CompletionReceived, Event, SessionCompleted, SessionStarted
from service.agent.rules import LATEST
from service.cli.show import place, print_session
from service.replay.states import state_at

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STORY: Sequence[Event] = (
    SessionStarted(agent_id="a-1", prompt="What is it?", model="m", rules=LATEST, salt="00" * 16),
    CompletionReceived(step=1, text="FINAL_ANSWER: x", model="m", prompt_digest="0" * 64),
    SessionCompleted(answer="x"),
)


def shown(at: int) -> str:
    facts = [
        RecordedEvent(
            0, n, "a-1", "session-x", n, uuid4(), event.type, 1, event, Metadata(actor="x"), MOMENT
        )
        for n, event in enumerate(STORY, start=1)
    ]
    out = StringIO()
    print_session(Console(file=out), facts, state_at(facts, at))
    return out.getvalue()


def test_a_past_version_is_told_with_its_place_and_its_time():
    local = MOMENT.astimezone().strftime("%Y-%m-%d %H:%M:%S")

    assert f"running at version 2 (of 3; completed since), {local}\n" in shown(2)
    assert "after 1 step\n" in shown(2)


def test_the_newest_version_is_told_as_it_stands():
    assert "status       completed" in shown(3)
    assert "at version" not in shown(3)


def test_the_answer_comes_before_the_prompt():
    said = shown(3)

    assert said.index("\nanswer") < said.index("prompt as sent") < said.index("[user]")


def test_before_its_first_event_a_session_is_nothing():
    assert "nothing yet" in shown(0)


def test_a_place_is_a_version_or_a_label():
    assert (place(None), place("0"), place("7"), place("draft")) == (None, 0, 7, "draft")
    with pytest.raises(Invalid, match="a version is 0 or more"):
        place("-1")
