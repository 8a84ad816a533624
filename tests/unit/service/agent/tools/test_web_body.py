import gzip
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.agent.tools import ToolError
from service.agent.tools.web_body import BODY_BYTES_MAX, Body, read_body


async def pieces(content: bytes, size_bytes: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size_bytes):
        yield content[start : start + size_bytes]


@settings(deadline=None)  # how busy the machine is, is no fault
@given(st.binary(max_size=500), st.integers(1, 50))
async def test_however_it_arrives_the_body_is_the_same(content: bytes, size_bytes: int):
    assert await read_body(pieces(content, size_bytes), "") == Body(content)
    assert await read_body(pieces(gzip.compress(content), size_bytes), "GZIP") == Body(content)


@pytest.mark.parametrize("beyond", [0, 1, 100_000])
async def test_a_body_is_cut_only_beyond_the_limit(beyond: int):
    content = b"x" * (BODY_BYTES_MAX + beyond)
    expected = Body(content[:BODY_BYTES_MAX], cut=beyond > 0)
    assert await read_body(pieces(content, 65536), "identity") == expected
    assert await read_body(pieces(gzip.compress(content), 100), "gzip") == expected


async def test_what_can_not_be_unpacked_is_refused():
    with pytest.raises(ToolError, match="packed as br, not gzip"):
        await read_body(pieces(b"x", 1), "br")
    with pytest.raises(ToolError, match="damaged"):
        await read_body(pieces(b"no gzip at all", 4), "gzip")
