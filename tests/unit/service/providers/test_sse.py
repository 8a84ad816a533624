"""Events out of bytes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import ProviderUnavailable
from service.providers.sse import EVENT_BYTES_MAX, LINE_BYTES_MAX, SentEvent, SseParser

LINES = st.sampled_from(
    [
        *("data: größe 四 🎈", "data:no space", "data:  two spaces", "data", "data: [DONE]", ""),
        *(
            "event: named",
            "event:",
            ": a comment",
            "id: 7",
            "retry: 10",
            "nonsense",
            "\ufeffdata: x",
        ),
    ]
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r"]))).map(
    lambda lines: "".join(line + end for line, end in lines).encode()
)


def parsed(*chunks: bytes) -> list[SentEvent]:
    parser = SseParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


@given(STREAMS, st.data())
def test_how_a_stream_is_cut_into_chunks_never_shows(stream: bytes, data: st.DataObject):
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)))))
    edges = [0, *cuts, len(stream)]
    chunks = [stream[start:end] for start, end in pairwise(edges)]
    assert parsed(*chunks) == parsed(stream)


@given(STREAMS)
def test_bytes_may_come_one_by_one(stream: bytes):
    assert parsed(*(bytes([byte]) for byte in stream)) == parsed(stream)


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_without_a_fault(noise: bytes):
    for event in parsed(noise):
        assert isinstance(event.data, str)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_each_kind_of_line_end_ends_a_line(end: str):
    lines = ["event: a", "data: 1", "data: 2", "", "data: 3", "", ""]
    assert parsed(end.join(lines).encode()) == [SentEvent("a", "1\n2"), SentEvent("message", "3")]


def test_comments_other_fields_and_events_without_data_are_passed_over():
    assert parsed(b": hi\n\nevent: ping\n\nid: 4\ndata: x\n\n") == [SentEvent("message", "x")]


def test_a_byte_order_mark_at_the_start_is_passed_over():
    assert parsed(b"\xef\xbb\xbfdata: x\n\n") == [SentEvent("message", "x")]


def test_an_event_that_no_blank_line_closes_is_never_given():
    assert parsed(b"data: x\n") == []


def test_bytes_that_are_no_text_become_the_replacement_character():
    assert parsed(b"data: \xff\n\n") == [SentEvent("message", "\ufffd")]


def test_a_line_without_end_is_refused_at_the_limit():
    with pytest.raises(ProviderUnavailable, match="line"):
        parsed(*[b"x" * 1024] * (LINE_BYTES_MAX // 1024 + 1))


def test_an_event_without_end_is_refused_at_the_limit():
    line = b"data: " + b"x" * 1024 + b"\n"
    with pytest.raises(ProviderUnavailable, match="event"):
        parsed(*[line] * (EVENT_BYTES_MAX // 1024 + 1))
