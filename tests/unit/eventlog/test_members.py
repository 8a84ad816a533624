"""What the log takes from a caller, and what it refuses before it meets anybody else's."""

import math
from typing import Any

import pytest

from eventlog.members import EVENT_BYTES_MAX, EVENTS_MAX, StreamAppend, prepare
from schema.envelope import AT_HEAD, Metadata
from schema.errors import Invalid, NotFinite, PayloadTooLarge
from schema.events import SessionCancelled, ToolCalled
from schema.ids import is_stream_of, new_session_id, session_stream, uuid7

MINE = session_stream(new_session_id("a"))
CANCELLED = SessionCancelled(reason="enough")


def called(arguments: Any) -> ToolCalled:
    return ToolCalled(call_id="1.0", tool="echo", arguments=arguments)


async def test_an_append_is_counted_and_encoded():
    member = prepare("a", [StreamAppend(MINE, 0, [CANCELLED] * 2)], Metadata(actor="cli"))
    assert (member.events, member.metadata) == (2, '{"actor":"cli"}')
    assert [event[1:] for event in member.parts[0].events] == [
        ("session_cancelled", 1, '{"reason":"enough"}')
    ] * 2


@pytest.mark.parametrize(
    ("appends", "words"),
    [
        ([StreamAppend("memory-b", 0, [CANCELLED])], "no stream of agent 'a'"),
        ([StreamAppend(session_stream(new_session_id("b")), 0, [CANCELLED])], "no stream of"),
        ([StreamAppend("memory-a~\udc80", 0, [CANCELLED])], "no stream of agent"),
        ([StreamAppend("notes-a", 0, [CANCELLED])], "no stream of agent"),
        ([], "1 to 1000 events"),
        ([StreamAppend("memory-a", 0, [CANCELLED] * (EVENTS_MAX + 1))], "1 to 1000 events"),
        ([StreamAppend("memory-a", 0, [])], "one each"),
        ([StreamAppend("memory-a", 0, [CANCELLED], [uuid7(), uuid7()])], "one each"),
        ([StreamAppend("memory-a", -2, [CANCELLED])], "no version"),
        ([StreamAppend(MINE, AT_HEAD, [CANCELLED])], "rests on a version"),
        ([StreamAppend("memory-a", 0, [CANCELLED])] * 2, "once"),
    ],
)
async def test_a_misshapen_append_is_refused_in_words(appends: list[StreamAppend], words: str):
    with pytest.raises(Invalid, match=words):
        prepare("a", appends, Metadata())


async def test_an_event_may_be_as_large_as_the_limit_and_no_larger():
    empty = len(
        prepare("a", [StreamAppend("memory-a", 0, [called("")])], Metadata()).parts[0].events[0][3]
    )
    fits = "é" * ((EVENT_BYTES_MAX - empty) // 2)
    prepare("a", [StreamAppend("memory-a", 0, [called(fits)])], Metadata())
    with pytest.raises(PayloadTooLarge, match=r"tool_called has .* store the large part elsewhere"):
        prepare("a", [StreamAppend("memory-a", 0, [called(fits + "é")])], Metadata())


async def test_metadata_stay_small():
    with pytest.raises(PayloadTooLarge, match="metadata"):
        prepare("a", [StreamAppend("memory-a", 0, [CANCELLED])], Metadata(actor="x" * 5_000))


async def test_a_number_that_is_not_finite_is_refused_by_its_place():
    with pytest.raises(NotFinite, match=r"data\.arguments\.x"):
        prepare("a", [StreamAppend("memory-a", 0, [called({"x": math.inf})])], Metadata())


async def test_an_append_is_bounded_in_bytes_as_a_whole():
    large = [called("x" * 900_000)] * 19
    with pytest.raises(PayloadTooLarge, match="make it two"):
        prepare("a", [StreamAppend("memory-a", 0, large)], Metadata())


@pytest.mark.parametrize("name", ["agent-a", "memory-a", "graph-a~try-2"])
def test_an_agent_has_its_own_streams_and_branches(name: str):
    assert is_stream_of("a", name)
    assert not is_stream_of("b", name)
