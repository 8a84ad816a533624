"""A web server's body, bounded however it's packed and however long it goes on."""

import zlib
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass
from typing import Final

from service.agent.tools.observation import ToolError

BODY_BYTES_MAX: Final = 1024 * 1024
"""Of a body as it's sent and as it's unpacked, whichever is reached first."""

_Unpack = Callable[[bytes, int], bytes]


@dataclass(frozen=True, slots=True)
class Body:
    """A body, unpacked."""

    content: bytes = b""
    cut: bool = False
    """Whether there was more than `BODY_BYTES_MAX`."""


async def read_body(chunks: AsyncIterable[bytes], encoding: str) -> Body:
    """The body that *chunks* make up, unpacked from *encoding*; reads no further than the limit.

    `ToolError` for what is packed in another way than gzip, or damaged.
    """
    unpack = _unpacker(encoding)
    content = bytearray()
    received_bytes = 0
    async for chunk in chunks:
        received_bytes += len(chunk)
        # One byte of room beyond the limit tells a body that ends there from a longer one.
        content += unpack(chunk, BODY_BYTES_MAX + 1 - len(content))
        if max(received_bytes, len(content)) > BODY_BYTES_MAX:
            return Body(bytes(content[:BODY_BYTES_MAX]), cut=True)
    return Body(bytes(content))


def _unpacker(encoding: str) -> _Unpack:
    match encoding.strip().lower():
        case "" | "identity":
            return lambda chunk, room_bytes: chunk[:room_bytes]
        case "gzip" | "x-gzip":
            return _gunzip()
        case other:
            raise ToolError("permanent", f"the answer is packed as {other[:40]}, not gzip")


def _gunzip() -> _Unpack:
    """Unpacks chunk by chunk, and never more than it's given room for."""
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def unpack(chunk: bytes, room_bytes: int) -> bytes:
        try:
            return stream.decompress(chunk, room_bytes)
        except zlib.error as error:
            raise ToolError("transient", f"the answer is damaged: {error}") from error

    return unpack
