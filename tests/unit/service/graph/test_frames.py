"""What goes through a worker's pipe comes out as it went in, however it is cut."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Broken
from service.graph.worker.frames import FRAME_BYTES_MAX, FrameReader, framed, packed, unpacked

texts = st.text(st.characters(exclude_categories=[]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_any_value_that_json_knows_survives(value: Any):
    assert unpacked(packed(value), Any) == value


@given(st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=40))), st.integers(1, 60))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    frames: list[tuple[bytes, bytes]], size: int
):
    sent = b"".join(framed(*frame) for frame in frames)

    async def received() -> list[tuple[bytes, bytes]]:
        pipe = asyncio.StreamReader()
        reader = FrameReader(pipe)
        found = []
        for start in range(0, len(sent), size):
            pipe.feed_data(sent[start : start + size])
            found += await _ready(reader)
        pipe.feed_eof()
        assert await reader.read() is None
        return found

    assert asyncio.run(received()) == frames


async def _ready(reader: FrameReader) -> list[tuple[bytes, bytes]]:
    """The frames that are whole by now: whoever waits for more is cancelled."""
    found: list[tuple[bytes, bytes]] = []
    while True:
        reading = asyncio.ensure_future(reader.read())
        for _ in range(3):
            await asyncio.sleep(0)
        if not reading.done():
            reading.cancel()
            await asyncio.wait({reading})
            return found
        frame = reading.result()
        assert frame is not None
        found.append(frame)


async def test_a_pipe_that_closes_within_a_frame_has_ended():
    pipe = asyncio.StreamReader()
    pipe.feed_data(framed(b"head", b"rest")[:-1])
    pipe.feed_eof()
    assert await FrameReader(pipe).read() is None


async def test_a_frame_beyond_the_limit_is_not_read():
    pipe = asyncio.StreamReader()
    pipe.feed_data((FRAME_BYTES_MAX + 1).to_bytes(4, "big"))
    with pytest.raises(Broken, match="more than"):
        await FrameReader(pipe).read()
